"""A Job of the trainer's image: one pod that reads the data, does what its order says, and answers in a few words."""

from collections.abc import Mapping
from dataclasses import dataclass

from sentiment_contract.data import Data
from sentiment_contract.training import EXIT_CODES, FINAL_EXIT_CODES, FailureReason
from sentiment_operator import names
from sentiment_operator.api.resources import TRAINER_RESOURCES, Resources
from sentiment_operator.children.pods import container_security, pod_security, resources
from sentiment_operator.facts.observed import Manifest, Model
from sentiment_operator.settings import Settings

DATA_MOUNT = "/data"
SCRATCH_MOUNT = "/scratch"
OF_ONE_GROUP = [EXIT_CODES[FailureReason.SEARCH_FAILED]]
"""What a pod of a search says of its own trials alone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a Job may use, and how often and how long it may try."""

    resources: Resources
    active_deadline_seconds: int
    backoff_limit: int


@dataclass(frozen=True, slots=True)
class Indexes:
    """Parts of one Job that run in a pod each and fail each for itself."""

    count: int
    at_once: int
    queue: str | None
    """The queue of Kueue that the Job waits in."""


@dataclass(frozen=True, slots=True)
class Work:
    """What distinguishes one Job of the trainer from another."""

    name: str
    label: str
    """The version it is about."""
    annotations: Mapping[str, str]
    command: str
    """Subcommand of the trainer."""
    variable: str
    """Environment variable that holds the order."""
    order: str
    """The order as JSON."""
    data: Data | None
    """None: it needs none."""
    limits: Limits | None = None
    """None: those that the model gives its trainings."""
    image: str = ""
    """Empty: the operator's own trainer."""
    indexes: Indexes | None = None
    """None: it is done by one pod."""


def trainer_job(model: Model, work: Work, settings: Settings) -> Manifest:
    """The Job. It has no time to live: it is the record of how the work ended; the operator keeps the latest few."""
    labels = names.labels(model, names.TRAINER, work.label)
    limits = work.limits or _limits(model)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": work.name,
            "namespace": model.namespace,
            "labels": {**labels, **_queue(work.indexes)},
            "annotations": dict(work.annotations),
            "ownerReferences": [names.owner_reference(model)],
        },
        "spec": {
            **_pods(work.indexes, limits),
            "activeDeadlineSeconds": limits.active_deadline_seconds,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _failure_rules(work.indexes)},
            "template": {"metadata": {"labels": labels}, "spec": _pod(model, work, limits, settings)},
        },
    }


def _queue(indexes: Indexes | None) -> dict[str, str]:
    return {names.QUEUE_LABEL: indexes.queue} if indexes is not None and indexes.queue is not None else {}


def _pods(indexes: Indexes | None, limits: Limits) -> Manifest:
    """How many pods there are, and how often one that crashed is replaced."""
    if indexes is None:
        return {"backoffLimit": limits.backoff_limit}
    return {
        "completionMode": "Indexed",
        "completions": indexes.count,
        "parallelism": min(indexes.at_once, indexes.count),
        "backoffLimitPerIndex": limits.backoff_limit,
    }


def _failure_rules(indexes: Indexes | None) -> list[Manifest]:
    """An eviction is tried again and not counted; what the trainer calls final is not tried again. Where that is said of
    one index, the others go on."""
    of_index = [_on(OF_ONE_GROUP, "FailIndex")] if indexes is not None else []
    final = [code for code in FINAL_EXIT_CODES if indexes is None or code not in OF_ONE_GROUP]
    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        *of_index,
        _on(final, "FailJob"),
    ]


def _on(exit_codes: list[int], action: str) -> Manifest:
    return {
        "action": action,
        "onExitCodes": {"containerName": "trainer", "operator": "In", "values": exit_codes},
    }


def _limits(model: Model) -> Limits:
    training = model.spec.training
    return Limits(training.resources, training.active_deadline_seconds, training.backoff_limit)


def _pod(model: Model, work: Work, limits: Limits, settings: Settings) -> Manifest:
    claim = _claim(work.data)
    data_volume = [{"name": "data", "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}] if claim else []
    data_mount = [{"name": "data", "mountPath": DATA_MOUNT, "readOnly": True}] if claim else []
    return {
        "restartPolicy": "Never",
        "serviceAccountName": model.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [
            {
                "name": "trainer",
                "image": work.image or settings.trainer_image,
                "imagePullPolicy": settings.image_pull_policy,
                "args": [work.command],
                "env": [
                    {"name": work.variable, "value": work.order},
                    {"name": "SENTIMENT_SCRATCH", "value": SCRATCH_MOUNT},
                    {"name": "HOME", "value": SCRATCH_MOUNT},
                    {"name": "MPLCONFIGDIR", "value": SCRATCH_MOUNT},
                ],
                "envFrom": _credentials(work.data),
                "resources": resources(limits.resources, TRAINER_RESOURCES),
                "securityContext": container_security(),
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": [
                    {"name": "scratch", "mountPath": SCRATCH_MOUNT},
                    {"name": "tmp", "mountPath": "/tmp"},
                    *data_mount,
                ],
            }
        ],
        "volumes": [
            {"name": "scratch", "emptyDir": {"sizeLimit": "20Gi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}},
            *data_volume,
        ],
    }


def _claim(data: Data | None) -> str | None:
    if data is None:
        return None
    if data.volume is not None:
        return data.volume.claim_name
    return data.dvc.volume_claim_name if data.dvc is not None else None


def _credentials(data: Data | None) -> list[Manifest]:
    """By reference only: neither the operator nor the Job's manifest ever holds a secret."""
    reference = data.dvc.credentials_secret_ref if data is not None and data.dvc is not None else None
    return [{"secretRef": {"name": reference.name}}] if reference is not None else []
