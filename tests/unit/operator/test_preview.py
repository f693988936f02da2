"""What a suspended model says would follow: held, case by case, to what really follows once it goes on."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sentiment_contract.training import FailureReason
from sentiment_operator.api.conditions import condition_of, timestamp
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.preview import Action, Preview
from sentiment_operator.api.promotion import Decision
from sentiment_operator.api.status import Condition, ConditionType, HistoryEntry, SentimentModelStatus
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Compare, Held, Plan, Record, Roll, Shift, Train
from sentiment_operator.facts.observed import (
    Model,
    NodeRoom,
    NodesSeen,
    NodesUnknown,
    Observed,
    Refusal,
    RegistryAway,
    Source,
)
from sentiment_operator.preview.preview import with_preview
from sentiment_operator.telling.status import status
from tests.support.builders import (
    NOW,
    SETTINGS,
    answer,
    deployment,
    failed_job,
    known,
    model,
    observed,
    pod,
    registered,
    revision,
    served,
    spec,
    with_evidence,
)

ACCURATE = {"name": "accurate", "metric": "accuracy", "threshold": "0.9"}
TOO_STRICT = {"name": "strict", "metric": "accuracy", "threshold": "0.99"}
NO_WORSE = {"name": "no-worse", "metric": "f1", "compareWith": "Serving", "maxDecrease": "0.01"}
MANUAL = {"approval": {"policy": "Manual", "minApprovals": 2}}
CANARY = {"strategy": "Canary", "steps": [{"weightPercent": 10}, {"weightPercent": 50}]}
BLUE_GREEN = {"strategy": "BlueGreen"}


def suspended(label: str = "2", **more: Any) -> Model:
    """A model that wants this version, and waits."""
    return model(spec(label, suspend=True, **more))


def beside_one(*more: Any, pods: int = 1, **facts: Any) -> Observed:
    """Version 1 serves."""
    return observed(served("1"), *more, live=deployment("1", wanted=pods), pods=(pod("1"),), **facts)


def plan(wanted: Model, seen: Observed) -> Plan:
    return with_preview(decide(wanted, seen, SETTINGS, NOW), wanted, seen, SETTINGS, NOW)


def preview(wanted: Model, seen: Observed) -> Preview:
    found = plan(wanted, seen).preview
    assert found is not None
    return found


def outlooks(found: Preview) -> dict[str, str]:
    return {gate.name: gate.outlook for gate in found.gates}


# Where there is one


def test_a_model_that_is_not_suspended_has_no_preview() -> None:
    assert plan(model(spec("2")), beside_one(registry=known())).preview is None


def test_a_suspended_model_whose_version_serves_has_no_preview() -> None:
    assert plan(suspended("1"), beside_one()).preview is None


def test_the_decision_itself_stays_to_do_nothing() -> None:
    wanted, seen = suspended(), beside_one(registry=known())
    bare = decide(wanted, seen, SETTINGS, NOW)
    asked = {"preview": None, "needs_nodes": False, "to_rehearse": None}
    assert replace(plan(wanted, seen), **asked) == bare


def test_status_shows_it_and_the_condition_points_at_it() -> None:
    wanted, seen = suspended(), beside_one(registry=known())
    shown = status(wanted, seen, plan(wanted, seen), NOW)
    ready = condition_of(shown.conditions, ConditionType.READY)
    assert shown.plan == preview(wanted, seen)
    assert ready is not None
    assert (ready.reason, "status.plan" in ready.message) == ("Suspended", True)


# How the version would be had


def test_mlflow_is_asked_before_anything_is_said_of_an_unknown_label() -> None:
    found = plan(suspended(), beside_one())
    assert found.needs_registry
    assert found.preview is not None
    assert found.preview.action == Action.UNKNOWN
    assert not found.needs_nodes


@pytest.mark.parametrize(
    ("seen", "action", "word"),
    [
        (beside_one(registry=known()), Action.TRAIN, "not known"),
        (beside_one(registry=known(), trainings_elsewhere=4), Action.TRAIN, "4 is the limit"),
        (beside_one(registry=known(registered("2"))), Action.REUSE, "model version 1"),
        (beside_one(registry=known(registered("2", of=spec(rows=500)))), Action.NOTHING, "another recipe"),
        (beside_one(registry=known(registered("2", git_commit="c" * 257))), Action.UNKNOWN, "cannot be recorded"),
        (beside_one(revision("2")), Action.SERVE, "exists"),
        (beside_one(served("2")), Action.SERVE, "served before"),
        (beside_one(registry=RegistryAway("connection refused")), Action.UNKNOWN, "connection refused"),
        (beside_one(jobs=(failed_job(FailureReason.DATA_EMPTY, "2"),)), Action.NOTHING, "Something is wrong"),
    ],
)
def test_the_way_a_version_would_be_had(seen: Observed, action: Action, word: str) -> None:
    found = preview(suspended(), seen)
    assert found.action == action
    assert word in found.why
    assert "Next:" not in found.why


FOLLOWED = {"from": {"modelRef": {"name": "imdb"}, "namespace": "staging", "soakSeconds": 60}}


def following(promotion: dict[str, Any] | None = None, **more: Any) -> Model:
    """A suspended model that follows imdb of the namespace staging."""
    document = {"promotion": {**FOLLOWED, **(promotion or {})}, "suspend": True, **more}
    return model(SentimentModelSpec.model_validate(document))


def followed(*served: str, seconds: float = 3600, is_healthy: bool = True) -> Source:
    """That model, whose versions served in this order for so long each; the last one serves."""
    began = tuple(
        HistoryEntry(version=label, since=timestamp(NOW - timedelta(seconds=seconds * ago)))
        for ago, label in enumerate(reversed(served), start=1)
    )
    healthy = tuple(
        Condition(
            type=kind,
            status="True" if is_healthy else "False",
            reason="Serving",
            observed_generation=1,
            last_transition_time=began[0].since,
        )
        for kind in (ConditionType.AVAILABLE, ConditionType.READY)
    )
    told = SentimentModelStatus(
        serving_version=served[-1], wanted_version=served[-1], history=began, conditions=healthy
    )
    return Source(allows=True, status=told, revisions={label: revision(label) for label in served})


def test_what_the_followed_model_has_proven_would_be_promoted_and_not_trained() -> None:
    wanted, seen = following(rollout=CANARY, promotion=MANUAL), beside_one(source=followed("2"))
    found = preview(wanted, seen)
    assert not plan(wanted, seen).needs_registry
    assert (found.action, found.strategy, found.approvals, found.job_cpu) == (Action.PROMOTE, "Canary", "0/2", "")
    assert "Version 2 would be promoted from the followed model without a training, need approval" in found.summary
    assert found.why == "SentimentModel staging/imdb has proven it, and the same artifact would serve."


@pytest.mark.parametrize(
    ("source", "word"),
    [
        (followed("2", seconds=20), "it may serve here from"),
        (followed("2", is_healthy=False), "not in good health"),
        (followed("3"), "it serves version 3"),
        (followed("1", "2", "1"), "went back from it to version 1"),
        (Source(allows=False), "does not allow namespace"),
        (None, "There is no SentimentModel staging/imdb"),
    ],
)
def test_what_keeps_a_version_of_the_followed_model_away_is_told(source: Source | None, word: str) -> None:
    found = preview(following(version="2"), beside_one(source=source))
    assert found.action == Action.NOTHING
    assert word in found.why
    assert found.summary.startswith("Nothing would be done for version 2: ")


def test_before_the_followed_model_has_served_anything_no_version_has_a_name() -> None:
    summary = preview(following(), observed(source=Source(allows=True))).summary
    assert summary.startswith("Nothing would be done for the version to come: ")


def test_a_version_that_the_followed_model_gave_up_stays_on_record_as_it_is_while_suspended() -> None:
    wanted, seen = following(version="2"), beside_one(revision("2"), source=followed("1", "2", "1"))
    assert isinstance(plan(wanted, seen).step, Held)
    assert "went back from it to version 1" in preview(wanted, seen).why


def test_what_a_branch_holds_is_not_guessed() -> None:
    dvc = {"dvc": {"repoURL": "https://git.example.org/reviews.git", "revision": "main", "path": "reviews.csv"}}
    followed = SentimentModelSpec.model_validate({"data": dvc, "suspend": True})
    found = preview(model(followed), observed(served("1"), live=deployment("1"), pods=(pod("1"),)))
    assert found.action == Action.UNKNOWN
    assert found.why
    assert (found.surge_pods, found.room) == (0, "")


def test_where_the_same_recipe_was_trained_before_it_says_so() -> None:
    again = replace(served("1"), spec=revision("1", of=spec("2")).spec)
    seen = observed(again, live=deployment("1"), pods=(pod("1"),), registry=known())
    assert "Version 1 came from the same recipe" in preview(suspended(), seen).why


def test_while_mlflow_is_away_it_is_asked_again_and_nothing_is_missing_that_is_needed_now() -> None:
    wanted, seen = suspended(), beside_one(registry=RegistryAway("connection refused"))
    found = plan(wanted, seen)
    dependencies = condition_of(status(wanted, seen, found, NOW).conditions, ConditionType.DEPENDENCIES_READY)
    assert found.requeue_after is not None
    assert dependencies is not None
    assert dependencies.status == "True"


# Gates and people


def test_a_version_that_has_to_be_trained_has_every_gate_before_it() -> None:
    found = preview(suspended(gates=[ACCURATE, NO_WORSE], promotion=MANUAL), beside_one(registry=known()))
    assert outlooks(found) == {"accurate": "Open", "no-worse": "Open"}
    assert (found.approvals, found.job_cpu, found.job_memory) == ("0/2", "500m", "1024Mi")


def test_what_mlflow_holds_is_judged_by_its_figures_at_once() -> None:
    seen = beside_one(registry=known(registered("2")))
    found = preview(suspended(gates=[ACCURATE, NO_WORSE]), seen)
    assert (found.action, outlooks(found)) == (Action.REUSE, {"accurate": "Passed", "no-worse": "Open"})
    assert found.job_cpu == "500m"


def test_a_gate_that_would_not_be_passed_is_told_beforehand() -> None:
    found = preview(suspended(gates=[TOO_STRICT]), beside_one(revision("2")))
    assert (found.action, outlooks(found)) == (Action.NOTHING, {"strict": "Failed"})
    assert "0.99" in found.summary
    assert (found.room, found.surge_pods) == ("", 0)


def test_what_mlflow_holds_may_stop_at_a_gate_too() -> None:
    found = preview(suspended(gates=[TOO_STRICT]), beside_one(registry=known(registered("2"))))
    assert found.action == Action.REUSE
    assert "did not pass" in found.summary


def test_a_version_that_served_before_is_not_asked_for_proof() -> None:
    found = preview(suspended(gates=[NO_WORSE], promotion=MANUAL), beside_one(served("2")))
    assert (outlooks(found), found.approvals, found.job_cpu) == ({"no-worse": "NotRequired"}, "NotRequired", "")


def test_people_are_counted_as_they_answered_so_far() -> None:
    told = with_evidence(revision("2"), answers=(answer("ana"),))
    assert preview(suspended(promotion=MANUAL), beside_one(told)).approvals == "1/2"


def test_an_answer_that_nobody_took_down_yet_counts() -> None:
    seen = beside_one(revision("2"), answers=(answer("ana"), answer("bob")))
    assert preview(suspended(promotion=MANUAL), seen).approvals == "2/2"


def test_a_no_is_in_the_way() -> None:
    told = with_evidence(revision("2"), answers=(answer("ana", Decision.REJECT),))
    found = preview(suspended(promotion=MANUAL), beside_one(told))
    assert (found.action, found.approvals) == (Action.NOTHING, "Rejected")


# Pods


@pytest.mark.parametrize(
    ("rollout", "pods", "strategy", "surge", "cpu"),
    [
        ({}, 4, "RollingUpdate", 1, "100m"),
        (CANARY, 4, "Canary", 4, "400m"),
        (BLUE_GREEN, 10, "BlueGreen", 10, "1"),
    ],
)
def test_more_pods_than_run_now(rollout: dict[str, Any], pods: int, strategy: str, surge: int, cpu: str) -> None:
    found = preview(suspended(rollout=rollout), beside_one(registry=known(), pods=pods))
    assert (found.strategy, found.surge_pods, found.surge_cpu) == (strategy, surge, cpu)


def test_going_back_needs_no_candidate() -> None:
    found = preview(suspended(rollout=BLUE_GREEN), beside_one(served("2"), pods=4))
    assert (found.strategy, found.surge_pods) == ("RollingUpdate", 1)


@pytest.mark.parametrize(("serving", "pods"), [({}, 1), ({"replicas": 3}, 3), ({"autoscaling": {"minReplicas": 2}}, 2)])
def test_where_nothing_serves_every_pod_is_one_more(serving: dict[str, Any], pods: int) -> None:
    found = preview(suspended("1", serving=serving, rollout=CANARY), observed(registry=known()))
    assert (found.strategy, found.surge_pods, found.go_back) == ("RollingUpdate", pods, "")


def nodes(*free: tuple[int, int]) -> NodesSeen:
    """Nodes with so much CPU (in thousandths) and memory (in Mi) left."""
    rooms = ((Decimal(cpu) / 1000, Decimal(memory * 2**20)) for cpu, memory in free)
    return NodesSeen(tuple(NodeRoom(f"n{number}", *room, pods=10) for number, room in enumerate(rooms)))


@pytest.mark.parametrize(
    ("seen", "room", "word"),
    [
        (None, "Unknown", "not looked at"),
        (NodesUnknown("nobody may look"), "Unknown", "nobody may look"),
        (nodes((1000, 2000)), "Enough", "n0"),
        (nodes((499, 9000)), "NotEnough", "the Job"),
        (nodes((9000, 1023)), "NotEnough", "the Job"),
        (nodes(), "NotEnough", "0 nodes"),
        (nodes((500, 1024), (500, 1024)), "NotEnough", "serving"),
    ],
)
def test_room_for_the_job_and_for_the_pods_that_serve(seen: Any, room: str, word: str) -> None:
    large = {"resources": {"requests": {"cpu": "600m"}}}
    wanted = suspended(serving=large) if word == "serving" else suspended()
    found = preview(wanted, beside_one(registry=known(), nodes=seen))
    assert found.room == room
    assert word in found.room_message


def test_pods_may_spread_over_nodes_but_none_is_cut_in_two() -> None:
    wanted, half = suspended(rollout=BLUE_GREEN, serving={"resources": {"requests": {"cpu": "1"}}}), (1500, 9000)
    seen = beside_one(revision("2"), pods=2)
    assert preview(wanted, replace(seen, nodes=nodes(half, half))).room == "Enough"
    assert preview(wanted, replace(seen, nodes=nodes(half))).room == "NotEnough"


def test_nodes_are_looked_at_only_where_pods_would_come() -> None:
    assert plan(suspended(), beside_one(revision("2"))).needs_nodes
    assert not plan(suspended(), beside_one(revision("2"), nodes=nodes())).needs_nodes
    assert not plan(suspended(gates=[TOO_STRICT]), beside_one(revision("2"))).needs_nodes


# The first write


@pytest.mark.parametrize(
    ("wanted", "seen", "kind", "name", "step"),
    [
        (suspended(), beside_one(registry=known()), "Job", "imdb-train-", Train),
        (suspended(gates=[NO_WORSE]), beside_one(revision("2")), "Job", "imdb-gate-", Compare),
        (suspended(), beside_one(revision("2")), "Deployment", "imdb", Roll),
        (suspended(rollout=CANARY), beside_one(revision("2")), "Deployment", "imdb-candidate", Shift),
        (suspended(), beside_one(registry=known(registered("2"))), "Deployment", "imdb", Record),
    ],
)
def test_what_is_rehearsed_is_what_would_be_written(
    wanted: Model, seen: Observed, kind: str, name: str, step: type
) -> None:
    resumed = replace(wanted, spec=wanted.spec.model_copy(update={"suspend": False}))
    written = plan(wanted, seen).to_rehearse
    assert isinstance(decide(resumed, seen, SETTINGS, NOW).step, step)
    assert written is not None
    assert written["kind"] == kind
    assert written["metadata"]["name"].startswith(name)
    assert plan(wanted, replace(seen, rehearsed=())).to_rehearse is None


def test_while_people_are_waited_for_nothing_is_rehearsed() -> None:
    assert plan(suspended(promotion=MANUAL), beside_one(revision("2"))).to_rehearse is None


def test_a_refusal_is_told() -> None:
    seen = beside_one(registry=known(), rehearsed=(Refusal("Job", "imdb-train-1", "exceeded quota"),))
    found = preview(suspended(), seen)
    assert found.refused == "Job imdb-train-1: exceeded quota"
    assert "refuses" in found.summary


# For people


def test_the_way_back_is_one_command() -> None:
    found = preview(suspended(), beside_one(registry=known()))
    assert found.go_back == """kubectl -n reviews patch smod imdb --type merge -p '{"spec":{"version":"1"}}'"""


TRAINED = (
    "Version 2 would be trained, have to pass gates no-worse and accurate, need approval (0 of 2), and take over by Canary"
    " with up to 1 more pod (100m CPU, 256Mi): nodes have room."
)
KNOWN = (
    "Version 2 would serve as recorded, and take over by RollingUpdate with up to 1 more pod (100m CPU, 256Mi): whether"
    " nodes have room is not known."
)
REUSED = (
    "Version 2 would be taken from MLflow without a training, with its gates passed, and take over by RollingUpdate with"
    " up to 1 more pod (100m CPU, 256Mi): nodes have no room."
)


def test_the_way_back_leads_to_what_answers_even_where_its_record_is_gone() -> None:
    found = preview(suspended(), observed(live=deployment("1"), pods=(pod("1"),), registry=known()))
    assert found.go_back.endswith("""-p '{"spec":{"version":"1"}}'""")


@pytest.mark.parametrize(
    ("wanted", "seen", "said"),
    [
        (
            suspended(gates=[NO_WORSE, ACCURATE], promotion=MANUAL, rollout=CANARY),
            beside_one(registry=known(), nodes=nodes((9000, 9000))),
            TRAINED,
        ),
        (suspended(gates=[ACCURATE]), beside_one(served("2"), nodes=NodesUnknown("no")), KNOWN),
        (suspended(gates=[ACCURATE]), beside_one(registry=known(registered("2")), nodes=nodes()), REUSED),
    ],
)
def test_one_sentence_tells_all_of_it(wanted: Model, seen: Observed, said: str) -> None:
    assert preview(wanted, seen).summary == said
