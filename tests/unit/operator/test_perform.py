"""Writing what a plan says, against an API server in memory that counts, refuses and contradicts as it is told."""

import asyncio
import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest

from sentiment_contract.gates import Gate, Verdict
from sentiment_operator import children
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.promotion import GateEvidence
from sentiment_operator.api.revision import SentimentModelRevisionStatus
from sentiment_operator.api.rollout import FailedRollout
from sentiment_operator.api.status import HistoryEntry, SentimentModelStatus
from sentiment_operator.cluster.errors import Away, Refused, Stale
from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.cluster.writer import Outcome
from sentiment_operator.deciding.plan import Compare, Held, Plan, Record, Seal, Steady, TakeOver, Train
from sentiment_operator.deciding.sealing import KEPT_FAILURES
from sentiment_operator.facts.observed import Child, ChildKind, Manifest, Model, Observed, Revision
from sentiment_operator.kinds import DEPLOYMENT, JOB, REVISION, SERVICE, Kind
from sentiment_operator.kinds import MODEL as MODEL_KIND
from sentiment_operator.notify.courier import Courier
from sentiment_operator.passes.perform import Performer
from sentiment_operator.passes.reconcile import ROUNDS
from sentiment_operator.passes.report import Reporter
from sentiment_operator.reading import extract
from sentiment_operator.reading.raw import uid_of
from sentiment_operator.settings import Settings
from tests.support.builders import answer, pod, registered, revision

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

    async def apply_new(self, kind: Kind, manifest: Manifest) -> Manifest:
        self._count("apply")
        if (kind, manifest["metadata"]["name"]) in self.objects:
            raise Stale("exists")
        return self._written(kind, manifest, "live")

    async def apply(self, kind: Kind, manifest: Manifest, uid: str) -> Manifest:
        self._count("force")
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

    async def orphan(self, kind: Kind, body: Manifest) -> Manifest | None:
        self._count("orphan")
        live = self.objects.get((kind, body["metadata"]["name"]))
        if live is None:
            return None
        if live["metadata"]["uid"] != body["metadata"]["uid"]:
            raise Stale("another object of that name")
        ending = {**live, "metadata": {**live["metadata"], "deletionTimestamp": "now"}}
        return self.holds(kind, ending, live["metadata"]["uid"])

    async def patch_status(self, kind: Kind, body: Manifest, status: Manifest, *, unchanged: bool = False) -> Manifest:
        self._count("add" if unchanged else "status")
        live = self.objects[kind, body["metadata"]["name"]]
        if unchanged and live["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
            raise Stale("somebody wrote to it")
        return self.holds(kind, {**live, "status": status}, live["metadata"]["uid"])

    async def post_event(self, manifest: Manifest) -> None:
        self._count("event")

    async def patch_scale(self, deployment: Manifest, replicas: int) -> Manifest:
        self._count("scale")
        live = self.objects[DEPLOYMENT, deployment["metadata"]["name"]]
        body = self.holds(DEPLOYMENT, {**live, "spec": {**live["spec"], "replicas": replicas}}, uid_of(live))
        return {"metadata": {"resourceVersion": body["metadata"]["resourceVersion"]}, "spec": {"replicas": replicas}}

    def _written(self, kind: Kind, manifest: Manifest, uid: str) -> Manifest:
        """What the manifest does not name stays; a write that changes nothing makes no new version."""
        live = self.objects.get((kind, manifest["metadata"]["name"]), {})
        parts = {part: {**live.get(part, {}), **manifest.get(part, {})} for part in ("metadata", "spec")}
        after = {**live, **parts}
        body = live if after == live else self.holds(kind, after, uid)
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
    performer = Performer(api, store, SETTINGS)
    return asyncio.run(performer.perform(MODEL, plan, observed, performer.differing(MODEL, plan, observed)))


def test_a_missing_child_is_created_by_one_call(api: Api, store: Store) -> None:
    outcome = performed(api, store)
    assert api.calls == ["apply"]
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
    assert (api.calls, outcome.wrote) == (["apply", "get"], False)
    assert list(outcome.foreign) == [ChildKind.SERVICE]
    assert not performed(api, store, service=Child(foreign, ours=False)).wrote
    assert api.calls == ["apply", "get"]


def test_a_child_of_ours_without_our_labels_is_found_and_mended(api: Api, store: Store) -> None:
    bare = {key: value for key, value in DESIRED["metadata"].items() if key != "labels"}
    api.holds(SERVICE, {**DESIRED, "metadata": bare}, uid="mine")
    assert performed(api, store).wrote
    assert api.calls == ["apply", "get", "force"]


def test_what_stood_in_the_way_and_is_gone_is_looked_at_again(api: Api, store: Store) -> None:
    api.refuses["apply"] = Stale("exists")
    outcome = performed(api, store)
    assert (api.calls, outcome.stale, outcome.wrote) == (["apply", "get"], True, False)


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
    assert [job["metadata"]["name"] for job in store.of_model(JOB, Key("shop", "imdb"))] == [JOB_NAME]


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
    live = api.holds(DEPLOYMENT, {**DESIRED, "spec": {"replicas": replicas}})
    performed(api, store, deployment=Child(live, ours=True))
    assert api.calls == calls


def test_what_is_applied_and_scaled_in_one_pass_is_seen_as_both_left_it(
    api: Api, store: Store, only_a_service: dict[ChildKind, Manifest | None]
) -> None:
    without_children(only_a_service)
    only_a_service[ChildKind.DEPLOYMENT] = {**DESIRED, "spec": {"paused": False}}
    store.put(DEPLOYMENT, api.holds(DEPLOYMENT, {**DESIRED, "spec": {"paused": True, "replicas": 3}}))
    performer = Performer(cast("Any", api), store, SETTINGS)
    for _ in range(ROUNDS):
        observed = Observed(children={ChildKind.DEPLOYMENT: extract.child(known_deployment(store), MODEL.uid)})
        differing = performer.differing(MODEL, NOTHING, observed)
        asyncio.run(performer.perform(MODEL, NOTHING, observed, differing))
    assert api.calls == ["force", "scale"]
    assert known_deployment(store) == api.objects[DEPLOYMENT, "imdb"]
    assert performer.contests.of(MODEL.uid) == ()


def known_deployment(store: Store) -> Manifest | None:
    return store.get(DEPLOYMENT, "shop", "imdb")


# What is found out about a version

JUDGED = GateEvidence(name="accurate", verdict=Verdict.PASSED, time="2026-01-01T00:00:00Z", key="k")
AGREED = answer("ana")
BEGAN = HistoryEntry(version="1", since="2026-01-01T10:00:00Z", reason="Wanted")


def holds_revision(api: Api, store: Store, **status: Any) -> Revision:
    """The revision of version 1 as it stands there, known to the store."""
    wire = SentimentModelRevisionStatus(**status).model_dump(mode="json", by_alias=True, exclude_none=True)
    manifest = children.revision(MODEL, Record("1", registered(of=MODEL.spec)), SETTINGS)
    manifest["metadata"]["creationTimestamp"] = "2026-01-01T09:00:00Z"
    store.put(REVISION, api.holds(REVISION, {**manifest, "status": wire}, uid="r1"))
    return revision_of(store)


def revision_of(store: Store) -> Revision:
    return extract.revisions(store.of_model(REVISION, Key("shop", "imdb")), MODEL.uid)["1"]


def as_it_stands(api: Api) -> SentimentModelRevisionStatus:
    """The status that the API server holds."""
    return SentimentModelRevisionStatus.model_validate(api.objects[REVISION, "imdb.1"]["status"])


def by_somebody_else(api: Api, **status: Any) -> Manifest:
    """Another process adds to the revision, and the store has not heard of it."""
    body = copy.deepcopy(api.objects[REVISION, "imdb.1"])
    body["status"] = SentimentModelRevisionStatus(**status).model_dump(mode="json", by_alias=True, exclude_none=True)
    return api.holds(REVISION, body, uid="r1")


def sealing(found: Revision, **evidence: Any) -> Plan:
    return replace(NOTHING, step=Seal(found, **evidence))


@pytest.fixture
def no_children(only_a_service: dict[ChildKind, Manifest | None]) -> None:
    only_a_service.clear()


@pytest.mark.usefixtures("no_children")
def test_evidence_is_added_to_what_stands_there(api: Api, store: Store) -> None:
    older = JUDGED.model_copy(update={"name": "older"})
    found = holds_revision(api, store, serving=(BEGAN,), gates=(older,), approvals=(answer("bob"),))
    outcome = performed(api, store, sealing(found, gates=(JUDGED,), approvals=(AGREED,)))
    assert (api.calls, outcome.wrote) == (["add"], True)
    assert as_it_stands(api).serving == (BEGAN,)
    assert as_it_stands(api).gates == (older, JUDGED)
    assert {entry.approved_by for entry in as_it_stands(api).approvals} == {"ana", "bob"}
    assert revision_of(store).status == as_it_stands(api), "the next look sees it"


@pytest.mark.usefixtures("no_children")
def test_no_more_evidence_is_kept_than_the_schema_allows_and_the_latest_stays(api: Api, store: Store) -> None:
    many = tuple(JUDGED.model_copy(update={"name": f"gate-{number}"}) for number in range(50))
    found = holds_revision(api, store, gates=many)
    assert performed(api, store, sealing(found, gates=(JUDGED,))).wrote
    assert as_it_stands(api).gates == (*many[1:], JUDGED)


@pytest.mark.usefixtures("no_children")
def test_evidence_that_may_not_be_written_is_reported(api: Api, store: Store) -> None:
    found = holds_revision(api, store)
    api.refuses["add"] = Refused(403, "Forbidden", "may not patch")
    outcome = performed(api, store, sealing(found, gates=(JUDGED,)))
    assert [(refusal.kind, refusal.name) for refusal in outcome.refusals] == [("SentimentModelRevision", "imdb.1")]
    assert not outcome.wrote


@pytest.mark.usefixtures("no_children")
@pytest.mark.parametrize("is_heard", [True, False])
def test_where_more_is_known_by_now_it_is_decided_anew_and_nothing_is_lost(
    api: Api, store: Store, is_heard: bool
) -> None:
    found = holds_revision(api, store)
    newer = by_somebody_else(api, serving=(BEGAN,), approvals=(AGREED,))
    if is_heard:
        store.put(REVISION, newer)
    outcome = performed(api, store, sealing(found, gates=(JUDGED,)))
    assert (outcome.stale, outcome.wrote, outcome.refusals) == (True, False, [])
    assert as_it_stands(api).serving == (BEGAN,)
    assert as_it_stands(api).approvals == (AGREED,)


@pytest.mark.usefixtures("no_children")
def test_a_revision_that_is_gone_is_looked_for_again(api: Api, store: Store) -> None:
    found = holds_revision(api, store)
    store.remove(REVISION, api.objects[REVISION, "imdb.1"])
    outcome = performed(api, store, sealing(found, gates=(JUDGED,)))
    assert (api.calls, outcome.stale) == ([], True)


@pytest.mark.usefixtures("no_children")
def test_a_comparison_is_created_once_and_seen_at_once(api: Api, store: Store) -> None:
    gate = Gate.model_validate({"name": "no-worse", "metric": "f1", "compareWith": "Serving"})
    step = Compare(revision("2"), None, (gate,), key="0123456789abcdef", attempt=1)
    plan = replace(NOTHING, step=step)
    assert performed(api, store, plan).wrote
    assert [job["metadata"]["name"] for job in store.of_model(JOB, Key("shop", "imdb"))] == ["imdb-gate-01234567-1"]
    again = performed(api, store, plan)
    assert (again.wrote, again.stale, again.refusals) == (False, True, [])
    assert Performer(cast("Any", api), store, SETTINGS).takes_turns(plan, Observed(), {})


# The pods of a candidate

HANDING_OVER = replace(NOTHING, step=TakeOver(revision("2"), None, hand_over=True))
CANDIDATE = "imdb-candidate"


def holds_candidate(api: Api, store: Store, **metadata: Any) -> Manifest:
    """The Deployment of a candidate, known to the store."""
    body = api.holds(DEPLOYMENT, {"metadata": {**DESIRED["metadata"], "name": CANDIDATE, **metadata}}, uid="c1")
    store.put(DEPLOYMENT, body)
    return body


@pytest.mark.usefixtures("no_children")
def test_the_candidate_lets_go_of_its_pods_and_is_seen_ending_at_once(api: Api, store: Store) -> None:
    holds_candidate(api, store)
    assert performed(api, store, HANDING_OVER).wrote
    assert api.calls == ["orphan"]
    seen = store.get(DEPLOYMENT, "shop", CANDIDATE)
    assert seen is not None
    assert seen["metadata"]["deletionTimestamp"]
    assert not performed(api, store, HANDING_OVER).wrote
    assert api.calls == ["orphan"], "it is asked once"


@pytest.mark.usefixtures("no_children")
def test_only_a_step_that_says_so_lets_go_of_pods(api: Api, store: Store) -> None:
    holds_candidate(api, store)
    for step in (TakeOver(revision("2"), None, hand_over=False), Steady(revision("2"))):
        assert not performed(api, store, replace(NOTHING, step=step)).wrote
    assert api.calls == []


@pytest.mark.usefixtures("no_children")
@pytest.mark.parametrize("owners", [[], [{"uid": "u2", "controller": True}]], ids=["nobody's", "a namesake's"])
def test_the_pods_of_others_are_not_let_go_of(api: Api, store: Store, owners: list[Manifest]) -> None:
    holds_candidate(api, store, ownerReferences=owners)
    assert not performed(api, store, HANDING_OVER).wrote
    assert api.calls == []


@pytest.mark.usefixtures("no_children")
def test_a_candidate_that_is_gone_already_is_forgotten(api: Api, store: Store) -> None:
    holds_candidate(api, store)
    api.objects.clear()
    assert performed(api, store, HANDING_OVER).wrote
    assert store.get(DEPLOYMENT, "shop", CANDIDATE) is None
    assert not performed(api, store, HANDING_OVER).wrote


@pytest.mark.usefixtures("no_children")
def test_another_candidate_of_the_same_name_is_looked_at_first(api: Api, store: Store) -> None:
    body = holds_candidate(api, store)
    api.holds(DEPLOYMENT, body, uid="c2")
    outcome = performed(api, store, HANDING_OVER)
    assert (outcome.stale, outcome.wrote, outcome.refusals) == (True, False, [])


@pytest.mark.usefixtures("no_children")
def test_a_candidate_that_may_not_be_deleted_is_reported(api: Api, store: Store) -> None:
    holds_candidate(api, store)
    api.refuses["orphan"] = Refused(403, "Forbidden", "may not delete")
    outcome = performed(api, store, HANDING_OVER)
    assert [(refusal.kind, refusal.name, refusal.message) for refusal in outcome.refusals] == [
        ("Deployment", CANDIDATE, "may not delete")
    ]
    assert not outcome.wrote


@pytest.mark.usefixtures("no_children")
def test_no_more_failed_rollouts_are_kept_than_the_schema_allows_and_the_latest_stays(api: Api, store: Store) -> None:
    failures = tuple(
        FailedRollout(key=f"k{number}", step=1, reason="LimitExceeded", time="2026-01-01T00:00:00Z")
        for number in range(KEPT_FAILURES + 1)
    )
    found = holds_revision(api, store, failed_rollouts=failures[:-1])
    assert performed(api, store, sealing(found, failed_rollouts=failures[-1:])).wrote
    assert as_it_stands(api).failed_rollouts == failures[1:]


# What is told


def reported(api: Any, store: Store, seen: Observed) -> bool:
    """Version 1 serves, and says so. Gives whether all of it could be said."""
    body = api.holds(
        MODEL_KIND, {"apiVersion": "a/v1", "kind": "SentimentModel", "metadata": {"name": "imdb", "namespace": "shop"}}
    )
    courier = Courier({}, may_send=lambda _: True, exists=lambda key, uid: True, wake=lambda key: None)
    reporter = Reporter(
        api,
        store,
        SETTINGS,
        serving=lambda key: None,
        changed=lambda key: None,
        courier=courier,
        rolled_out=AsyncMock(),
    )
    plan = Plan(step=Steady(seen.revisions["1"]), wanted="1", target=seen.revisions["1"])
    now = datetime(2026, 1, 1, 10, tzinfo=UTC)
    return asyncio.run(reporter.report(MODEL, body, seen, plan, now))


def seen(found: Revision) -> Observed:
    return Observed(revisions={"1": found}, pods=(pod("1"),))


def test_that_a_version_serves_is_added_to_what_stands_there(api: Api, store: Store) -> None:
    found = holds_revision(api, store, gates=(JUDGED,), approvals=(AGREED,))
    assert reported(api, store, seen(found))
    assert as_it_stands(api) == SentimentModelRevisionStatus(serving=(BEGAN,), gates=(JUDGED,), approvals=(AGREED,))


def test_what_was_added_after_the_look_stays_when_it_is_told_that_the_version_serves(api: Api, store: Store) -> None:
    found = holds_revision(api, store)
    store.put(REVISION, by_somebody_else(api, gates=(JUDGED,), approvals=(AGREED,)))
    assert reported(api, store, seen(found))
    assert as_it_stands(api) == SentimentModelRevisionStatus(serving=(BEGAN,), gates=(JUDGED,), approvals=(AGREED,))


def test_what_somebody_else_added_ends_the_pass_and_stays(api: Api, store: Store) -> None:
    found = holds_revision(api, store)
    by_somebody_else(api, gates=(JUDGED,))
    with pytest.raises(Stale):
        reported(api, store, seen(found))
    assert as_it_stands(api).gates == (JUDGED,)


def test_an_interval_that_stands_there_is_not_written_again(api: Api, store: Store) -> None:
    found = holds_revision(api, store, serving=(BEGAN,))
    assert reported(api, store, seen(found))
    assert "add" not in api.calls


def test_a_revision_made_after_its_label_began_to_serve_did_not_serve_then(api: Api, store: Store) -> None:
    found = holds_revision(api, store)
    body = api.objects[REVISION, "imdb.1"]
    body["metadata"]["creationTimestamp"] = "2026-01-01T10:00:01Z"
    store.put(REVISION, api.holds(REVISION, body, uid="r1"))
    assert reported(api, store, seen(found))
    assert as_it_stands(api).serving == ()


def test_a_pass_is_unfinished_while_the_revision_may_not_be_told_that_it_serves(api: Api, store: Store) -> None:
    found = holds_revision(api, store)
    api.refuses["add"] = Refused(500, "InternalError", "failed calling webhook")
    assert not reported(api, store, seen(found))
    api.refuses.clear()
    assert reported(api, store, seen(found))
    assert as_it_stands(api).serving == (BEGAN,)
