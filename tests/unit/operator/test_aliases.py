"""The aliases in MLflow follow what serves: asked for when that changes, and now and then in case MLflow did."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sentiment_operator import children
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.deciding.plan import Record
from sentiment_operator.kinds import MODEL, REVISION
from sentiment_operator.names import owner_reference
from sentiment_operator.reading.extract import registry_of
from sentiment_operator.registry import aliases
from sentiment_operator.registry.aliases import Aliases
from sentiment_operator.registry.restraint import RegistryError
from tests.support.builders import SETTINGS, model, registered, spec

IMDB = Key("reviews", "imdb")
REGISTERED = "reviews.imdb"
OFTEN = 0.02


class MLflow:
    """The aliases of every registered model, and how often it was asked and told."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, str]] = {}
        self.tagged: dict[tuple[str, str], dict[str, str]] = {}
        self.asked, self.told, self.tags_told, self.away = 0, 0, 0, False

    async def aliases(self, tracking_url: str, model: str) -> dict[str, str]:
        self.asked += 1
        if self.away:
            raise RegistryError("away")
        return dict(self.held.get(model, {}))

    async def set_alias(self, tracking_url: str, model: str, alias: str, version: str) -> None:
        self.told += 1
        self.held.setdefault(model, {})[alias] = version

    async def tags(self, tracking_url: str, model: str, version: str) -> dict[str, str]:
        return dict(self.tagged.get((model, version), {}))

    async def set_tag(self, tracking_url: str, model: str, version: str, key: str, value: str) -> None:
        self.tagged.setdefault((model, version), {})[key] = value
        self.tags_told += 1


class Stage:
    """A store with one model at most, and an MLflow."""

    def __init__(self) -> None:
        self.store = Store(lambda body: registry_of(body, SETTINGS.tracking_url))
        self.mlflow = MLflow()
        played: Any = self.mlflow
        self.ours, self.leads = True, True
        self.aliases = Aliases(self.store, played, lambda _: self.ours, lambda _: self.leads)
        self._version = 0

    def serves(self, label: str, number: str, uid: str = "uid-1", **recorded: Any) -> None:
        """The model serves that label, and a pass tells of it."""
        wanted = model(spec(label), uid=uid)
        status = SentimentModelStatus(serving_version=label)
        head = {"namespace": wanted.namespace, "name": wanted.name, "uid": uid}
        document = wanted.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        wire = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        self._put(MODEL, {"kind": MODEL.name, "metadata": head, "spec": document, "status": wire})
        revision = children.revision(wanted, Record(label, registered(number=number)), SETTINGS)
        owners = {"uid": f"{uid}-{label}", "ownerReferences": [owner_reference(wanted)]}
        revision["spec"] |= recorded.pop("spec", {})
        self._put(REVISION, {**revision, "metadata": revision["metadata"] | owners, **recorded})
        self.aliases.serving(IMDB)

    def is_deleted(self) -> None:
        for kind in (REVISION, MODEL):
            for body in self.store.of_model(kind, IMDB) or filter(None, [self.store.model(IMDB)]):
                self.store.remove(kind, body)
        self.mlflow.held.clear()

    def _put(self, kind: Any, body: dict[str, Any]) -> None:
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        assert self.store.put(kind, body)

    @property
    def champion(self) -> str:
        return self.mlflow.held.get(REGISTERED, {}).get("champion", "")


def play(story: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        stage = Stage()
        running = asyncio.create_task(stage.aliases.run())
        await story(stage)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(run())


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def eventually(is_so: Callable[[], bool]) -> None:
    for _ in range(1000):
        if is_so():
            return
        await asyncio.sleep(OFTEN / 4)
    raise AssertionError("not within 5 s")


def test_champion_follows_what_serves_and_is_asked_for_once() -> None:
    async def story(stage: Stage) -> None:
        for label in ("1", "2"):
            stage.serves(label, number=label)
            await settled()
            assert stage.champion == label
        for _ in range(3):
            stage.aliases.serving(IMDB)
            await settled()
        assert stage.mlflow.asked == 2

    play(story)


def test_a_model_that_was_deleted_and_made_anew_gets_its_aliases_although_mlflow_counts_from_one_again() -> None:
    async def story(stage: Stage) -> None:
        stage.serves("1", number="1", uid="first")
        await settled()
        stage.is_deleted()
        stage.serves("1", number="1", uid="second")
        await settled()
        assert stage.champion == "1"

    play(story)


def test_an_alias_that_somebody_moved_is_moved_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliases, "LOOK_AGAIN_SECONDS", OFTEN)

    async def story(stage: Stage) -> None:
        stage.serves("1", number="1")
        await settled()
        stage.mlflow.held[REGISTERED]["champion"] = "7"
        await eventually(lambda: stage.champion == "1")

    play(story)


def test_looking_again_writes_nothing_where_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliases, "LOOK_AGAIN_SECONDS", OFTEN)

    async def story(stage: Stage) -> None:
        stage.serves("1", number="1")
        await eventually(lambda: stage.mlflow.asked > 3)
        assert stage.mlflow.told == 1

    play(story)


def test_a_model_that_is_gone_is_forgotten_and_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliases, "LOOK_AGAIN_SECONDS", OFTEN)

    async def story(stage: Stage) -> None:
        stage.serves("1", number="1")
        await settled()
        stage.is_deleted()
        before = stage.mlflow.asked
        await asyncio.sleep(OFTEN * 3)
        assert stage.mlflow.asked == before
        assert stage.aliases._true == {}

    play(story)


def test_while_mlflow_is_away_it_is_tried_again() -> None:
    async def story(stage: Stage) -> None:
        stage.mlflow.away = True
        stage.serves("1", number="1")
        await settled()
        assert stage.champion == ""
        stage.mlflow.away = False
        await eventually(lambda: stage.champion == "1")

    play(story)


FIRST = {"version": "1", "since": "2026-01-01T00:00:00Z", "reason": "Wanted", "approvedBy": ["ada"]}
SERVED = "rottenpotatoes.com/served/reviews/imdb"


def test_when_it_served_and_by_whose_leave_stands_beside_the_version_and_is_written_once() -> None:
    async def story(stage: Stage) -> None:
        stage.serves("1", number="1", status={"serving": [FIRST]})
        await settled()
        assert json.loads(stage.mlflow.tagged[REGISTERED, "1"][SERVED]) == [FIRST]
        stage.aliases._true.clear()
        stage.aliases.serving(IMDB)
        await settled()
        assert stage.mlflow.tags_told == 1

    play(story)


def test_of_many_times_a_tag_holds_the_latest() -> None:
    async def story(stage: Stage) -> None:
        many = [{**FIRST, "since": f"2026-01-01T00:00:{second:02}Z"} for second in range(50)]
        stage.serves("1", number="1", status={"serving": many})
        await settled()
        value = stage.mlflow.tagged[REGISTERED, "1"][SERVED]
        assert len(value) <= aliases.TAG_CHARACTERS
        assert json.loads(value)[-1] == many[-1]

    play(story)


def test_what_was_taken_over_from_another_model_gets_an_alias_of_its_own() -> None:
    async def story(stage: Stage) -> None:
        place = {"trackingURL": SETTINGS.tracking_url, "modelName": "development.imdb", "version": "4", "runID": "r"}
        origin = {"modelRef": {"name": "imdb"}, "namespace": "development"}
        stage.serves("1", number="4", spec={"registry": place, "promotedFrom": origin})
        await settled()
        assert stage.mlflow.held == {"development.imdb": {"reviews_imdb": "4"}}

    play(story)


def test_of_what_another_process_acts_for_nothing_is_told() -> None:
    async def story(stage: Stage) -> None:
        stage.ours = False
        stage.serves("1", number="1")
        await settled()
        assert stage.champion == ""
        stage.ours = True
        stage.aliases.serving(IMDB)
        await settled()
        assert stage.champion == "1"

    play(story)


def test_a_process_that_was_frozen_sets_nothing_until_it_holds_the_lease_again() -> None:
    """What its store says may be long over: whoever acted meanwhile has set what is true now."""

    async def story(stage: Stage) -> None:
        stage.leads = False
        stage.serves("1", number="1", status={"serving": [FIRST]})
        await eventually(lambda: stage.mlflow.asked > 0)
        await settled()
        assert (stage.mlflow.told, stage.mlflow.tags_told) == (0, 0)
        stage.leads = True
        await eventually(lambda: stage.champion == "1" and stage.mlflow.tags_told == 1)

    play(story)


@pytest.mark.parametrize("question", ["aliases", "tags"])
def test_a_lease_that_ends_while_mlflow_is_asked_ends_the_right_to_write(question: str) -> None:
    async def story(stage: Stage) -> None:
        ask = getattr(stage.mlflow, question)
        asked = asyncio.Event()

        async def slowly(*asked_for: str) -> dict[str, str]:
            stage.leads = False
            asked.set()
            return await ask(*asked_for)

        setattr(stage.mlflow, question, slowly)
        stage.serves("1", number="1", status={"serving": [FIRST]})
        await asyncio.wait_for(asked.wait(), timeout=5)
        await settled()
        assert stage.champion == ("" if question == "aliases" else "1")
        assert stage.mlflow.tags_told == 0

    play(story)


def test_a_defect_that_one_model_meets_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def story(stage: Stage) -> None:
        ask = stage.mlflow.aliases

        async def fails_once(tracking_url: str, model: str) -> dict[str, str]:
            stage.mlflow.aliases = ask  # type: ignore[method-assign]
            raise KeyError(model)

        stage.mlflow.aliases = fails_once  # type: ignore[method-assign]
        stage.serves("1", number="1")
        await eventually(lambda: stage.champion == "1")

    play(story)
    assert "aliases could not be set" in caplog.text
