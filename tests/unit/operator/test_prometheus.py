"""What serving pods count, asked of a Prometheus: the same figures as from the pods themselves, or none at all."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from sentiment_operator.facts.observed import Answered
from sentiment_operator.probing import prometheus
from sentiment_operator.probing.pod_metrics import answered, of_versions
from tests.support.ports import free_port
from tests.unit.operator.test_pod_metrics import PREDICT, exposition, named

OLD = exposition((PREDICT, 200, 0.002), (PREDICT, 500, 0.2))
NEW = exposition((PREDICT, 200, 0.03))
PODS = [named(name, version) for name, version in (("imdb-a", "1"), ("imdb-b", "1"), ("imdb.c", "2"))]
Handler = Callable[[web.Request], Awaitable[web.Response]]


def series(pod: str, text: str) -> list[dict[str, Any]]:
    """What Prometheus holds of a pod that shows this text."""
    return [
        {
            "metric": {"__name__": sample.name, "namespace": "shop", "pod": pod, **sample.labels},
            "value": [1767225600.781, str(sample.value)],
        }
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in prometheus.NAMES
    ]


@asynccontextmanager
async def server(answer: Handler) -> AsyncGenerator[str, None]:
    app = web.Application()
    app.router.add_post("/api/v1/query", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def asked(answer: Handler) -> dict[str, Answered] | None:
    async with server(answer) as url, aiohttp.ClientSession() as session:
        return await prometheus.by_version(session, f"{url}/", "shop", PODS)


def says(body: Any) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body)

    return answer


def vector(*found: dict[str, Any]) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "vector", "result": list(found)}}


async def test_the_figures_are_those_that_the_pods_show() -> None:
    held = [*series("imdb-a", OLD), *series("imdb-b", NEW), *series("imdb.c", NEW)]
    parts = {"imdb-a": answered(OLD), "imdb-b": answered(NEW), "imdb.c": answered(NEW)}
    assert await asked(says(vector(*held))) == of_versions(PODS, parts)


async def test_a_pod_that_was_not_scraped_yet_is_named() -> None:
    found = await asked(says(vector(*series("imdb-a", OLD), *series("imdb-b", OLD))))
    assert found is not None
    assert (found["1"].silent, found["2"]) == ((), Answered(silent=("imdb.c",)))


async def test_it_is_asked_for_these_pods_of_this_namespace_alone() -> None:
    questions: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        questions.append(str((await request.post())["query"]))
        return web.json_response(vector(*series("imdb-a", OLD)))

    assert await asked(answer) is not None
    (question,) = questions
    assert 'namespace="shop",pod=~"imdb-a|imdb-b|imdb[.]c"' in question
    assert all(name in question for name in prometheus.NAMES)


WRONG = {
    "an error": {"status": "error", "errorType": "bad_data", "error": "parse error"},
    "another kind of answer": {"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}},
    "no answer of Prometheus": ["hello"],
    "no figures of any of the pods": vector(),
    "a pod that nobody asked for": vector(*series("other", OLD)),
    "a figure that is none": vector({"metric": {**series("imdb-a", OLD)[0]["metric"]}, "value": [1.0, "many"]}),
    "a counter that is infinite": vector(
        *series("imdb-a", OLD), {"metric": {**series("imdb-a", OLD)[0]["metric"]}, "value": [1.0, "+Inf"]}
    ),
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
async def test_what_is_not_understood_gives_no_figures_and_is_told(body: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert await asked(says(body)) is None
    (line,) = [record.getMessage() for record in caplog.records if record.name == prometheus.__name__]
    assert "Next: look at analysis.prometheusURL" in line
    assert len(line) < 400


async def test_a_refusal_is_repeated() -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401, text="who are you?")

    assert await asked(refuse) is None


async def test_an_absent_one_gives_no_figures() -> None:
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{free_port()}"
        assert await prometheus.by_version(session, url, "shop", PODS) is None
        assert await prometheus.by_version(session, url, "shop", []) == {}
