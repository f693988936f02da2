"""Each repository is asked once for all its models, at intervals, and at once where somebody needs it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.facts.observed import Head, Manifest
from sentiment_operator.git.git_server import Refs
from sentiment_operator.git.heads import Heads, repository, spread
from sentiment_operator.kinds import MODEL
from sentiment_operator.reading.extract import registry_of
from sentiment_operator.reading.pinning import Question, question_of
from tests.support.builders import SETTINGS, spec

URL = "https://git.example.com/film/reviews.git"


def a_model(name: str, url: str = URL) -> Manifest:
    metadata = {"namespace": "reviews", "name": name, "uid": name, "resourceVersion": "1"}
    source = {"repoURL": url, "revision": "main", "path": "train.csv"}
    return {"kind": MODEL.name, "metadata": metadata, "spec": {"data": {"dvc": source}}}


def question(url: str = URL, **source: Any) -> Question:
    dvc = {"repoURL": url, "revision": "main", "path": "train.csv"} | source
    asked = question_of(spec(None).model_copy(update={"data": type(spec().data).model_validate({"dvc": dvc})}))
    assert asked is not None
    return asked


class Forge:
    """Git servers that count."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refs = Refs(commits={"refs/heads/main": "a" * 40})

    async def ask(self, url: str) -> Refs:
        self.asked.append(url)
        return self.refs


def looking(*bodies: Manifest, seconds: float = 3600) -> tuple[Heads, Forge, list[Key]]:
    store = Store(lambda body: registry_of(body, SETTINGS.tracking_url))
    for body in bodies:
        store.put(MODEL, body)
    forge, woken = Forge(), list[Key]()
    return Heads(store, forge.ask, seconds, woken.append, chance=lambda: 0.5), forge, woken


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110  nothing tells when
            await asyncio.sleep(0)


async def test_models_of_one_repository_cost_one_question_and_all_are_woken() -> None:
    heads, forge, woken = looking(a_model("a"), a_model("b"), a_model("c", "https://elsewhere.example.com/r"))
    assert heads.head(question()) is None
    task = asyncio.create_task(heads.run())
    await until(lambda: bool(forge.asked))
    await until(lambda: heads.head(question()) is not None)
    assert (heads.head(question()), forge.asked) == (Head(commit="a" * 40), [URL])
    assert woken == [Key("reviews", "a"), Key("reviews", "b")]
    task.cancel()


async def test_it_is_asked_again_after_the_interval_and_wakes_only_where_something_moved() -> None:
    heads, forge, woken = looking(a_model("a"), seconds=0.001)
    heads.head(question())
    task = asyncio.create_task(heads.run())
    await until(lambda: len(forge.asked) >= 3)
    assert len(woken) == 1
    forge.refs = Refs(commits={"refs/heads/main": "b" * 40})
    await until(lambda: heads.head(question()) == Head(commit="b" * 40))
    assert len(woken) == 2
    task.cancel()


def test_no_two_operators_ask_in_step() -> None:
    assert [spread(60, chance) for chance in (0, 0.5, 1)] == pytest.approx([48, 60, 72])


async def test_a_repository_that_nobody_follows_any_more_is_left_alone() -> None:
    heads, forge, _ = looking(a_model("a"), seconds=0.001)
    heads.head(question())
    task = asyncio.create_task(heads.run())
    await until(lambda: len(forge.asked) >= 2)
    heads.store.remove(MODEL, a_model("a"))
    await until(lambda: heads.head(question()) is None)
    task.cancel()


@pytest.mark.parametrize(
    "source",
    [
        {"url": "https://git.example.com/r", "credentialsSecretRef": {"name": "git"}},
        {"url": "file:///data/r", "volumeClaimName": "reviews"},
        {"revision": "0123456789"},
    ],
    ids=["credentials", "a volume", "a shortened commit"],
)
async def test_the_operator_asks_no_server_that_needs_more_than_an_address(source: dict[str, Any]) -> None:
    heads, forge, _ = looking()
    assert heads.head(question(**source)) is None
    await heads._round()
    assert forge.asked == []


async def test_a_webhook_has_its_repository_asked_at_once_under_any_of_its_addresses() -> None:
    heads, forge, woken = looking(a_model("a"), a_model("b", "https://elsewhere.example.com/r"))
    heads.head(question())
    task = asyncio.create_task(heads.run())
    await until(lambda: len(forge.asked) == 1 and heads.head(question()) is not None)
    woken.clear()
    assert heads.told_at(question()) is None
    assert heads.tell({"git@git.example.com:film/reviews.git"}) == 1
    await until(lambda: len(forge.asked) == 2)
    assert (woken, heads.told_at(question()) is not None) == ([Key("reviews", "a")], True)
    assert heads.tell({"https://git.example.com/film/other"}) == 0
    task.cancel()


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://git.example.com/film/reviews",
        "https://robot@Git.example.com/film/reviews.git/",
        "ssh://git@git.example.com:2222/film/reviews.git",
        "git@git.example.com:film/reviews.git",
        "http://git.example.com:3000/film/reviews",
    ],
)
def test_one_repository_has_many_addresses(url: str) -> None:
    assert repository(url) == "git.example.com/film/reviews"
