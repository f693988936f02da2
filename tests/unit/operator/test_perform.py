"""Writing what a plan says, against an API server in memory that counts, refuses and contradicts as it is told."""

import asyncio
import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sentiment_operator import children, perform
from sentiment_operator.api import SentimentModelSpec, SentimentModelStatus
from sentiment_operator.facts import Child, ChildKind, Manifest, Model, Observed
from sentiment_operator.kinds import JOB, SERVICE, Kind
from sentiment_operator.kube_errors import Away, Refused, Stale
from sentiment_operator.perform import Outcome, Performer
from sentiment_operator.plan import Held, Plan, Train
from sentiment_operator.settings import Settings
from sentiment_operator.store import Store

MODEL = Model(
    namespace="shop",
    name="imdb",
    uid="u1",
    generation=1,
    spec=SentimentModelSpec.model_validate({"version": "1", "data": {"volume": {"claimName": "c", "path": "p.csv"}}}),
    status=SentimentModelStatus(),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    edited_at=datetime(2026, 1, 1, tzinfo=UTC),
    retry="",
    deleting=False,
)
SETTINGS = Settings(server_image="server", trainer_image="trainer", tracking_url="http://mlflow:5000")
NOTHING = Plan(step=Held(), wanted="1", target=None)
OURS = [{"uid": "u1", "controller": True}]
DESIRED: Manifest = {
    "metadata": {
        "name": "imdb",
        "namespace": "shop",
        "labels": {"app.kubernetes.io/instance": "imdb"},
        "ownerReferences": OURS,
    },
    "spec": {"port": 80},
}


class Api:
    """Objects by kind and name; a name in `refuses` or `conflicts` is answered so."""

    def __init__(self) -> None:
        self.objects: dict[tuple[Kind, str], Manifest] = {}
        self.calls: list[str] = []
        self.refuses: dict[str, Exception] = {}
        self.meddles = False
        self._version = 10

    def holds(self, kind: Kind, manifest: Manifest, uid: str = "live") -> Manifest:
        self._version += 1
        body = copy.deepcopy(manifest)
        body["metadata"] |= {"uid": uid, "resourceVersion": str(self._version)}
        self.objects[kind, body["metadata"]["name"]] = body
        return body

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        self._count("get")
        return copy.deepcopy(self.objects.get((kind, name)))

    async def apply(self, kind: Kind, manifest: Manifest, uid: str = "") -> Manifest:
        self._count("force" if uid else "apply")
        return self._written(kind, manifest, uid)

    async def overwrite(self, kind: Kind, manifest: Manifest, uid: str) -> Manifest:
        self._count("overwrite")
        return self._written(kind, manifest, uid)

    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        self._count("create")
        if (kind, manifest["metadata"]["name"]) in self.objects:
            raise Stale("exists")
        return self.holds(kind, manifest)

    async def delete(self, kind: Kind, body: Manifest) -> None:
        self._count("delete")
        del self.objects[kind, body["metadata"]["name"]]

    async def patch_scale(self, deployment: Manifest, replicas: int) -> Manifest:
        self._count("scale")
        return {"metadata": {"resourceVersion": "99"}, "spec": {"replicas": replicas}}

    def _written(self, kind: Kind, manifest: Manifest, uid: str) -> Manifest:
        body = self.holds(kind, manifest, uid or "live")
        return {**body, "spec": {"port": 81}} if self.meddles else body

    def _count(self, call: str) -> None:
        self.calls.append(call)
        if call in self.refuses:
            raise self.refuses[call]


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def store() -> Store:
    return Store(lambda body: ("", ""))


@pytest.fixture(autouse=True)
def only_a_service(monkeypatch: pytest.MonkeyPatch) -> dict[ChildKind, Manifest | None]:
    """The model wants one Service and nothing else, unless the test says otherwise."""
    wanted: dict[ChildKind, Manifest | None] = {ChildKind.SERVICE: DESIRED}
    monkeypatch.setattr(children, "serving_children", lambda *_: wanted)
    return wanted


def performed(api: Any, store: Store, plan: Plan = NOTHING, **seen: Child | None) -> Outcome:
    observed = Observed(children={ChildKind[name.upper()]: child for name, child in seen.items()})
    return asyncio.run(Performer(api, store, SETTINGS).perform(MODEL, plan, observed))


def test_a_missing_child_is_looked_for_before_it_is_created_without_force(api: Api, store: Store) -> None:
    outcome = performed(api, store)
    assert api.calls == ["get", "apply"]
    assert outcome.wrote
    assert store.get(SERVICE, "shop", "imdb") is not None


def test_a_child_that_is_as_desired_is_not_touched(api: Api, store: Store) -> None:
    live = api.holds(SERVICE, {**DESIRED, "status": {"extra": 1}})
    assert not performed(api, store, service=Child(live, ours=True)).wrote
    assert api.calls == []


def test_a_child_that_differs_is_taken_over_by_its_uid(api: Api, store: Store) -> None:
    live = api.holds(SERVICE, {**DESIRED, "spec": {"port": 1}}, uid="mine")
    assert performed(api, store, service=Child(live, ours=True)).wrote
    assert api.calls == ["force"]
    assert api.objects[SERVICE, "imdb"]["metadata"]["uid"] == "mine"


def test_a_foreign_object_is_reported_and_left_alone(api: Api, store: Store) -> None:
    foreign = api.holds(SERVICE, {**DESIRED, "metadata": {"name": "imdb", "namespace": "shop"}, "spec": {}})
    outcome = performed(api, store)
    assert (api.calls, outcome.wrote) == (["get"], False)
    assert list(outcome.foreign) == [ChildKind.SERVICE]
    assert not performed(api, store, service=Child(foreign, ours=False)).wrote
    assert api.calls == ["get"]


def test_a_child_of_ours_without_our_labels_is_found_and_mended(api: Api, store: Store) -> None:
    bare = {key: value for key, value in DESIRED["metadata"].items() if key != "labels"}
    api.holds(SERVICE, {**DESIRED, "metadata": bare}, uid="mine")
    assert performed(api, store).wrote
    assert api.calls == ["get", "force"]


def test_a_child_that_is_being_deleted_is_waited_for(api: Api, store: Store) -> None:
    live = api.holds(SERVICE, {**DESIRED, "spec": {}})
    live["metadata"]["deletionTimestamp"] = "now"
    assert not performed(api, store, service=Child(live, ours=True)).wrote
    assert api.calls == []


def test_a_refused_child_hinders_no_other(
    api: Api, store: Store, only_a_service: dict[ChildKind, Manifest | None]
) -> None:
    only_a_service[ChildKind.NETWORK_POLICY] = DESIRED
    api.refuses["apply"] = Refused(403, "Forbidden", "exceeded quota")
    outcome = performed(api, store)
    assert [(refusal.kind, refusal.message) for refusal in outcome.refusals] == [
        ("Service", "exceeded quota"),
        ("NetworkPolicy", "exceeded quota"),
    ]
    assert not outcome.wrote


def test_a_conflict_asks_for_another_look_and_is_no_refusal(api: Api, store: Store) -> None:
    api.refuses["apply"] = Stale("conflict")
    outcome = performed(api, store)
    assert (outcome.stale, outcome.refusals) == (True, [])


def test_an_api_server_that_is_away_ends_the_pass(api: Api, store: Store) -> None:
    api.refuses["apply"] = Away("503")
    with pytest.raises(Away):
        performed(api, store)


def test_what_apply_cannot_mend_is_overwritten(api: Api, store: Store) -> None:
    live = api.holds(SERVICE, {**DESIRED, "spec": {"port": 1}}, uid="mine")
    api.refuses["force"] = Refused(422, "Invalid", "duplicate port name")
    assert performed(api, store, service=Child(live, ours=True)).wrote
    assert api.calls == ["force", "overwrite"]


def with_an_addition(body: Manifest) -> Manifest:
    added = {"manager": "kubectl-edit", "fieldsV1": {"f:spec": {"f:paused": {}}}}
    body["metadata"]["managedFields"] = [added]
    return {**body, "spec": {**body["spec"], "paused": True}}


def test_what_somebody_added_is_taken_away_in_one_write(api: Api, store: Store) -> None:
    live = with_an_addition(api.holds(SERVICE, DESIRED, uid="mine"))
    assert performed(api, store, service=Child(live, ours=True)).wrote
    assert api.calls == ["overwrite"]
    assert api.objects[SERVICE, "imdb"]["spec"] == {"port": 80, "paused": None}


def test_a_right_that_is_missing_is_not_answered_with_another_write(api: Api, store: Store) -> None:
    live = api.holds(SERVICE, {**DESIRED, "spec": {"port": 1}})
    api.refuses["force"] = Refused(403, "Forbidden", "may not patch services")
    outcome = performed(api, store, service=Child(live, ours=True))
    assert api.calls == ["force"]
    assert [refusal.message for refusal in outcome.refusals] == ["may not patch services"]


def test_a_webhook_that_changes_what_is_written_is_reported_and_not_fought(api: Api, store: Store) -> None:
    live = api.holds(SERVICE, {**DESIRED, "spec": {"port": 1}})
    api.meddles = True
    outcome = performed(api, store, service=Child(live, ours=True))
    assert not outcome.wrote
    assert "changes it" in outcome.refusals[0].message


def test_a_child_that_is_not_wanted_is_deleted_if_it_is_ours(
    api: Api, store: Store, only_a_service: dict[ChildKind, Manifest | None]
) -> None:
    only_a_service[ChildKind.SERVICE] = None
    live = api.holds(SERVICE, DESIRED)
    assert not performed(api, store, service=Child(live, ours=False)).wrote
    assert performed(api, store, service=Child(live, ours=True)).wrote
    assert api.calls == ["delete"]


TRAINING = replace(NOTHING, step=Train("1", 1))
JOB_NAME = children.training_job(MODEL, Train("1", 1), SETTINGS)["metadata"]["name"]


def without_children(wanted: dict[ChildKind, Manifest | None]) -> None:
    wanted.clear()


def test_a_training_is_created_and_seen_at_once(
    api: Api, store: Store, only_a_service: dict[ChildKind, Manifest | None]
) -> None:
    without_children(only_a_service)
    assert performed(api, store, TRAINING).wrote
    assert [job["metadata"]["name"] for job, _ in store.unfinished_jobs()] == [JOB_NAME]


def test_a_training_that_a_pass_before_created_is_adopted(
    api: Api, store: Store, only_a_service: dict[ChildKind, Manifest | None]
) -> None:
    without_children(only_a_service)
    api.holds(JOB, children.training_job(MODEL, Train("1", 1), SETTINGS))
    outcome = performed(api, store, TRAINING)
    assert (outcome.wrote, outcome.stale, outcome.refusals) == (False, True, [])
    assert store.get(JOB, "shop", JOB_NAME) is not None


def test_a_foreign_job_of_that_name_is_reported(
    api: Api, store: Store, only_a_service: dict[ChildKind, Manifest | None]
) -> None:
    without_children(only_a_service)
    api.holds(JOB, {"metadata": {"name": JOB_NAME, "namespace": "shop"}})
    outcome = performed(api, store, TRAINING)
    assert "does not belong" in outcome.refusals[0].message
    assert store.get(JOB, "shop", JOB_NAME) is None


def test_obsolete_jobs_are_deleted_but_not_those_of_a_namesake(api: Api, store: Store) -> None:
    mine = api.holds(JOB, {"metadata": {**DESIRED["metadata"], "name": "mine"}}, uid="a")
    theirs = api.holds(JOB, {"metadata": {**DESIRED["metadata"], "name": "theirs", "ownerReferences": []}}, uid="b")
    for body in (mine, theirs):
        store.put(JOB, body)
    live = api.holds(SERVICE, DESIRED)
    plan = replace(NOTHING, obsolete_jobs=("mine", "theirs", "unknown"))
    assert performed(api, store, plan, service=Child(live, ours=True)).wrote
    assert api.calls == ["delete"]
    assert (JOB, "theirs") in api.objects


@pytest.mark.parametrize(("replicas", "calls"), [(3, ["scale"]), (1, [])])
def test_replicas_are_set_through_scale_where_they_differ(
    api: Api, store: Store, only_a_service: dict[ChildKind, Manifest | None], replicas: int, calls: list[str]
) -> None:
    without_children(only_a_service)
    live = api.holds(perform.DEPLOYMENT, {**DESIRED, "spec": {"replicas": replicas}})
    performed(api, store, deployment=Child(live, ours=True))
    assert api.calls == calls
