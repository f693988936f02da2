"""MLflow's REST API, played by a small HTTP server in the process."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sentiment_operator.facts.observed import RegistryAnswer, RegistryAway
from sentiment_operator.registry.answers import RunningTraining
from sentiment_operator.registry.client import EXPERIMENT_SECONDS, Registry
from sentiment_operator.registry.restraint import REST_SECONDS, RegistryError
from tests.support.builders import tried
from tests.support.clock import Clock

Json = dict[str, Any]


class MLflow:
    """Answers by call, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, Json]]] = {}
        self.asked: list[tuple[str, Json]] = []

    def says(self, call: str, *answers: Json, status: int = 200) -> None:
        self.answers[call] = [(status, answer) for answer in answers]

    async def handle(self, request: web.Request) -> web.Response:
        call = request.path.removeprefix("/api/2.0/mlflow/")
        body = await request.json() if request.can_read_body else dict(request.query)
        self.asked.append((f"{request.method} {call}", body))
        answers = self.answers.get(call, [(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})])
        status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return web.Response(status=status, text=json.dumps(answer), content_type="application/json")


def play(mlflow: MLflow, story: Callable[[Registry, str, Clock], Awaitable[None]]) -> None:
    async def run() -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", mlflow.handle)
        clock = Clock()
        async with TestServer(application) as server, aiohttp.ClientSession() as session:
            await story(Registry(session, clock), str(server.make_url("")).rstrip("/"), clock)

    asyncio.run(run())


@pytest.fixture
def mlflow() -> MLflow:
    return MLflow()


def version(number: str, **tags: str) -> Json:
    return {
        "name": "m",
        "version": number,
        "run_id": f"run{number}",
        "status": "READY",
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }


def test_versions_come_with_their_labels_and_lineage(mlflow: MLflow) -> None:
    tags = {
        "rottenpotatoes.com/label/1": "hash1",
        "rottenpotatoes.com/label/gold": "hash1",
        "fingerprint": "f",
        "artifact_digest": "d",
        "git_commit": "c",
        "git_author": "dana@example.org",
        "metrics": '{"accuracy":"0.9"}',
    }
    mlflow.says("model-versions/search", {"model_versions": [version("3", **tags)]})

    async def story(registry: Registry, url: str, _: Clock) -> None:
        answer = await registry.versions(url, "m")
        assert isinstance(answer, RegistryAnswer)
        (found,) = answer.versions
        assert dict(found.labels) == {"1": "hash1", "gold": "hash1"}
        assert (found.number, found.run_id, found.fingerprint, found.artifact_digest) == ("3", "run3", "f", "d")
        assert (found.git_commit, found.git_author) == ("c", "dana@example.org")
        assert dict(found.metrics) == {"accuracy": "0.9"}

    play(mlflow, story)


def test_versions_of_all_pages_come_the_oldest_first_without_those_that_are_not_ready(mlflow: MLflow) -> None:
    pending = version("11") | {"status": "PENDING_REGISTRATION"}
    mlflow.says(
        "model-versions/search",
        {"model_versions": [version("10"), pending], "next_page_token": "t"},
        {"model_versions": [version("2")]},
    )

    async def story(registry: Registry, url: str, _: Clock) -> None:
        answer = await registry.versions(url, "m")
        assert isinstance(answer, RegistryAnswer)
        assert [found.number for found in answer.versions] == ["2", "10"]

    play(mlflow, story)
    assert [asked[1].get("page_token") for asked in mlflow.asked] == [None, "t"]


def test_a_registered_model_that_does_not_exist_has_no_versions(mlflow: MLflow) -> None:
    mlflow.says("model-versions/search", {})

    async def story(registry: Registry, url: str, _: Clock) -> None:
        assert await registry.versions(url, "m") == RegistryAnswer(())
        assert await registry.aliases(url, "m") == {}

    play(mlflow, story)


def test_metrics_that_somebody_spoiled_do_not_hide_a_version(mlflow: MLflow) -> None:
    mlflow.says("model-versions/search", {"model_versions": [version("1", metrics="not json")]})

    async def story(registry: Registry, url: str, _: Clock) -> None:
        answer = await registry.versions(url, "m")
        assert isinstance(answer, RegistryAnswer)
        assert dict(answer.versions[0].metrics) == {}

    play(mlflow, story)


def test_a_server_that_failed_is_left_alone_for_a_few_seconds(mlflow: MLflow) -> None:
    mlflow.says("model-versions/search", {}, status=503)

    async def story(registry: Registry, url: str, clock: Clock) -> None:
        first, second = await registry.versions(url, "m"), await registry.versions(url, "m")
        assert isinstance(first, RegistryAway)
        assert first == second
        assert url in first.message
        assert len(mlflow.asked) == 1
        mlflow.says("model-versions/search", {})
        clock.now += REST_SECONDS + 0.1
        assert await registry.versions(url, "m") == RegistryAnswer(())

    play(mlflow, story)


def test_one_server_that_is_away_does_not_hinder_another(mlflow: MLflow) -> None:
    mlflow.says("model-versions/search", {})

    async def story(registry: Registry, url: str, _: Clock) -> None:
        assert isinstance(await registry.versions("http://127.0.0.1:9", "m"), RegistryAway)
        assert await registry.versions(url, "m") == RegistryAnswer(())

    play(mlflow, story)


def test_what_a_search_came_to_is_read_and_a_spoiled_tag_hides_no_version(mlflow: MLflow) -> None:
    wire = tried(4, "0.89").model_dump_json(by_alias=True, exclude_none=True)
    known = [version("1", search_result=wire), version("2", search_result='{"trials": "many"}'), version("3")]
    mlflow.says("model-versions/search", {"model_versions": known})

    async def story(registry: Registry, url: str, _: Clock) -> None:
        answer = await registry.versions(url, "m")
        assert isinstance(answer, RegistryAnswer)
        assert [one.search for one in answer.versions] == [tried(4, "0.89"), None, None]

    play(mlflow, story)


def test_a_request_that_is_declined_does_not_count_as_an_outage(mlflow: MLflow) -> None:
    mlflow.says("registered-models/alias", {"error_code": "INVALID_PARAMETER_VALUE"}, status=400)
    mlflow.says("model-versions/search", {})

    async def story(registry: Registry, url: str, _: Clock) -> None:
        with pytest.raises(RegistryError):
            await registry.set_alias(url, "m", "champion", "1")
        assert await registry.versions(url, "m") == RegistryAnswer(())

    play(mlflow, story)


def test_an_answer_that_is_no_json_is_an_outage_and_no_traceback(mlflow: MLflow) -> None:
    async def story(registry: Registry, url: str, _: Clock) -> None:
        assert isinstance(await registry.versions(url, "m"), RegistryAway)

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>a proxy</html>")

    mlflow.handle = page  # type: ignore[method-assign]
    play(mlflow, story)


def test_silence_is_called_so(mlflow: MLflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment_operator.registry.client.TIMEOUT", aiohttp.ClientTimeout(total=0.05))

    async def story(registry: Registry, url: str, _: Clock) -> None:
        away = await registry.versions(url, "m")
        assert isinstance(away, RegistryAway)
        assert away.message.endswith(": no answer in time")

    async def silence(_: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    mlflow.handle = silence  # type: ignore[method-assign]
    play(mlflow, story)


def test_aliases_are_read_in_one_question_and_set_or_removed(mlflow: MLflow) -> None:
    mlflow.says("registered-models/get", {"registered_model": {"aliases": [{"alias": "champion", "version": "2"}]}})
    mlflow.says("registered-models/alias", {})

    async def story(registry: Registry, url: str, _: Clock) -> None:
        assert await registry.aliases(url, "m") == {"champion": "2"}
        await registry.set_alias(url, "m", "champion", "3")
        await registry.set_alias(url, "m", "challenger", "")

    play(mlflow, story)
    assert mlflow.asked[1:] == [
        ("POST registered-models/alias", {"name": "m", "alias": "champion", "version": "3"}),
        ("DELETE registered-models/alias", {"name": "m", "alias": "challenger"}),
    ]


def test_progress_of_all_running_trainings_comes_in_one_question(mlflow: MLflow) -> None:
    tags = [{"key": "cr_uid", "value": "u1"}, {"key": "recipe_hash", "value": "h"}]
    mlflow.says(
        "experiments/get-by-name", {"experiment": {"experiment_id": "7"}}, {"experiment": {"experiment_id": "8"}}
    )
    mlflow.says(
        "runs/search", {"runs": [{"data": {"tags": tags, "metrics": [{"key": "progress_percent", "value": 42.0}]}}]}
    )

    async def story(registry: Registry, url: str, _: Clock) -> None:
        for _round in range(2):
            assert await registry.running(url, ["a", "b"]) == [RunningTraining("u1", "h", 42)]

    play(mlflow, story)
    assert [call for call, _ in mlflow.asked].count("GET experiments/get-by-name") == 2
    assert mlflow.asked[2][1]["experiment_ids"] == ["7", "8"]


def test_the_progress_of_an_experiment_that_was_made_anew_is_found(mlflow: MLflow) -> None:
    mlflow.says("runs/search", {"runs": []})

    async def story(registry: Registry, url: str, clock: Clock) -> None:
        for experiment in ("7", "8"):
            mlflow.says("experiments/get-by-name", {"experiment": {"experiment_id": experiment}})
            await registry.running(url, ["a"])
            assert mlflow.asked[-1][1]["experiment_ids"] == [experiment]
            clock.now += EXPERIMENT_SECONDS

    play(mlflow, story)


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize(
    "body",
    [
        "<html>top secret</html>",
        '{"password": "top secret"}',
        '"top secret"',
        '{"error_code": 5, "message": "top secret"}',
    ],
    ids=["a page", "an object", "a text", "an object with half the form"],
)
def test_what_is_not_mlflow_is_not_quoted(mlflow: MLflow, status: int, body: str) -> None:
    """Who may write models alone could else read with the operator's eyes whatever it reaches."""

    async def story(registry: Registry, url: str, _: Clock) -> None:
        away = await registry.versions(url, "m")
        assert isinstance(away, RegistryAway)
        assert "top secret" not in away.message
        assert away.message.endswith(f": HTTP {status}, and it does not look like MLflow")

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    mlflow.handle = answer  # type: ignore[method-assign]
    play(mlflow, story)


@pytest.mark.parametrize("status", [400, 500])
def test_an_error_of_mlflow_is_quoted(mlflow: MLflow, status: int) -> None:
    mlflow.says("model-versions/search", {"error_code": "INTERNAL_ERROR", "message": "the disk is full"}, status=status)

    async def story(registry: Registry, url: str, _: Clock) -> None:
        away = await registry.versions(url, "m")
        assert isinstance(away, RegistryAway)
        assert away.message.endswith(f": HTTP {status} INTERNAL_ERROR: the disk is full")

    play(mlflow, story)


@pytest.mark.parametrize(
    "answer",
    [
        b"top secret\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntop secret\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ntop secret\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ftp://top%20secret/\r\n\r\n",
    ],
    ids=["another protocol", "a header that is none", "a body that is none", "a way to elsewhere"],
)
def test_what_is_hardly_http_is_not_quoted_either(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, aiohttp.ClientSession() as session:
            port = server.sockets[0].getsockname()[1]
            away = await Registry(session).versions(f"http://127.0.0.1:{port}", "m")
            assert isinstance(away, RegistryAway)
            assert "secret" not in away.message
            assert "it does not look like MLflow" in away.message

    asyncio.run(run())
