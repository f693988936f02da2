"""The story of the demo on the real cluster: two versions trained, one field edited back, and what is true afterwards."""

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


def test_two_versions_cost_two_trainings_and_going_back_none(told: Target) -> None:
    assert sorted(job["metadata"]["labels"]["rottenpotatoes.com/version"] for job in items(told, "jobs")) == ["1", "2"]


def test_the_history_says_what_served_and_when(told: Target) -> None:
    (model,) = items(told, "smod")
    assert [entry["version"] for entry in model["status"]["history"]] == ["1", "2", "1"]


def test_every_version_has_a_complete_revision(told: Target) -> None:
    revisions = {revision["spec"]["version"]: revision["spec"] for revision in items(told, "smrev")}
    assert sorted(revisions) == ["1", "2"]
    assert revisions["1"]["artifactDigest"] != revisions["2"]["artifactDigest"]
    assert all(len(revision["gitCommit"]) == 40 for revision in revisions.values())


def test_the_serving_version_is_said_to_be_older_than_the_recipe(told: Target) -> None:
    (model,) = items(told, "smod")
    conditions = {entry["type"]: entry for entry in model["status"]["conditions"]}
    assert (conditions["UpToDate"]["status"], conditions["UpToDate"]["reason"]) == ("False", "RecipeChanged")


def test_nothing_of_the_framework_is_left_on_any_object(told: Target) -> None:
    for kind in ("smod", "smrev", "jobs", "deployments", "services", "pods"):
        for item in items(told, kind):
            metadata = item["metadata"]
            own = [name for name in metadata.get("finalizers", []) if not name.startswith(("batch.", "kubernetes.io/"))]
            assert not own
            assert not [name for name in metadata.get("annotations", {}) if "kopf" in name]


def test_told_again_over_a_forwarded_port_it_trains_nothing_again(told: Target) -> None:
    jobs = {job["metadata"]["uid"] for job in items(told, "jobs")}
    story.tell(told, Reviews(None, "made-up reviews"), NAMESPACE, way=reach.by_port_forward)
    assert {job["metadata"]["uid"] for job in items(told, "jobs")} == jobs
