"""The reasons that the operator passes on from others: what pods say, in Kubernetes' words or in those of the model server.

Kubernetes has more words than these. Here are those that a model meets; any other one is passed on just the same.
"""

from enum import StrEnum

from sentiment_operator.api.reasons import Reason
from sentiment_server.model.state import Reason as ServerReason


class PodReason(StrEnum):
    """Why a pod does not get on, or how a Job failed, as Kubernetes names it."""

    UNSCHEDULABLE = "Unschedulable"
    FAILED_CREATE = "FailedCreate"
    IMAGE_PULL_BACK_OFF = "ImagePullBackOff"
    ERR_IMAGE_PULL = "ErrImagePull"
    ERR_IMAGE_NEVER_PULL = "ErrImageNeverPull"
    CREATE_CONTAINER_CONFIG_ERROR = "CreateContainerConfigError"
    CREATE_CONTAINER_ERROR = "CreateContainerError"
    CRASH_LOOP_BACK_OFF = "CrashLoopBackOff"
    OOM_KILLED = "OOMKilled"
    EVICTED = "Evicted"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
    POD_FAILURE_POLICY = "PodFailurePolicy"


_STARTING = (
    PodReason.UNSCHEDULABLE,
    PodReason.IMAGE_PULL_BACK_OFF,
    PodReason.ERR_IMAGE_PULL,
    PodReason.ERR_IMAGE_NEVER_PULL,
    PodReason.CREATE_CONTAINER_CONFIG_ERROR,
    PodReason.CREATE_CONTAINER_ERROR,
)
TRAINING_WAITS = (*_STARTING, PodReason.FAILED_CREATE)
"""Why a training does not begin."""
TRAINING_ENDS = (
    PodReason.OOM_KILLED,
    PodReason.DEADLINE_EXCEEDED,
    PodReason.BACKOFF_LIMIT_EXCEEDED,
    PodReason.POD_FAILURE_POLICY,
    PodReason.EVICTED,
    Reason.JOB_FAILED,
    Reason.TRAINING_FAILED,
)
"""How a training ends whose trainer did not say why."""
ON_ITS_WAY = frozenset({ServerReason.LOADING, ServerReason.DRAINING, ServerReason.READY})
"""What a model server says that needs no more than time."""
SERVER_TROUBLES = tuple(reason for reason in ServerReason if reason not in ON_ITS_WAY)
SERVING_WAITS = (
    *_STARTING,
    PodReason.CRASH_LOOP_BACK_OFF,
    PodReason.OOM_KILLED,
    PodReason.EVICTED,
    *SERVER_TROUBLES,
)
"""Why a serving pod is not ready."""
