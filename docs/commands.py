"""The kubectl commands of the troubleshooting page. What is in capitals is the reader's own."""

from typing import NamedTuple

from sentiment_operator.names import INSTANCE_LABEL

_OF_THE_MODEL = f"-l {INSTANCE_LABEL}=NAME"

DESCRIBE = "kubectl -n NAMESPACE describe smod NAME"
LIST = "kubectl -n NAMESPACE get smod,smrev"
EVENTS = (
    "kubectl -n NAMESPACE get events --sort-by=.metadata.creationTimestamp --field-selector involvedObject.name=NAME"
)
LAST_FAILURE = "kubectl -n NAMESPACE get smod NAME -o jsonpath='{.status.lastFailure}'"
JOB_NAME = "kubectl -n NAMESPACE get smod NAME -o jsonpath='{.status.training.jobName}'"
JOB_LOG = "kubectl -n NAMESPACE logs job/JOB --tail=50"
JOB_DESCRIBE = "kubectl -n NAMESPACE describe job JOB"
COMPARISON_LOG = f"kubectl -n NAMESPACE logs {_OF_THE_MODEL},app.kubernetes.io/component=trainer --tail=50"
APPROVALS = "kubectl -n NAMESPACE get smap"
OBJECTS = f"kubectl -n NAMESPACE get jobs,deployments,services,hpa,pods {_OF_THE_MODEL}"
PODS = f"kubectl -n NAMESPACE describe pods {_OF_THE_MODEL}"
SERVER_LOG = "kubectl -n NAMESPACE logs deployment/NAME --tail=50"
SERVER_LOG_BEFORE = "kubectl -n NAMESPACE logs POD --previous --tail=50"
ENDPOINTS = "kubectl -n NAMESPACE get endpointslices -l kubernetes.io/service-name=NAME"
REVISION = "kubectl -n NAMESPACE get smrev NAME.VERSION -o yaml"
ROUTE = "kubectl -n NAMESPACE describe httproute NAME"
ROUTER = "kubectl -n NAMESPACE get smod NAME -o jsonpath='{.spec.rollout}'"
GATEWAYS = "kubectl get gateways -A"
QUOTA = "kubectl -n NAMESPACE get resourcequota,limitrange"
CREDENTIALS = "kubectl -n NAMESPACE describe secret SECRET"
MLFLOW = "kubectl -n sentiment-system logs deployment/mlflow --tail=50"
OPERATOR = "kubectl -n sentiment-system logs deployment/sentiment-operator --tail=50"
NODES = "kubectl describe nodes"
EXPLAIN = "kubectl explain smod.spec"


class Look(NamedTuple):
    """What one of them shows."""

    shows: str
    command: str


LOOKS = (
    Look("every condition with its message, and the latest events", DESCRIBE),
    Look("all models and versions in one line each", LIST),
    Look("what happened, in order", EVENTS),
    Look("the latest failure, with exit code and attempt", LAST_FAILURE),
    Look("everything that runs for the model", OBJECTS),
    Look("name of the training Job", JOB_NAME),
    Look("what the trainer said", JOB_LOG),
    Look("why a pod does not start, in Kubernetes' words", PODS),
    Look("what the model server said", SERVER_LOG),
    Look("where a version comes from", REVISION),
    Look("what people answered for a version", APPROVALS),
    Look("what the operator did", OPERATOR),
    Look("what MLflow said", MLFLOW),
)
"""Where to look closer, from the model outwards."""
