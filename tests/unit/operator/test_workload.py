"""Raw Jobs and pods → facts."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sentiment_contract.gates import Compared
from sentiment_contract.training import FailureReason, TrainingFailed, TrainingSucceeded
from sentiment_operator import names
from sentiment_operator.facts.jobs import JobState, Trouble
from sentiment_operator.reading import workload

Manifest = dict[str, Any]
SUCCEEDED: Manifest = {
    "outcome": "Succeeded",
    "runID": "r",
    "registryVersion": "3",
    "fingerprint": "f",
    "recipeHash": "h",
    "dataHash": "d",
    "artifactDigest": "a",
    "reused": False,
    "metrics": {"accuracy": "0.91"},
}
FAILED: Manifest = {"outcome": "Failed", "reason": "DataOneClass", "message": "only positive reviews"}


def a_job(**status: Any) -> Manifest:
    metadata = {
        "name": "imdb-train-0a1b2c3d-1",
        "namespace": "shop",
        "uid": "job",
        "creationTimestamp": "2026-01-01T10:00:00Z",
        "labels": {"rottenpotatoes.com/version": "1"},
    }
    return {"metadata": metadata, "status": status}


def condition(kind: str, reason: str = "", message: str = "") -> list[Manifest]:
    entry = {"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T10:05:00Z"}
    return [entry | {"reason": reason, "message": message}]


def a_pod(name: str = "p", job: str = "job", **status: Any) -> Manifest:
    owners = [{"kind": "Job", "uid": job, "controller": True}]
    metadata = {"name": name, "uid": name, "ownerReferences": owners, "labels": {"rottenpotatoes.com/version": "1"}}
    return {"metadata": metadata, "status": status}


def ended(code: int, message: str = "", reason: str = "Error", at: str = "2026-01-01T10:04:00Z") -> Manifest:
    state = {"terminated": {"exitCode": code, "reason": reason, "message": message, "finishedAt": at}}
    return {"phase": "Failed" if code else "Succeeded", "containerStatuses": [{"name": "trainer", "state": state}]}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, JobState.PENDING),
        ({"active": 1, "ready": 0}, JobState.PENDING),
        ({"active": 1, "ready": 1}, JobState.RUNNING),
        ({"conditions": condition("Complete")}, JobState.SUCCEEDED),
        ({"conditions": condition("Failed")}, JobState.FAILED),
        ({"conditions": [{"type": "Failed", "status": "False"}]}, JobState.PENDING),
    ],
)
def test_how_far_a_job_is(status: Manifest, state: JobState) -> None:
    assert workload.training_job(a_job(**status), [], 0).state is state


def test_a_job_that_is_being_deleted_says_so_whatever_else_it_says() -> None:
    body = a_job(conditions=condition("Complete"))
    body["metadata"]["deletionTimestamp"] = "2026-01-01T10:06:00Z"
    assert workload.training_job(body, [], 0).state is JobState.DELETING


def test_the_answer_of_a_training_is_the_message_of_its_pod() -> None:
    job = workload.training_job(a_job(conditions=condition("Complete")), [a_pod(**ended(0, json.dumps(SUCCEEDED)))], 0)
    assert isinstance(job.answer, TrainingSucceeded)
    assert (job.answer.registry_version, job.exit_code, job.failure, job.label) == ("3", 0, None, "1")


def test_the_pod_that_ended_last_speaks_for_the_job() -> None:
    first = a_pod("a", **ended(1, "Traceback", at="2026-01-01T10:01:00Z"))
    last = a_pod("b", **ended(15, json.dumps(FAILED), at="2026-01-01T10:02:00Z"))
    body = a_job(conditions=condition("Failed", "PodFailurePolicy"))
    job = workload.training_job(body, [last, first], 0)
    assert job == workload.training_job(body, [first, last], 0)
    assert isinstance(job.answer, TrainingFailed)
    assert job.answer.reason is FailureReason.DATA_ONE_CLASS
    assert (job.exit_code, job.failure) == (15, None)


def test_pods_of_another_job_say_nothing_about_this_one() -> None:
    job = workload.training_job(a_job(), [a_pod(job="another", **ended(0, json.dumps(SUCCEEDED)))], 0)
    assert (job.answer, job.exit_code) == (None, None)


@pytest.mark.parametrize(
    ("reason", "pod", "trouble"),
    [
        ("DeadlineExceeded", ended(137, "", "Error"), Trouble("DeadlineExceeded", "too long")),
        ("BackoffLimitExceeded", ended(137, "", "OOMKilled"), Trouble("OOMKilled", "exit code 137")),
        (
            "BackoffLimitExceeded",
            ended(1, "last line\n"),
            Trouble("BackoffLimitExceeded", "exit code 1: last line"),
        ),
        (
            "BackoffLimitExceeded",
            {"phase": "Failed", "reason": "Evicted", "message": "low on disk"},
            Trouble("Evicted", "low on disk"),
        ),
    ],
)
def test_why_a_job_failed_without_an_answer(reason: str, pod: Manifest, trouble: Trouble) -> None:
    body = a_job(conditions=condition("Failed", reason, "too long"))
    assert workload.training_job(body, [a_pod(**pod)], 0).failure == trouble


def test_a_job_that_may_make_no_pod_says_so_in_its_events() -> None:
    body = a_job(startTime="2026-01-01T10:00:01Z")
    assert workload.has_begun_without_pods(body)
    old, new = (
        {"metadata": {"resourceVersion": version}, "reason": "FailedCreate", "note": note}
        for version, note in (("9", "an older one"), ("10", "exceeded quota"))
    )
    other = {"metadata": {"resourceVersion": "11"}, "reason": "SuccessfulCreate", "note": "Created pod"}
    found = workload.training_job(body, [], 0, [new, old, other]).trouble
    assert found == Trouble("FailedCreate", "exceeded quota")


@pytest.mark.parametrize(
    "status", [{}, {"startTime": "x", "active": 1}, {"startTime": "x", "conditions": condition("Complete")}]
)
def test_a_job_that_was_not_begun_or_has_pods_or_ended_is_not_asked_about(status: Manifest) -> None:
    assert not workload.has_begun_without_pods(a_job(**status))


def test_only_the_end_of_a_long_log_is_kept() -> None:
    body = a_job(conditions=condition("Failed", "BackoffLimitExceeded"))
    failure = workload.training_job(body, [a_pod(**ended(1, "x" * 4000 + "the end"))], 0).failure
    assert failure is not None
    assert failure.message.endswith("the end")
    assert len(failure.message) < 2000


def test_the_advice_of_a_log_line_is_not_taken_for_the_next_step() -> None:
    lines = "a warning. Next: wait\nan error. Next: look"
    found = workload.pod_trouble(a_pod(**waiting("CrashLoopBackOff", "", ended(3, lines))))
    assert found == Trouble("CrashLoopBackOff", "exit code 3: a warning. next: wait\nan error. next: look")


def waiting(reason: str, message: str = "", last: Manifest | None = None) -> Manifest:
    state = {"waiting": {"reason": reason, "message": message}}
    container: Manifest = {"name": "c", "state": state}
    if last:
        container["lastState"] = last["containerStatuses"][0]["state"]
    return {"phase": "Pending", "containerStatuses": [container]}


UNSCHEDULABLE: Manifest = {
    "phase": "Pending",
    "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes: no memory"}
    ],
}


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        ({"phase": "Running"}, None),
        ({}, None),
        (waiting("ContainerCreating"), None),
        (UNSCHEDULABLE, Trouble("Unschedulable", "0/1 nodes: no memory")),
        (waiting("ImagePullBackOff", "not found"), Trouble("ImagePullBackOff", "not found")),
        (waiting("CreateContainerConfigError", "no secret"), Trouble("CreateContainerConfigError", "no secret")),
        (waiting("CrashLoopBackOff", "", ended(3, "bad")), Trouble("CrashLoopBackOff", "exit code 3: bad")),
        (waiting("CrashLoopBackOff", "", ended(137, "", "OOMKilled")), Trouble("OOMKilled", "exit code 137")),
        ({"phase": "Failed", "reason": "Evicted", "message": "disk"}, Trouble("Evicted", "disk")),
        (ended(0), None),
    ],
)
def test_why_a_pod_does_not_get_on(status: Manifest, trouble: Trouble | None) -> None:
    assert workload.pod_trouble(a_pod(**status)) == trouble


def test_a_pod_that_is_ending_has_no_trouble() -> None:
    pod = a_pod(**UNSCHEDULABLE)
    pod["metadata"]["deletionTimestamp"] = "x"
    assert workload.pod_trouble(pod) is None


def test_a_serving_pod_that_kubernetes_knows_no_trouble_of_may_tell_its_own() -> None:
    says = Trouble("DigestMismatch", "expected a, found b")
    assert workload.serving_pod(a_pod(phase="Running"), says).trouble == says
    assert workload.serving_pod(a_pod(**waiting("ImagePullBackOff")), says).trouble == Trouble("ImagePullBackOff", "")


RUNNING: Manifest = {"phase": "Running", "containerStatuses": [{"name": "c", "state": {"running": {}}}]}


@pytest.mark.parametrize(
    ("status", "asks"),
    [
        (RUNNING, True),
        (RUNNING | {"conditions": [{"type": "Ready", "status": "True"}]}, False),
        (waiting("ContainerCreating"), False),
    ],
)
def test_only_a_running_pod_that_is_not_ready_is_asked_why(status: Manifest, asks: bool) -> None:
    assert workload.is_running_unready(a_pod(**status)) is asks


# Jobs that score for gates

COMPARED: Manifest = {
    "outcome": "Compared",
    "figures": [{"gate": "no-worse", "value": "0.91", "baselineValue": "0.9", "low": "-0.002", "samples": 2000}],
}


def a_comparison(**status: Any) -> Manifest:
    body = a_job(**status)
    annotations = {names.COMPARISON_ANNOTATION: "0123456789abcdef", names.ATTEMPT_ANNOTATION: "2"}
    return body | {"metadata": body["metadata"] | {"name": "imdb-gate-01234567-2", "annotations": annotations}}


def test_the_answer_of_a_comparison_is_the_message_of_its_pod() -> None:
    body = a_comparison(conditions=condition("Complete"))
    job = workload.comparison_job(body, [a_pod(**ended(0, json.dumps(COMPARED)))])
    assert isinstance(job.answer, Compared)
    assert [(one.gate, one.value, one.samples) for one in job.answer.figures] == [("no-worse", "0.91", 2000)]
    assert (job.name, job.key, job.attempt) == ("imdb-gate-01234567-2", "0123456789abcdef", 2)
    assert (job.state, job.failure, job.trouble) == (JobState.SUCCEEDED, None, None)
    assert job.finished_at == datetime(2026, 1, 1, 10, 5, tzinfo=UTC)


def test_a_comparison_that_failed_says_why() -> None:
    body = a_comparison(conditions=condition("Failed", "PodFailurePolicy"))
    job = workload.comparison_job(body, [a_pod(**ended(15, json.dumps(FAILED)))])
    assert isinstance(job.answer, TrainingFailed)
    assert (job.answer.reason, job.failure) == (FailureReason.DATA_ONE_CLASS, None)


@pytest.mark.parametrize(
    "said",
    ["", "Traceback", "{}", "[]", '{"outcome": "Compared"}', json.dumps(SUCCEEDED), json.dumps(COMPARED)[:-9]],
    ids=["nothing", "a log", "nothing of it", "a list", "no figures", "a training", "cut off"],
)
def test_what_is_no_answer_to_a_comparison_is_none(said: str) -> None:
    job = workload.comparison_job(a_comparison(conditions=condition("Complete")), [a_pod(**ended(0, said))])
    assert (job.state, job.answer) == (JobState.SUCCEEDED, None)


@pytest.mark.parametrize(
    ("reason", "pod", "trouble"),
    [
        ("DeadlineExceeded", ended(137, "", "Error"), Trouble("DeadlineExceeded", "too long")),
        ("BackoffLimitExceeded", ended(137, "", "OOMKilled"), Trouble("OOMKilled", "exit code 137")),
        ("BackoffLimitExceeded", ended(1, "bad"), Trouble("BackoffLimitExceeded", "exit code 1: bad")),
    ],
)
def test_why_a_comparison_failed_without_an_answer(reason: str, pod: Manifest, trouble: Trouble) -> None:
    body = a_comparison(conditions=condition("Failed", reason, "too long"))
    job = workload.comparison_job(body, [a_pod(**pod)])
    assert (job.answer, job.failure) == (None, trouble)


def test_a_comparison_whose_pod_does_not_get_on_says_so() -> None:
    assert workload.comparison_job(a_comparison(active=1), [a_pod(**UNSCHEDULABLE)]).trouble == Trouble(
        "Unschedulable", "0/1 nodes: no memory"
    )


def test_a_comparison_that_may_make_no_pod_says_so_in_its_events() -> None:
    told = {"metadata": {"resourceVersion": "9"}, "reason": "FailedCreate", "note": "exceeded quota"}
    assert workload.comparison_job(a_comparison(), [], [told]).trouble == Trouble("FailedCreate", "exceeded quota")


def test_an_answer_to_a_training_is_not_one_to_a_comparison_nor_the_other_way_round() -> None:
    pods = [a_pod(**ended(0, json.dumps(COMPARED)))]
    assert workload.training_job(a_job(conditions=condition("Complete")), pods, 0).answer is None


def test_a_comparison_is_told_from_a_training() -> None:
    assert (workload.is_comparison(a_comparison()), workload.is_comparison(a_job())) == (True, False)
