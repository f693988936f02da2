"""Gates that compare with what another model serves, and what a version that was taken over is measured on."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sentiment_contract.gates import COMPARISON_VARIABLE, Compared, ComparisonOrder, Figures, Verdict
from sentiment_operator import children
from sentiment_operator.api.stages import ModelReference, Origin
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Compare, Record, Roll, Seal
from sentiment_operator.facts.jobs import JobState
from sentiment_operator.facts.observed import Observed, Revision, Source
from tests.support.builders import NOW, SETTINGS, comparison, model, observed, revision, served, spec, with_evidence

STAGE = "Stage:production"
NO_WORSE = {"name": "no-worse", "metric": "f1", "compareWith": STAGE, "maxDecrease": "0.01"}
THAN_HERE = {"name": "than-here", "metric": "f1", "compareWith": "Serving", "maxDecrease": "0.01"}
WANTED = model(spec("2", gates=[NO_WORSE]))


def of_the_stage(label: str = "9", **registry: str) -> Revision:
    """What the other model serves."""
    plain = revision(label)
    place = plain.spec.registry.model_copy(update={"model_name": "production.imdb", **registry})
    return replace(plain, spec=plain.spec.model_copy(update={"registry": place}))


def production(serving: Revision | None = None, **changes: Any) -> dict[str, Source]:
    """The other model, which serves that."""
    there = serving or of_the_stage()
    label = there.spec.version
    known = Source(allows=True, status=SentimentModelStatus(serving_version=label), revisions={label: there})
    return {STAGE: replace(known, **changes)}


def next_step(*revisions: Revision, wanted: Any = WANTED, **facts: Any) -> Any:
    return decide(wanted, observed(*revisions, **facts), SETTINGS, NOW).step


def test_a_version_is_compared_with_what_the_stage_serves() -> None:
    step = next_step(served("1"), revision("2"), stages=production())
    assert isinstance(step, Compare)
    assert step.baseline == of_the_stage()
    document = json.dumps(children.comparison_job(WANTED, step, SETTINGS))
    order = ordered(step)
    assert order.baseline is not None
    assert (order.candidate.registered_model, order.baseline.registered_model) == ("", "production.imdb")
    assert not order.on_kept_reviews
    assert "persistentVolumeClaim" in document


def ordered(step: Compare) -> ComparisonOrder:
    job = children.comparison_job(WANTED, step, SETTINGS)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    told = {one["name"]: one["value"] for one in container["env"]}
    return ComparisonOrder.model_validate_json(told[COMPARISON_VARIABLE])


def test_each_job_compares_with_one_version() -> None:
    wanted = model(spec("2", gates=[THAN_HERE, NO_WORSE]))
    facts: dict[str, Any] = {"stages": production(), "wanted": wanted}
    first = next_step(served("1"), revision("2"), **facts)
    assert isinstance(first, Compare)
    assert (first.baseline, [gate.name for gate in first.gates]) == (served("1"), ["than-here"])
    good = Figures(gate="than-here", value="0.9", baseline_value="0.9", low="-0.001", samples=999)
    ended = comparison(first, JobState.SUCCEEDED, answer=Compared(figures=(good,)))
    seal = next_step(served("1"), revision("2"), comparisons=(ended,), **facts)
    assert isinstance(seal, Seal)
    second = next_step(served("1"), with_evidence(revision("2"), *seal.gates), **facts)
    assert isinstance(second, Compare)
    assert (second.baseline, [gate.name for gate in second.gates]) == (of_the_stage(), ["no-worse"])
    assert second.key != first.key


@pytest.mark.parametrize(
    ("stages", "says"),
    [
        ({}, "production serves no version"),
        (production(status=SentimentModelStatus()), "production serves no version"),
        (
            production(allows=False),
            "production does not list namespace reviews in its spec.promotion.allowedNamespaces",
        ),
        (production(of_the_stage(tracking_url="http://other")), "what production serves stands in another MLflow"),
    ],
)
def test_what_cannot_be_compared_with_is_no_proof(stages: dict[str, Source], says: str) -> None:
    step = next_step(served("1"), revision("2"), stages=stages)
    assert isinstance(step, Seal)
    assert (step.gates[0].verdict, step.gates[0].message) == (Verdict.INCONCLUSIVE, says) or says in step.gates[
        0
    ].message
    assert step.gates[0].verdict is Verdict.INCONCLUSIVE


def test_it_is_asked_anew_once_the_stage_serves_something() -> None:
    seal = next_step(served("1"), revision("2"))
    assert isinstance(seal, Seal)
    judged = with_evidence(revision("2"), *seal.gates)
    assert isinstance(next_step(served("1"), judged, stages=production()), Compare)


def test_what_the_stage_serves_already_passes() -> None:
    same = of_the_stage("2")
    step = next_step(served("1"), revision("2"), stages=production(same))
    assert isinstance(step, Seal)
    assert (step.gates[0].verdict, step.gates[0].message) == (Verdict.PASSED, "it is what production serves")
    assert isinstance(next_step(served("1"), with_evidence(revision("2"), *step.gates), stages=production(same)), Roll)


def test_what_was_taken_over_is_measured_without_the_data_of_the_other_namespace() -> None:
    document = {"promotion": {"from": {"modelRef": {"name": "imdb"}, "namespace": "development"}}, "gates": [THAN_HERE]}
    follower = model(type(WANTED.spec).model_validate(document))
    secret = {"repoURL": "https://git", "revision": "v1", "path": "a.csv", "credentialsSecretRef": {"name": "theirs"}}
    trained = spec("2", data={"dvc": secret})
    there = revision("2", of=trained)
    recorded = children.revision(follower, Record("2", there), SETTINGS)
    assert "theirs" not in json.dumps(recorded)
    assert recorded["spec"]["recipeHash"] == there.spec.recipe_hash
    origin = Origin(model_ref=ModelReference(name="imdb"), namespace="development")
    here = replace(there, spec=there.spec.model_copy(update={"promoted_from": origin}))
    source = Source(allows=True, status=SentimentModelStatus(serving_version="2"), revisions={"2": there})
    step = decide(
        replace(follower, spec=follower.spec.model_copy(update={"version": "2"})),
        Observed(revisions={"1": served("1"), "2": here}, source=source),
        SETTINGS,
        NOW,
    ).step
    assert isinstance(step, Compare)
    job = children.comparison_job(follower, step, SETTINGS)["spec"]["template"]["spec"]
    assert "secretRef" not in json.dumps(job)
    assert "persistentVolumeClaim" not in json.dumps(job)
    assert ordered(step).on_kept_reviews
