"""Every name and label that the operator gives, in one place: what it created is found again by nothing else.

It knows no client and decides nothing.
"""

from collections.abc import Mapping

from sentiment_contract.names import GROUP, RETRY_ANNOTATION, VERSION_LABEL
from sentiment_operator.api.model import API_VERSION
from sentiment_operator.facts.observed import ChildKind, Manifest, Model
from sentiment_operator.replicas.sharding import bucket_of
from sentiment_operator.settings import Settings

FIELD_MANAGER = "sentiment-operator"
MANAGER = "sentiment-operator"

NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
COMPONENT_LABEL = "app.kubernetes.io/component"
BUCKET_LABEL = f"{GROUP}/bucket"
"""By it a replica of the operator leaves out what others act for: see replicas/sharding.py."""
APPLICATION = "sentiment-model"
TRAINER = "trainer"
SERVER = "server"
SHADOW = "shadow"
"""A server that answers copies of requests only: no Service, autoscaler or disruption budget counts it."""
MLFLOW = "mlflow"
"""How the chart calls the pods of its MLflow."""

RECIPE_HASH_ANNOTATION = f"{GROUP}/recipe-hash"
ATTEMPT_ANNOTATION = f"{GROUP}/attempt"
JOB_RETRY_ANNOTATION = RETRY_ANNOTATION
ARTIFACT_DIGEST_ANNOTATION = f"{GROUP}/artifact-digest"
DATA_HASH_ANNOTATION = f"{GROUP}/data-hash"
RUN_ANNOTATION = f"{GROUP}/mlflow-run"
COMMIT_ANNOTATION = f"{GROUP}/git-commit"

ROLLOUT_ANNOTATION = f"{GROUP}/rollout"
"""How far a rollout is, on the Deployment of its candidate."""
IN_FORCE_ANNOTATION = f"{GROUP}/in-force"
"""On the Deployment of a model: how it was served and rolled out when that was last written."""
COMPARISON_ANNOTATION = f"{GROUP}/comparison"
"""Tells a comparison from a training: the hash of what is compared."""

LOOK_UP_ANNOTATION = f"{GROUP}/look-up"
"""Tells a look-up from a training: the hash of what is looked up."""
LOOK_UP_COMMIT_ANNOTATION = f"{GROUP}/look-up-commit"

SEARCH_ANNOTATION = f"{GROUP}/search"
"""Tells a search from a training: how many trials each of its groups has, with commas between."""
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
"""What Kueue knows the Jobs by that wait in its queues."""

RECIPE_DIGITS = 8
_SUFFIXES = {
    ChildKind.CANDIDATE: "-candidate",
    ChildKind.CANDIDATE_SERVICE: "-candidate",
    ChildKind.ROLLOUT_SETTING: "-candidate",
}
COMPARISON_DIGITS = 8
LOOK_UP_DIGITS = 8


def job_name(model: str, recipe_hash: str, attempt: int) -> str:
    """Name of a training Job: at most 40 + 7 + 8 + 1 + digits of the attempt, so always a valid label value too."""
    return f"{model}-train-{recipe_hash[:RECIPE_DIGITS]}-{attempt}"


def search_name(model: str, recipe_hash: str, attempt: int) -> str:
    """Name of a Job that searches. A pod's name of an Indexed Job ends in its index, so this one has to be shorter."""
    return f"{model}-tune-{recipe_hash[:RECIPE_DIGITS]}-{attempt}"


def comparison_name(model: str, key: str, attempt: int) -> str:
    """Name of a Job that scores for the gates: as short as that of a training."""
    return f"{model}-gate-{key[:COMPARISON_DIGITS]}-{attempt}"


def child_name(model: str, kind: ChildKind) -> str:
    """Name of a serving child. What belongs to a rollout alone has a suffix that no model's name may end in."""
    return f"{model}{_SUFFIXES.get(kind, '')}"


def look_up_name(model: str, key: str, attempt: int) -> str:
    """Name of a Job that looks up what a branch holds: as short as that of a training."""
    return f"{model}-look-{key[:LOOK_UP_DIGITS]}-{attempt}"


def revision_name(model: str, label: str) -> str:
    """Name of the revision of one label."""
    return f"{model}.{label}"


def identity_labels(model: str, component: str) -> dict[str, str]:
    """Labels that never change while the object lives, and so may select."""
    return {NAME_LABEL: APPLICATION, INSTANCE_LABEL: model, COMPONENT_LABEL: component}


def labels(model: Model, component: str, version: str) -> dict[str, str]:
    """Labels of a child that belongs to a version; without a version, of one that outlives them."""
    versioned = {VERSION_LABEL: version} if version else {}
    watched = {MANAGED_BY_LABEL: MANAGER, BUCKET_LABEL: str(bucket_of(model.namespace))}
    return {**identity_labels(model.name, component), **watched, **versioned}


def selector(labels: Mapping[str, str]) -> str:
    """The labels as kubectl takes them."""
    return ",".join(f"{name}={value}" for name, value in labels.items())


def owner_reference(model: Model) -> Manifest:
    """The model as controller: the garbage collector removes the child with it, with or without the operator.

    `blockOwnerDeletion` is left false: true would need the right to update finalizers of models.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": "SentimentModel",
        "name": model.name,
        "uid": model.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def service_url(model: Model) -> str:
    """Where the model answers inside the cluster."""
    return f"http://{model.name}.{model.namespace}.svc"


def registered_model(model: Model) -> str:
    """Name of the registered model in MLflow."""
    return model.spec.registry.model_name or f"{model.namespace}.{model.name}"


def tracking_url(model: Model, settings: Settings) -> str:
    """MLflow of this model."""
    return (model.spec.registry.tracking_url or settings.tracking_url).rstrip("/")
