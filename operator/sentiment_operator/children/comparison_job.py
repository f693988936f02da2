"""The measuring of one version for its gates: one pod that scores it, and what served last, on the same reviews."""

from sentiment_contract.gates import COMPARISON_VARIABLE, ComparisonOrder, Contestant
from sentiment_contract.recipe import Recipe
from sentiment_operator import names
from sentiment_operator.children.trainer_job import Work, trainer_job
from sentiment_operator.deciding.plan import Compare
from sentiment_operator.facts.observed import Manifest, Model, Revision
from sentiment_operator.settings import Settings


def comparison_job(model: Model, step: Compare, settings: Settings) -> Manifest:
    """The Job of this attempt."""
    recorded = step.revision.spec
    # What another namespace's model says of its data is not fetched here: it could name this one's Secrets and claims.
    is_taken_over = recorded.promoted_from is not None
    order = ComparisonOrder(
        namespace=model.namespace,
        model=model.name,
        registered_model=names.registered_model(model),
        trackingURL=recorded.registry.tracking_url if is_taken_over else names.tracking_url(model, settings),
        candidate=_contestant(model, step.revision),
        baseline=_contestant(model, step.baseline) if step.baseline is not None else None,
        gates=step.gates,
        on_kept_reviews=is_taken_over,
    )
    work = Work(
        name=names.comparison_name(model.name, step.key, step.attempt),
        label=step.revision.spec.version,
        annotations={names.COMPARISON_ANNOTATION: step.key, names.ATTEMPT_ANNOTATION: str(step.attempt)},
        command="compare",
        variable=COMPARISON_VARIABLE,
        order=order.model_dump_json(by_alias=True, exclude_none=True),
        data=None if is_taken_over else _recipe(model, step.revision).data,
    )
    return trainer_job(model, work, settings)


def _contestant(model: Model, revision: Revision) -> Contestant:
    spec = revision.spec
    return Contestant(
        version=spec.version,
        registry_version=spec.registry.version,
        runID=spec.registry.run_id,
        artifact_digest=spec.artifact_digest,
        data_hash=spec.data_hash,
        git_commit=spec.git_commit,
        recipe=_recipe(model, revision),
        registered_model=spec.registry.model_name if spec.registry.model_name != names.registered_model(model) else "",
    )


def _recipe(model: Model, revision: Revision) -> Recipe:
    """As recorded; where the spec still says the same, its credentials are the newer ones."""
    recorded = revision.spec.recipe
    if recorded is None or revision.spec.recipe_hash == model.spec.recipe_hash():
        return model.spec.own_recipe()
    return recorded
