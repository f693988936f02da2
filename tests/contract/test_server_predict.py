"""What the server answers when it is asked properly."""

import json
from contextlib import ExitStack
from http.client import HTTPConnection

import pytest

_TEXTS = ["a wonderful film", "an awful, boring film", "not good", "", "zzz", "İ ΣΑΣ \x00 great 映画 \U0001f600"]


def test_a_review_gets_its_sentiment_probability_and_version(server, compiled) -> None:
    reply = server.post("/predict", {"text": "a wonderful film"})
    assert reply.status == 200
    assert reply.json() == {
        "sentiment": "positive", "probability": compiled.score("a wonderful film").probability_positive, "version": "2",
    }  # fmt: skip
    assert reply.headers["x-model-version"] == "2"
    assert reply.headers["x-model-digest"] == compiled.digest


@pytest.mark.parametrize("text", [*_TEXTS, "good " * 20_000])
def test_the_probability_is_that_of_the_named_sentiment_to_the_last_bit(server, compiled, text: str) -> None:
    reply, score = server.post("/predict", {"text": text}).json(), compiled.score(text)
    expected = score.probability_positive if score.positive else score.probability_negative
    assert (reply["sentiment"], reply["probability"]) == (score.sentiment, expected)


def test_a_batch_is_answered_in_order_and_as_its_texts_alone(server) -> None:
    reply = server.post("/predict/batch", {"texts": _TEXTS})
    alone = [server.post("/predict", {"text": text}).json() for text in _TEXTS]
    assert reply.json() == {
        "predictions": [{"sentiment": one["sentiment"], "probability": one["probability"]} for one in alone],
        "version": "2",
    }


@pytest.mark.parametrize("count", [1, 256])
def test_batches_of_the_allowed_sizes_are_answered(server, count: int) -> None:
    assert len(server.post("/predict/batch", {"texts": ["good film"] * count}).json()["predictions"]) == count


def test_a_text_of_the_greatest_length_is_answered(server) -> None:
    assert server.post("/predict", {"text": "\U0001f600" * 99_995 + " good"}).json()["sentiment"] == "positive"


def test_a_content_type_with_a_charset_is_taken(server) -> None:
    reply = server.request("POST", "/predict", b'{"text": "good"}', {"Content-Type": "application/json; charset=utf-8"})
    assert reply.status == 200


def test_chunked_bodies_are_taken(server) -> None:
    body = b'{"text": "good"}'
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert server.raw(head + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n").status == 200


def test_pipelined_requests_are_answered_in_order(server) -> None:
    def wire(text: str) -> bytes:
        body = json.dumps({"text": text}).encode()
        return (
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )

    with server.connect() as connection:
        connection.sendall(wire("good") + wire("awful") + wire("great"))
        received = b""
        while received.count(b'"version"') < 3:
            received += connection.recv(65_536)
    order = [part.split(b'"')[1] for part in received.split(b'"sentiment":')[1:]]
    assert order == [b"positive", b"negative", b"positive"]


def test_all_who_ask_at_once_get_their_own_answer_and_are_counted_and_logged(server, compiled) -> None:
    texts = [word + " film" * times for times in range(10) for word in ("good", "bad", "great \u6620\u753b", "")]

    def counted() -> tuple[float, float]:
        asked = {"route": "/predict", "method": "POST", "status": "200"}
        seen = server.figure("sentiment_request_seconds_count", route="/predict")
        return server.figure("sentiment_requests_total", **asked), seen

    def logged() -> int:
        return sum(line.get("labels.route") == "/predict" for line in server.log())

    server.post("/predict", {"text": ""})
    (before, seen), lines = counted(), logged()
    with ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in texts]
        for connection, text in zip(connections, texts, strict=True):
            body = json.dumps({"text": text}).encode()
            connection.sendall(
                b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )
        replies = [server.read(connection) for connection in connections]
    for reply, text in zip(replies, texts, strict=True):
        score = compiled.score(text)
        assert reply.json() == {"sentiment": score.sentiment, "probability": score.probability, "version": "2"}
    assert counted() == (before + len(texts), seen + len(texts))
    server.wait_for(lambda _: logged() == lines + len(texts))


def _infer(server, data: list[str], shape: list[int], path: str = "/v2/models/imdb/infer", **more: object):
    return server.post(path, {"inputs": [{"name": "text", "shape": shape, "datatype": "BYTES", "data": data}], **more})


@pytest.mark.parametrize("path", ["/v2/models/imdb/infer", "/v2/models/imdb/versions/2/infer"])
@pytest.mark.parametrize("shape", [[2], [2, 1]])
def test_inference_answers_in_the_shape_of_the_input(server, compiled, path: str, shape: list[int]) -> None:
    texts = ["good film", "awful"]
    reply = _infer(server, texts, shape, path, id="42")
    assert reply.json() == {
        "model_name": "imdb",
        "model_version": "2",
        "id": "42",
        "outputs": [
            {
                "name": "label",
                "shape": shape,
                "datatype": "BYTES",
                "data": ["positive", "negative"],
                "parameters": {"content_type": "str"},
            },
            {
                "name": "probability",
                "shape": shape,
                "datatype": "FP64",
                "data": [compiled.score(text).probability for text in texts],
            },
        ],
    }


def test_inference_sends_only_the_outputs_that_are_asked_for(server) -> None:
    reply = _infer(server, ["good"], [1], outputs=[{"name": "probability", "parameters": {"binary_data": False}}])
    assert [output["name"] for output in reply.json()["outputs"]] == ["probability"]


def test_inference_takes_fields_that_it_has_no_use_for(server) -> None:
    assert _infer(server, ["good"], [1], model_name="imdb", parameters={"priority": 1}, headers=None).status == 200


def test_inference_takes_the_binary_extension(server) -> None:
    head = json.dumps(
        {"inputs": [{"name": "t", "shape": [2, 1], "datatype": "BYTES", "parameters": {"binary_data_size": 22}}]}
    ).encode()
    texts = b"".join(len(text).to_bytes(4, "little") + text for text in (b"good film", b"awful"))
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    reply = server.request("POST", "/v2/models/imdb/infer", head + texts, headers)
    assert reply.json()["outputs"][0]["data"] == ["positive", "negative"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2", {"name": "sentiment-server", "version": "0.1.0", "extensions": []}),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models/imdb/ready", {"name": "imdb", "ready": True}),
        ("/v2/models/imdb/versions/2/ready", {"name": "imdb", "ready": True}),
        ("/healthz", {"alive": True}),
    ],
)
def test_probes_say_what_the_protocols_want(server, path: str, expected: object) -> None:
    reply = server.get(path)
    assert (reply.status, reply.json()) == (200, expected)


@pytest.mark.parametrize("path", ["/v2/models/imdb", "/v2/models/imdb/versions/2"])
def test_the_model_describes_itself(server, path: str) -> None:
    metadata = server.get(path).json()
    assert (metadata["name"], metadata["versions"]) == ("imdb", ["2"])
    assert [(t["name"], t["datatype"]) for t in metadata["inputs"]] == [("text", "BYTES")]
    assert [(t["name"], t["datatype"]) for t in metadata["outputs"]] == [("label", "BYTES"), ("probability", "FP64")]


def test_readiness_names_the_model_and_the_reason(server, compiled) -> None:
    readiness = server.get("/readyz").json()
    assert readiness.pop("message")
    assert readiness == {"ready": True, "reason": "Ready", "model": "imdb", "version": "2", "digest": compiled.digest}


def test_the_version_tells_the_lineage(start_server, compiled) -> None:
    server = start_server(SENTIMENT_LINEAGE='{"gitCommit": "abc", "dataHash": "def"}')
    version = server.get("/version").json()
    assert version["lineage"] == {"gitCommit": "abc", "dataHash": "def"}
    assert (version["digest"], version["family"], version["same_unicode"]) == (compiled.digest, "linear", True)
    assert version["engine"] == compiled.engine


def test_the_documents_load_nothing_from_elsewhere(server) -> None:
    page = server.get("/docs").body.decode()
    sources = [part.split('"')[0] for mark in ('src="', 'href="') for part in page.split(mark)[1:]]
    assert sources
    for source in sources:
        path = source.removeprefix(f"http://127.0.0.1:{server.port}")
        assert path.startswith("/"), source
        assert server.get(path).status == 200
    assert server.get("/").status == 307


def test_the_description_lists_every_route_and_its_problems(server) -> None:
    paths = server.get("/openapi.json").json()["paths"]
    assert {"/predict", "/predict/batch", "/v2/models/{model}/infer", "/version", "/readyz", "/healthz"} <= paths.keys()
    assert {"200", "400", "413", "415", "422", "503"} <= paths["/predict"]["post"]["responses"].keys()
    assert "application/problem+json" in paths["/predict"]["post"]["responses"]["422"]["content"]


def test_figures_stand_on_a_port_of_their_own(server, compiled) -> None:
    server.post("/predict", {"text": "good"})
    connection = HTTPConnection("127.0.0.1", server.metrics_port, timeout=10)
    connection.request("GET", "/metrics")
    figures = connection.getresponse().read().decode()
    connection.close()
    assert 'sentiment_model_info{model="imdb",version="2"} 1.0' in figures
    assert "sentiment_ready 1.0" in figures
    assert f"sentiment_native_scorer {float(compiled.engine == 'native')}" in figures
    assert 'sentiment_requests_total{method="POST",route="/predict",status="200"}' in figures
    assert 'sentiment_predictions_total{sentiment="positive"}' in figures
    assert server.get("/metrics").status == 404


def test_a_prediction_leaves_one_line_without_the_text(server) -> None:
    server.post("/predict", {"text": "a wonderful secretword film"})
    line = server.wait_for(lambda s: next((x for x in reversed(s.log()) if x.get("event.action") == "predict"), None))
    assert line["sentiment"] == "positive"
    assert line["score"] > 0.5
    assert line["event.duration"] > 0
    assert (line["labels.model"], line["labels.version"], line["labels.route"]) == ("imdb", "2", "/predict")
    assert "secretword" not in server.log_file.read_text()


def test_the_text_is_logged_only_when_asked_for(start_server) -> None:
    server = start_server(SENTIMENT_LOG_TEXT="true")
    server.post("/predict", {"text": "a wonderful film"})
    line = server.wait_for(lambda s: next((x for x in s.log() if x.get("event.action") == "predict"), None))
    assert line["text"] == ["a wonderful film"]
