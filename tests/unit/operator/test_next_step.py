"""The next step of a message is one and comes last, and its commands find what they name."""

from pathlib import Path

import pytest
import yaml

from sentiment_operator import names
from sentiment_operator.children import serving_children, training_job
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Train
from sentiment_operator.explaining import explain
from sentiment_operator.explaining.next_step import (
    add,
    find_registry,
    look_at_pods,
    reach_registry,
    sentence,
    then,
    without_step,
)
from sentiment_operator.facts.observed import ChildKind, Manifest
from tests.support.builders import NOW, SETTINGS, deployment, model, observed, revision, spec

CHART = Path(__file__).resolve().parents[2] / "chart" / "golden" / "default.yaml"
"""What helm renders; the chart's own tests see to that."""


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("It broke", "It broke. Next: look"),
        ("It broke. ", "It broke. Next: look"),
        ("It broke. Next: mend it", "It broke. Next: mend it"),
        ("It broke. Next:", "It broke. Next: look"),
        ("x" * 9000, f"{'x' * 2500}. Next: look"),
    ],
    ids=["no full stop", "a full stop", "a step of its own", "a step that was cut off", "much to say"],
)
def test_one_step_stands_behind_what_was_said(what: str, message: str) -> None:
    assert then(what, "look") == message


def test_what_is_added_stands_before_the_step() -> None:
    assert add("It broke. Next: mend it", "It is tried again.") == "It broke. It is tried again. Next: mend it"
    assert without_step("It broke. Next: mend it") == "It broke."


def test_a_sentence_has_one_end() -> None:
    assert [sentence(text) for text in ("so ", "so.", "so?")] == ["so.", "so.", "so?"]


def selected(command: str) -> dict[str, str]:
    """The labels that the command asks for."""
    return dict(pair.split("=") for pair in command.rpartition(" -l ")[2].split(","))


def labels_of_pods(workload: Manifest) -> dict[str, str]:
    return workload["spec"]["template"]["metadata"]["labels"]


def test_the_pods_of_mlflow_are_found_where_the_chart_made_them() -> None:
    (mlflow,) = (
        one
        for one in yaml.safe_load_all(CHART.read_text(encoding="utf-8"))
        if (one["kind"], one["metadata"]["name"]) == ("Deployment", "mlflow")
    )
    assert selected(find_registry()).items() <= labels_of_pods(mlflow).items()


def test_an_mlflow_of_others_is_not_looked_for_among_the_pods_of_the_chart() -> None:
    of_others = model(spec(registry={"trackingURL": "http://mlflow.team:5001"}))
    assert reach_registry(model()) == find_registry()
    assert "networkPolicy.registryPorts" in reach_registry(of_others)
    away = explain.registry_away(of_others, "connection refused")
    assert away.message.endswith(f"Next: {reach_registry(of_others)}")


def test_the_pods_of_a_model_are_found() -> None:
    job = training_job(model(), Train("1", 1), SETTINGS)
    assert selected(look_at_pods(model(), names.TRAINER)).items() <= labels_of_pods(job).items()
    seen = observed(revision(), live=deployment())
    server = serving_children(model(), decide(model(), seen, SETTINGS, NOW), seen, SETTINGS)[ChildKind.DEPLOYMENT]
    assert server is not None
    assert selected(look_at_pods(model(), names.SERVER)).items() <= labels_of_pods(server).items()
