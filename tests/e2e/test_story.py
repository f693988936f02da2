"""The stories of the demo on the real cluster, from the first training to an approved canary, and what is true afterwards."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from demo import reach, story
from demo.data import Reviews
from demo.target import Target

pytestmark = pytest.mark.e2e

NAMESPACE = f"story-{int(time.time())}"
"""A new one each time: MLflow remembers what was trained in a namespace, also after it is gone."""


@pytest.fixture(scope="module")
def told() -> Iterator[Target]:
    """The cluster after the story was told to its end, on made-up reviews."""
    target = Target("local", "test")
    story.tell(target, Reviews(None, "made-up reviews"), NAMESPACE)
    yield target
    target.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def items(target: Target, kind: str) -> list[dict[str, Any]]:
    return json.loads(target.kubectl("-n", NAMESPACE, "get", kind, "-o", "json"))["items"]


def trainings(target: Target) -> dict[str, str]:
    """Uid of every training Job, by the version it was for."""
    jobs = [job["metadata"] for job in items(target, "jobs") if "-train-" in job["metadata"]["name"]]
    return {job["labels"]["rottenpotatoes.com/version"]: job["uid"] for job in jobs}


def revisions(target: Target) -> dict[str, dict[str, Any]]:
    return {revision["spec"]["version"]: revision for revision in items(target, "smrev")}


def test_each_version_cost_one_training_and_going_back_none(told: Target) -> None:
    assert set(trainings(told)) == {"1", "2", "hasty", "3"}


def test_the_history_says_what_served_and_when(told: Target) -> None:
    (model,) = items(told, "smod")
    assert [entry["version"] for entry in model["status"]["history"]] == ["3", "1", "2", "1"]


def test_every_version_has_a_complete_revision(told: Target) -> None:
    specs = {label: revision["spec"] for label, revision in revisions(told).items()}
    assert set(specs) == {"1", "2", "hasty", "3"}
    assert len({spec["artifactDigest"] for spec in specs.values()}) == len(specs)
    assert all(len(spec["gitCommit"]) == 40 for spec in specs.values())


def test_the_bad_version_failed_its_gate_and_never_served(told: Target) -> None:
    status = revisions(told)["hasty"]["status"]
    assert [entry["verdict"] for entry in status["gates"]] == ["Failed"]
    assert not status.get("serving")


def test_the_good_version_passed_its_gate_and_a_person_let_it(told: Target) -> None:
    status = revisions(told)["3"]["status"]
    assert [entry["verdict"] for entry in status["gates"]] == ["Passed"]
    assert [entry["decision"] for entry in status["approvals"]] == ["Approve"]
    assert not status.get("failedRollouts")


def test_it_took_over_as_a_canary(told: Target) -> None:
    events = told.kubectl("-n", NAMESPACE, "get", "events", "--field-selector", "reason=RolloutStarted", "-o", "name")
    assert events.strip()


def test_nothing_of_the_framework_is_left_on_any_object(told: Target) -> None:
    for kind in ("smod", "smrev", "jobs", "deployments", "services", "pods"):
        for item in items(told, kind):
            metadata = item["metadata"]
            own = [name for name in metadata.get("finalizers", []) if not name.startswith(("batch.", "kubernetes.io/"))]
            assert not own
            assert not [name for name in metadata.get("annotations", {}) if "kopf" in name]


@pytest.mark.campaign
def test_told_again_over_a_forwarded_port_it_trains_nothing_again(told: Target) -> None:
    jobs = trainings(told)
    story.tell(told, Reviews(None, "made-up reviews"), NAMESPACE, way=reach.by_port_forward)
    assert set(trainings(told).values()) <= set(jobs.values())
