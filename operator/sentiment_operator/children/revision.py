"""The record of one trained version, made of what the registry holds of it, or of the record of a followed model."""

from sentiment_operator import names
from sentiment_operator.api.model import API_VERSION
from sentiment_operator.api.revision import RegistryReference, SentimentModelRevisionSpec
from sentiment_operator.api.stages import ModelReference, Origin
from sentiment_operator.api.status import Metric
from sentiment_operator.deciding.plan import Record
from sentiment_operator.facts.observed import Manifest, Model, RegisteredVersion, Revision
from sentiment_operator.settings import Settings

MOST_METRICS = 20


def revision(model: Model, step: Record, settings: Settings) -> Manifest:
    """The SentimentModelRevision, complete from its creation."""
    known = step.known
    spec = _taken_over(model, known) if isinstance(known, Revision) else _registered(model, step.label, known, settings)
    return {
        "apiVersion": API_VERSION,
        "kind": "SentimentModelRevision",
        "metadata": {
            "name": names.revision_name(model.name, step.label),
            "namespace": model.namespace,
            "labels": names.labels(model, names.TRAINER, step.label),
            "ownerReferences": [names.owner_reference(model)],
        },
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def _registered(model: Model, label: str, found: RegisteredVersion, settings: Settings) -> SentimentModelRevisionSpec:
    recipe = model.spec.own_recipe()
    return SentimentModelRevisionSpec(
        model_ref=ModelReference(name=model.name),
        version=label,
        recipe=recipe,
        recipe_hash=recipe.recipe_hash(),
        search=found.search,
        fingerprint=found.fingerprint,
        data_hash=found.data_hash,
        git_commit=found.git_commit,
        git_author=found.git_author,
        registry=RegistryReference(
            trackingURL=names.tracking_url(model, settings),
            model_name=names.registered_model(model),
            version=found.number,
            runID=found.run_id,
        ),
        artifact_digest=found.artifact_digest,
        environment_hash=found.environment_hash,
        image_digest=found.image_digest,
        metrics=tuple(Metric(name=name, value=value) for name, value in sorted(found.metrics.items()))[:MOST_METRICS],
    )


def _taken_over(model: Model, proven: Revision) -> SentimentModelRevisionSpec:
    """The same version of the same registered model, here. Credentials of the other namespace are none of this one's."""
    source, recipe = model.spec.promotion.source, proven.spec.recipe
    origin = Origin(model_ref=source.model_ref, namespace=source.namespace or model.namespace) if source else None
    if recipe is not None and recipe.data.dvc is not None:
        dvc = recipe.data.dvc.model_copy(update={"credentials_secret_ref": None})
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"dvc": dvc})})
    here = {"model_ref": ModelReference(name=model.name), "promoted_from": origin, "recipe": recipe}
    return proven.spec.model_copy(update=here)
