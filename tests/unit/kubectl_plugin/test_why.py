"""Why a model is not ready, and what serves where it is."""

import pytest

from kubectl_rotten.objects_model import Model
from kubectl_rotten.text import ASCII, Page
from kubectl_rotten.why import LOOK_AT_OPERATOR, STATIONS, why
from sentiment_operator.telling.chain import CHAIN
from tests.unit.kubectl_plugin.documents import ADA, BOB, NOW, Manifest, condition, gate, model, said, seen, way

STEP = "kubectl -n reviews get smrev imdb.2 -o yaml"
GATE_FAILED = f"Version 2 did not pass. Gate no-worse: accuracy is too low. Next: {STEP}"
WAIT = "kubectl -n reviews wait --for=condition=Ready smod/imdb --timeout=10m"


def lines(document: Manifest, page: Page | None = None) -> list[str]:
    return why(seen(document), page or Page(), NOW).lines


FOLLOWS = {"promotion": {"from": {"modelRef": {"name": "imdb"}, "namespace": "staging"}}}
SOAKS = "SentimentModel staging/imdb serves version 3 in good health since 11:00."


@pytest.mark.parametrize(
    ("status", "reason", "is_told"),
    [("True", "Soaking", True), ("Unknown", "AwaitingSource", True), ("True", "SourceMatches", False)],
)
def test_a_model_that_follows_another_one_tells_whom_and_what_comes_next(
    status: str, reason: str, *, is_told: bool
) -> None:
    conditions = [*way(), condition("UpToDate", status, reason, SOAKS)]
    told = lines(model(conditions, FOLLOWS, wantedVersion="2", servingVersion="2"), Page(width=120))
    assert [line.split() for line in told if "Follows" in line] == [["Follows", "staging/imdb"]]
    assert (SOAKS in told) == is_told


def test_a_followed_model_without_a_namespace_is_in_that_of_its_follower() -> None:
    spec = {"promotion": {"from": {"modelRef": {"name": "first"}}}}
    told = lines(model(spec=spec, wantedVersion="1"))
    assert any(line.split() == ["Follows", "reviews/first"] for line in told)


def refused() -> Manifest:
    """Version 2 failed a gate."""
    failure = {
        "version": "2",
        "step": "GatesPassed",
        "reason": "GateFailed",
        "message": GATE_FAILED,
        "time": "2026-01-10T11:59:00Z",
        "attempt": 1,
        "exitCode": 3,
    }
    return model(
        [
            *way("GatesPassed", reason="GateFailed", message=GATE_FAILED),
            condition("Stalled", "True", message=GATE_FAILED),
        ],
        {"gates": [{"name": "no-worse", "metric": "accuracy"}, {"name": "good", "metric": "f1"}]},
        gates=[gate(verdict="Failed", value="0.61", low="-0.3")],
        lastFailure=failure,
    )


def test_the_way_is_that_of_the_operator() -> None:
    assert tuple(kind.value for kind in CHAIN) == STATIONS


def test_a_model_that_is_not_ready_says_where_and_why_and_what_to_do() -> None:
    told = why(seen(refused()), Page(width=120), NOW)
    assert not told.ready
    assert told.lines == [
        "imdb is not ready: GateFailed",
        "  Version 2 did not pass. Gate no-worse: accuracy is too low.",
        "  Version 2 is wanted, version 1 serves.",
        "",
        "  ✓   Accepted            Recorded",
        "  ✓   DependenciesReady   Recorded",
        "  ✓   DataVerified        Recorded",
        "  ✓   Trained             Recorded",
        "  ✓   Registered          Recorded",
        "  ✗   GatesPassed         GateFailed",
        "  …   RolledOut           NotReached",
        "  …   LineageVerified     NotReached",
        "",
        "Gates of version 2:",
        "  ✗   no-worse   Failed           accuracy 0.61 against 0.90 of version 1, difference at least -0.3",
        "  …   good       not judged yet",
        "",
        "Last failure: version 2 at GatesPassed, GateFailed, attempt 1, exit code 3, 2026-01-10T11:59:00Z (60s)",
        "",
        "Next:",
        STEP,
    ]


def test_the_step_stands_alone_and_unbroken_however_narrow_the_terminal() -> None:
    told = lines(refused(), Page(width=40))
    assert told[-1] == STEP
    assert max(map(len, told[:3])) <= 40


def test_marks_of_ascii() -> None:
    told = lines(refused(), Page(ASCII))
    assert "  ok   Registered          Recorded" in told
    assert "  no   GatesPassed         GateFailed" in told
    assert "  ..   RolledOut           NotReached" in told


def test_what_is_under_way_is_no_failure_and_the_step_is_to_wait() -> None:
    told = lines(model(way("Trained", reason="TrainingRunning", message="Job a runs, 20 percent.")))
    assert told[:2] == ["imdb is not ready: TrainingRunning", "  Job a runs, 20 percent."]
    assert "  …   Trained             TrainingRunning" in told
    assert told[-2:] == ["Next:", WAIT]


def test_the_first_station_that_is_not_true_speaks_where_ready_speaks_of_another() -> None:
    conditions = way("Trained", reason="TrainingRunning", message="Job a runs.")
    conditions[3] = condition("DataVerified", "Unknown", "Checking", "Job a fetches and checks the data.")
    assert "The way has come to DataVerified: Job a fetches and checks the data." in lines(model(conditions))


def test_people_who_have_to_agree_are_told_of() -> None:
    message = "Version 2 waits for people: 1 of 2 approvals are there. Next: kubectl create -f - <<< '{}'"
    told = lines(
        model(
            [
                *way("RolledOut", reason="AwaitingApproval", message=message),
                condition("AwaitingApproval", message=message),
            ],
            {
                "promotion": {
                    "requestedBy": BOB,
                    "approval": {"policy": "Manual", "minApprovals": 2, "separationOfDuties": "Required"},
                }
            },
            approvals=[said(ADA, note="Fine,\nreally.")],
        )
    )
    place = told.index("Approvals, 2 people have to agree, other than bob@example.com who asked:")
    assert told[place + 1] == "  ✓ ada@example.com approved 2026-01-01T09:40:00Z (9d): Fine, really."
    assert told[-1] == "kubectl create -f - <<< '{}'"


def test_a_suspended_model_tells_what_would_follow_and_how_to_go_back() -> None:
    back = """kubectl -n reviews patch smod imdb --type merge -p '{"spec":{"version":"1"}}'"""
    plan = {"summary": "Version 2 would be trained.", "roomMessage": "No room.", "refused": "quota", "goBack": back}
    told = lines(model(way("RolledOut", reason="Suspended"), plan=plan))
    here = told.index("If it went on:")
    assert told[here + 1 : here + 5] == [
        "  Version 2 would be trained.",
        "  No room.",
        "  The API server refuses the first write: quota",
        f"  Back: {back}",
    ]
    assert "If it went on:" not in lines(model(way("RolledOut", reason="Suspended")))


def test_an_earlier_failure_is_told_with_its_message_where_it_is_another() -> None:
    document = refused()
    document["status"]["lastFailure"]["message"] = "Something else. Next: x"
    told = lines(document, Page(width=120))
    assert told[told.index("  Something else.") - 1].startswith("Last failure: version 2 at GatesPassed")
    assert told[-1] == STEP


def test_a_model_that_is_ready_says_what_serves() -> None:
    document = model(
        [*way(), condition("UpToDate", "False", "RecipeChanged", "The recipe is another by now. Next: kubectl patch")],
        {"gates": [{"name": "added-later"}]},
        wantedVersion="1",
        history=[{"version": "1", "since": "2026-01-09T12:00:00Z"}],
        url="http://imdb.reviews.svc",
        replicas=2,
        readyReplicas=1,
        lineage={"summary": "git 9f2c → data dada"},
        training={"metrics": [{"name": "accuracy", "value": "0.9"}]},
        gates=[gate()],
        approvals=[said(ADA)],
    )
    told = why(seen(document), Page(), NOW)
    assert told.ready
    assert told.lines == [
        "imdb is ready: version 1 serves.",
        "",
        "  Since      2026-01-09T12:00:00Z (24h)",
        "  Accuracy   0.9",
        "  Lineage    git 9f2c → data dada",
        "  Pods       1 of 2 ready",
        "  URL        http://imdb.reviews.svc",
        "",
        "Gates of version 1:",
        "  ✓   no-worse   Passed   accuracy 0.91 against 0.90 of version 1, difference at least 0.002",
        "",
        "Approvals:",
        "  ✓ ada@example.com approved 2026-01-01T09:40:00Z (9d)",
        "",
        "The recipe is another by now.",
    ]


@pytest.mark.parametrize("status", [None, {}, {"conditions": None}, {"observedGeneration": 3}])
def test_a_model_that_nobody_looked_at_yet(status: Manifest | None) -> None:
    document = {**model(), "status": status}
    assert lines(document) == [
        "imdb is not ready: the operator has not looked at it yet.",
        "",
        "Next:",
        LOOK_AT_OPERATOR,
    ]
    del document["status"]
    assert not why(seen(document), Page(), NOW).ready


def test_a_status_of_an_earlier_edit_is_not_ready_and_said_to_be_old() -> None:
    told = why(seen(model(observedGeneration=2)), Page(), NOW)
    assert not told.ready
    assert told.lines[:2] == [
        "imdb is not ready: the operator has not looked at its latest edit yet (generation 3).",
        "What follows is of generation 2:",
    ]
    assert told.lines[-1] == LOOK_AT_OPERATOR


AGAINST = {
    "a threshold": ({"baselineVersion": "", "threshold": "0.95"}, "accuracy 0.91 against 0.95"),
    "a figure that could not be had": ({"value": "", "message": "the data are others"}, "the data are others"),
    "a baseline without a figure": ({"baselineValue": "", "low": ""}, "accuracy 0.91 against ? of version 1"),
    "one that only warns": ({"low": "", "onFailure": "Warn"}, "accuracy 0.91 against 0.90 of version 1, warns only"),
}


@pytest.mark.parametrize(("others", "told"), AGAINST.values(), ids=AGAINST)
def test_a_gate_tells_what_was_held_against_what(others: Manifest, told: str) -> None:
    document = refused()
    document["status"]["gates"] = [gate(verdict="Inconclusive", **others)]
    assert any(line.startswith("  ✗") and line.endswith(told) for line in lines(document))


def test_what_a_message_holds_cannot_command_a_terminal() -> None:
    document = model(way("Trained", reason="JobFailed", message="\x1b[2Jgone\x07 Next: kubectl \x1b[31mget"))
    document["status"]["approvals"] = [said("eve\x1b[0m", note="\x1b]0;title\x07")]
    assert all(line.isprintable() for line in lines(document))


def test_fields_and_conditions_of_a_newer_operator_are_ignored() -> None:
    document = refused()
    document["status"] |= {"canary": {"steps": [1]}, "replicas": None, "gatesSummary": 5}
    document["status"]["conditions"].append({"type": "Moonlit", "status": "Perhaps", "since": 4})
    document["status"]["gates"][0] |= {"value": 0.61, "seen": []}
    assert lines(document) == lines(refused())


def test_nothing_is_known_of_a_condition_that_nobody_reported() -> None:
    assert Model.model_validate(model([])).condition("Ready").status == "Unknown"
