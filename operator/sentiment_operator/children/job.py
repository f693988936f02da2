"""The training of one version: one pod that fetches, fits and registers, and says in a few words how it went."""

from sentiment_contract.recipe import Data
from sentiment_contract.training import FINAL_EXIT_CODES, ORDER_VARIABLE, TrainingOrder
from sentiment_operator import names
from sentiment_operator.api import TRAINER_RESOURCES
from sentiment_operator.children.pods import container_security, pod_security, resources
from sentiment_operator.facts import Manifest, Model
from sentiment_operator.plan import Train
from sentiment_operator.settings import Settings

DATA_MOUNT = "/data"
SCRATCH_MOUNT = "/scratch"


def training_job(model: Model, step: Train, settings: Settings) -> Manifest:
    """The Job. It has no time to live: it is the record of how a training ended; the operator keeps the latest few."""
    recipe_hash = model.spec.recipe().recipe_hash()
    labels = names.labels(model.name, names.TRAINER, step.label)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": names.job_name(model.name, recipe_hash, step.attempt),
            "namespace": model.namespace,
            "labels": labels,
            "annotations": {
                names.RECIPE_HASH_ANNOTATION: recipe_hash,
                names.ATTEMPT_ANNOTATION: str(step.attempt),
                names.JOB_RETRY_ANNOTATION: model.retry,
            },
            "ownerReferences": [names.owner_reference(model)],
        },
        "spec": {
            "backoffLimit": model.spec.training.backoff_limit,
            "activeDeadlineSeconds": model.spec.training.active_deadline_seconds,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _failure_rules()},
            "template": {"metadata": {"labels": labels}, "spec": _pod(model, step, settings)},
        },
    }


def _failure_rules() -> list[Manifest]:
    """An eviction is tried again and not counted; what the trainer calls final is not tried again."""
    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {
            "action": "FailJob",
            "onExitCodes": {"containerName": "trainer", "operator": "In", "values": FINAL_EXIT_CODES},
        },
    ]


def _pod(model: Model, step: Train, settings: Settings) -> Manifest:
    claim = _claim(model.spec.data)
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
                "image": settings.trainer_image,
                "imagePullPolicy": settings.image_pull_policy,
                "args": ["run"],
                "env": [
                    {"name": ORDER_VARIABLE, "value": _order(model, step, settings)},
                    {"name": "SENTIMENT_SCRATCH", "value": SCRATCH_MOUNT},
                    {"name": "HOME", "value": SCRATCH_MOUNT},
                    {"name": "MPLCONFIGDIR", "value": SCRATCH_MOUNT},
                ],
                "envFrom": _credentials(model.spec.data),
                "resources": resources(model.spec.training.resources, TRAINER_RESOURCES),
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


def _order(model: Model, step: Train, settings: Settings) -> str:
    recipe = model.spec.recipe()
    order = TrainingOrder(
        namespace=model.namespace,
        model=model.name,
        model_uid=model.uid,
        label=step.label,
        recipe=recipe,
        recipe_hash=recipe.recipe_hash(),
        registered_model=names.registered_model(model),
        trackingURL=names.tracking_url(model, settings),
        image_digest=settings.trainer_image,
    )
    return order.model_dump_json(by_alias=True, exclude_none=True)


def _claim(data: Data) -> str | None:
    if data.volume is not None:
        return data.volume.claim_name
    return data.dvc.volume_claim_name if data.dvc is not None else None


def _credentials(data: Data) -> list[Manifest]:
    """By reference only: neither the operator nor the Job's manifest ever holds a secret."""
    reference = data.dvc.credentials_secret_ref if data.dvc is not None else None
    return [{"secretRef": {"name": reference.name}}] if reference is not None else []
