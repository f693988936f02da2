"""Whatever an MLflow answers comes to a value or a RegistryError: a model may name any server as its MLflow."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import example, given
from hypothesis import strategies as st

from sentiment_operator.facts.observed import RegistryAnswer, RegistryAway
from sentiment_operator.registry.answers import PAGE
from sentiment_operator.registry.client import MOST_BYTES, MOST_PAGES, Registry
from sentiment_operator.registry.restraint import RegistryError

Ask = Callable[[Registry], Awaitable[object]]
QUESTIONS: dict[str, Ask] = {
    "versions": lambda registry: registry.versions("http://mlflow", "m"),
    "aliases": lambda registry: registry.aliases("http://mlflow", "m"),
    "setting an alias": lambda registry: registry.set_alias("http://mlflow", "m", "champion", "1"),
    "removing an alias": lambda registry: registry.set_alias("http://mlflow", "m", "champion", ""),
    "tags": lambda registry: registry.tags("http://mlflow", "m", "1"),
    "setting a tag": lambda registry: registry.set_tag("http://mlflow", "m", "1", "tag", "value"),
    "progress": lambda registry: registry.running("http://mlflow", ["m"]),
}
EXPERIMENT = b'{"experiment": {"experiment_id": "7"}}'


class Saying(Registry):
    """Answers every call alike, but for the experiment, without which no progress is asked for."""

    said: bytes = b""
    knows_experiment = True

    async def _ask(self, tracking_url: str, method: str, call: str, *rest: Any) -> bytes:
        return EXPERIMENT if call == "experiments/get-by-name" and self.knows_experiment else self.said


def outcome(ask: Ask, said: bytes, *, knows_experiment: bool = True) -> object:
    """What came of it; a RegistryError is a way for it to end, any other exception is not."""
    unused: Any = None
    registry = Saying(unused)
    registry.said, registry.knows_experiment = said, knows_experiment

    async def asking() -> object:
        try:
            return await ask(registry)
        except RegistryError as error:
            return error

    return asyncio.run(asking())


READ = [
    "registered_model", "aliases", "alias", "version", "model_version", "model_versions", "tags", "key", "value",
    "run_id", "status", "next_page_token", "experiment", "experiment_id", "runs", "data", "metrics",
]  # fmt: skip
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["NaN", "Infinity", "READY", "1", "progress_percent", "metrics", "9" * 5000, "search_result"]),
)
anything = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(READ), st.text(max_size=4)), inner, max_size=4),
    ),
    max_leaves=12,
)


def lists_of(*keys: str) -> st.SearchStrategy[Any]:
    return st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(keys, leaves) | {keys[0]: anything}), max_size=3)


tagged = {"tags": lists_of("value", "key")}
nearly = st.fixed_dictionaries(
    {},
    optional={
        "registered_model": st.fixed_dictionaries({}, optional={"aliases": lists_of("version", "alias")}),
        "model_version": st.fixed_dictionaries({}, optional=tagged),
        "model_versions": st.lists(st.fixed_dictionaries({"version": leaves}, optional=tagged), max_size=2),
        "experiment": st.fixed_dictionaries({}, optional={"experiment_id": leaves}),
        "runs": st.lists(
            st.fixed_dictionaries(
                {},
                optional={"data": st.fixed_dictionaries({}, optional=tagged | {"metrics": lists_of("value", "key")})},
            ),
            max_size=2,
        ),
    },
)


@pytest.mark.parametrize("question", QUESTIONS)
@given(answer=st.one_of(anything, nearly), knows_experiment=st.booleans())
@example(answer={"runs": [{"data": None}]}, knows_experiment=True)
@example(answer={"runs": {"a": 1}}, knows_experiment=True)
@example(answer={"registered_model": None}, knows_experiment=True)
@example(answer={"model_versions": [{"version": "9" * 5000}]}, knows_experiment=True)
def test_any_json_comes_to_a_value_or_a_registry_error(question: str, answer: Any, knows_experiment: bool) -> None:
    outcome(QUESTIONS[question], json.dumps(answer).encode(), knows_experiment=knows_experiment)


@pytest.mark.parametrize("question", QUESTIONS)
@given(answer=st.binary(max_size=64))
@example(answer=b"[" * 100_000)
@example(answer=b'{"runs":' * 100_000)
@example(answer=b'{"experiment": {"experiment_id": "\\ud800"}}')
def test_so_do_any_bytes(question: str, answer: bytes) -> None:
    outcome(QUESTIONS[question], answer)


@pytest.mark.parametrize("value", ["NaN", "Infinity", float("nan"), 1e308, -3, "41.7"])
def test_a_percentage_is_one_whatever_the_metric_is(value: object) -> None:
    """MLflow itself writes NaN as a text."""
    answer = {"runs": [{"data": {"metrics": [{"key": "progress_percent", "value": value}]}}]}
    (training,) = outcome(QUESTIONS["progress"], json.dumps(answer).encode())  # type: ignore[misc]
    assert training.progress_percent == {1e308: 100, "41.7": 41}.get(value, 0)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("progress", {"runs": [{"data": "top secret"}]}),
        ("aliases", {"registered_model": {"aliases": [{"alias": "a", "version": "top secret"}]}}),
        ("tags", {"model_version": {"tags": ["top secret"]}}),
        ("versions", {"model_versions": {"top secret": 1}}),
    ],
)
def test_what_has_another_form_is_an_outage_that_quotes_nothing(question: str, answer: Any) -> None:
    found = outcome(QUESTIONS[question], json.dumps(answer).encode())
    assert isinstance(found, RegistryError | RegistryAway)
    assert "has not the form of MLflow's" in str(found)
    assert "secret" not in str(found)


# Over HTTP


def serve(respond: Callable[[web.Request], Awaitable[web.Response]], story: Callable[[Registry, str], Awaitable[None]]):
    async def run() -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", respond)
        async with TestServer(application) as server, aiohttp.ClientSession() as session:
            await story(Registry(session), str(server.make_url("")).rstrip("/"))

    asyncio.run(run())


def test_a_call_that_knows_nothing_of_what_is_asked_is_an_outage() -> None:
    async def absent(request: web.Request) -> web.Response:
        if request.path.endswith("get-by-name"):
            return web.Response(body=EXPERIMENT)
        return web.json_response({"error_code": "RESOURCE_DOES_NOT_EXIST"}, status=404)

    async def story(registry: Registry, url: str) -> None:
        assert isinstance(await registry.versions(url, "m"), RegistryAway)
        with pytest.raises(RegistryError, match="knows nothing"):
            await registry.running(url, ["m"])

    serve(absent, story)


def test_a_small_answer_that_becomes_a_large_one_is_not_read_to_its_end() -> None:
    sent = gzip.compress(b'{"model_versions":[],"x":"' + b"a" * (64 << 20) + b'"}')
    assert len(sent) < MOST_BYTES

    async def bomb(_: web.Request) -> web.Response:
        return web.Response(body=sent, headers={"Content-Encoding": "gzip"})

    async def story(registry: Registry, url: str) -> None:
        tracemalloc.start()
        away = await registry.versions(url, "m")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert isinstance(away, RegistryAway)
        assert away.message.endswith("its answer is longer than any that is expected")
        assert most < 16 << 20

    serve(bomb, story)


def test_pages_without_an_end_are_not_turned_for_ever() -> None:
    turned: list[str] = []

    async def another_page(request: web.Request) -> web.Response:
        turned.append(request.query.get("page_token", ""))
        return web.json_response({"model_versions": [], "next_page_token": "more"})

    async def story(registry: Registry, url: str) -> None:
        away = await registry.versions(url, "m")
        assert isinstance(away, RegistryAway)
        assert f"more than {MOST_PAGES * PAGE} versions" in away.message
        assert len(turned) == MOST_PAGES

    serve(another_page, story)


def test_many_pages_that_are_long_together_are_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"model_versions": [{"version": "1"}], "next_page_token": "more", "x": "a" * 1000}
    monkeypatch.setattr("sentiment_operator.registry.client.MOST_BYTES_OF_VERSIONS", 2500)
    turned: list[str] = []

    async def another_page(request: web.Request) -> web.Response:
        turned.append(request.query.get("page_token", ""))
        return web.json_response(page)

    async def story(registry: Registry, url: str) -> None:
        assert isinstance(await registry.versions(url, "m"), RegistryAway)
        assert len(turned) == 3

    serve(another_page, story)


def test_a_full_page_of_usual_versions_fits() -> None:
    tags = [{"key": f"rottenpotatoes.com/label/{number}", "value": "h" * 64} for number in range(50)]
    full = {"model_versions": [{"version": str(number), "tags": tags} for number in range(PAGE)]}

    async def page(_: web.Request) -> web.Response:
        return web.json_response(full)

    async def story(registry: Registry, url: str) -> None:
        answer = await registry.versions(url, "m")
        assert isinstance(answer, RegistryAnswer)
        assert len(answer.versions) == PAGE

    serve(page, story)
