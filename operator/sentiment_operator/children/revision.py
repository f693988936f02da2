"""The record of one trained version, made of what the registry holds of it."""

from sentiment_operator import names
from sentiment_operator.api import API_VERSION, Metric
from sentiment_operator.api_revision import ModelReference, RegistryReference, SentimentModelRevisionSpec
from sentiment_operator.facts import Manifest, Model
from sentiment_operator.plan import Record
from sentiment_operator.settings import Settings

MOST_METRICS = 20


def revision(model: Model, step: Record, settings: Settings) -> Manifest:
    """The SentimentModelRevision, complete from its creation."""
    found, recipe = step.registered, model.spec.recipe()
    spec = SentimentModelRevisionSpec(
        model_ref=ModelReference(name=model.name),
        version=step.label,
        recipe=recipe,
        recipe_hash=recipe.recipe_hash(),
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
    return {
        "apiVersion": API_VERSION,
        "kind": "SentimentModelRevision",
        "metadata": {
            "name": names.revision_name(model.name, step.label),
            "namespace": model.namespace,
            "labels": names.labels(model.name, names.TRAINER, step.label),
            "ownerReferences": [names.owner_reference(model)],
        },
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
