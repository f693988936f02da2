"""A model chooses its trainer from the list that the operator was installed with, and from nothing else."""

from typing import Any

import pytest

from sentiment_contract.training import ORDER_VARIABLE, TrainingOrder
from sentiment_operator.api.status import ConditionType
from sentiment_operator.children import comparison_job, training_job
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Blocked, Compare, Roll, Train
from sentiment_operator.settings import Settings
from tests.support.builders import NOW, SETTINGS, known, model, observed, revision, spec

OWN = "registry.example.org/nb-svm:1"
LISTED = SETTINGS.model_copy(update={"trainers": {"nb-svm": OWN, "other": "b"}})


def chosen(name: str | None, version: str = "1") -> Any:
    return spec(version, training={"trainer": name} if name else {})


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    return manifest["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize(("name", "image"), [(None, SETTINGS.trainer_image), ("nb-svm", OWN)])
def test_the_training_runs_the_image_of_that_name_and_is_told_the_name(name: str | None, image: str) -> None:
    pod = container(training_job(model(chosen(name)), Train("1", 1), LISTED))
    order = TrainingOrder.model_validate_json({one["name"]: one["value"] for one in pod["env"]}[ORDER_VARIABLE])
    assert (pod["image"], order.image_digest, order.recipe.trainer) == (image, image, name)
    assert "command" not in pod


def test_what_the_operator_runs_for_itself_runs_its_own_trainer() -> None:
    one = model(chosen("nb-svm"))
    gates = spec(gates=[{"name": "g", "metric": "f1", "slice": {"minWords": 9}, "threshold": "0.5"}]).gates
    step = Compare(revision("1", one.spec), None, gates, "key", 1)
    assert container(comparison_job(one, step, LISTED))["image"] == SETTINGS.trainer_image


def test_a_name_that_is_not_listed_is_refused_with_the_list_and_starts_nothing() -> None:
    step = decide(model(chosen("nb-swm")), observed(registry=known()), LISTED, NOW).step
    assert isinstance(step, Blocked)
    assert (step.step, step.reason, step.dead_end) == (ConditionType.ACCEPTED, "UnknownTrainer", True)
    assert "nb-swm, which the operator has no image of; it has: nb-svm, other." in step.message
    assert step.message.count("Next:") == 1


def test_a_version_that_was_trained_by_it_serves_on_when_the_name_is_taken_from_the_list() -> None:
    wanted = chosen("nb-svm")
    step = decide(model(wanted), observed(revision("1", wanted)), SETTINGS, NOW).step
    assert isinstance(step, Roll)


def test_the_list_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERVER_IMAGE", "TRAINER_IMAGE", "TRACKING_URL"):
        monkeypatch.setenv(f"SENTIMENT_{name}", "a")
    monkeypatch.setenv("SENTIMENT_TRAINERS", '{"nb-svm": "b"}')
    assert Settings().trainers == {"nb-svm": "b"}  # pyright: ignore[reportCallIssue]  read from the environment
