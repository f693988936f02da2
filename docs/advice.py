"""What a person does about each reason: the one part of the troubleshooting page that the operator cannot say of itself.

A reason that is missing here stops the page from being written; one that nothing says any more fails its test. Where the
operator's message has a meaning and a next step of its own, they stay empty here and the page takes the operator's.
What the trainer says is in advice_on_training.py.
"""

from collections.abc import Mapping

from docs import commands
from docs.act import NOTHING, WAIT, Act, Calm
from docs.advice_on_training import TRAINER
from docs.markdown import code, link
from docs.reasons import PodReason, ServerReason
from sentiment_contract.training import FailureReason, Fault
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType
from sentiment_operator.explaining.next_step import find_registry

RETRY = "Try a failed version again"
"""The heading above the command that does it."""
_ANNOTATION = link("retry annotation", RETRY)

QUESTIONS: Mapping[ConditionType, str] = {
    ConditionType.READY: "Does the wanted version have all traffic, and was a known review answered by it?",
    ConditionType.AVAILABLE: "Does any version answer?",
    ConditionType.ACCEPTED: "Is the spec valid, and its registered model its own?",
    ConditionType.DEPENDENCIES_READY: "Does everything answer that is needed now?",
    ConditionType.DATA_VERIFIED: "Is the data there, the one that was meant, and fit to learn from?",
    ConditionType.TRAINED: "Was the wanted version trained?",
    ConditionType.REGISTERED: "Does MLflow hold the wanted version, with proof of what it is?",
    ConditionType.GATES_PASSED: "Did the wanted version pass its gates?",
    ConditionType.ROLLED_OUT: "Does every pod run the wanted version?",
    ConditionType.UP_TO_DATE: "Did the wanted version come from what the spec says today?",
    ConditionType.LINEAGE_VERIFIED: "Is what answers, byte for byte, what was registered?",
    ConditionType.RECONCILING: "Is something under way?",
    ConditionType.STALLED: "Does it need a person, or a pause, to go on?",
    ConditionType.AWAITING_APPROVAL: "Does a person have to say yes first?",
    ConditionType.DRIFTED: "Does what is asked differ from what was trained on?",
    ConditionType.NOTIFIED: "Does whoever the spec names hear of what happens?",
}
"""What each condition answers."""

AGAIN: Mapping[Fault, str] = {
    Fault.DATA: f"{link('tried again', RETRY)} when you say so",
    Fault.LABEL: "trained under another label only",
    Fault.SURROUNDINGS: "tried again by itself",
    Fault.PRODUCT: "tried again `backoffLimit` times",
}
"""Whether a failed training is tried again."""

_IMAGE = Act(
    look=code(commands.PODS),
    meaning="The node cannot get the image.",
    next=(
        "Make the image available to the nodes, or correct the chart's `image` values or `imagePullSecrets`: Secrets of those"
        " names have to be in the model's namespace, too. A pod that waits takes up other ones once it is deleted."
    ),
)
_CONTAINER = Act(
    look=code(commands.PODS),
    meaning="The node cannot make the container: something that the pod names is missing.",
    next="Create what the message names, for example the Secret of `spec.data.dvc.credentialsSecretRef`.",
)
_NO_ANSWER = f"The message holds the last lines of the log. More: {code(commands.JOB_LOG)}"

ADVICE: Mapping[str, Calm | Act] = {
    # On the way, and there
    Reason.VALID: NOTHING,
    Reason.NOTHING_MISSING: NOTHING,
    Reason.RECORDED: NOTHING,
    Reason.PROMOTED: NOTHING,
    Reason.CHECKED: NOTHING,
    Reason.FINISHED: NOTHING,
    Reason.NO_GATES: NOTHING,
    Reason.PASSED: NOTHING,
    Reason.EVIDENCE_REUSED: NOTHING,
    Reason.APPROVED: NOTHING,
    Reason.COMPARING: Calm(f"Wait. To watch it: {code(commands.COMPARISON_LOG)}"),
    Reason.PASSED_WITH_WARNINGS: Calm("It serves. See whether what the message says is good enough for you."),
    Reason.APPROVAL_REQUESTED: Calm("Have somebody approve it who may: the message ends with the command."),
    ConditionType.AWAITING_APPROVAL: Calm("Have somebody approve it who may: the message ends with the command."),
    Reason.GATE_FAILED: Act(
        look=f"{code(commands.REVISION)}: its `status.gates`, and the comparison's report in the MLflow run",
        next="Train something better under another `spec.version`, or change `spec.gates` if they ask for too much.",
    ),
    Reason.GATE_INCONCLUSIVE: Act(
        look=f"{code(commands.REVISION)}: its `status.gates`",
        next=(
            "Where there were too few reviews to tell: hold out more (`spec.data.testPercent`, more rows) or allow a larger"
            f" `maxDecrease`. Where something hindered the comparison: mend it and set the {_ANNOTATION}."
        ),
    ),
    Reason.REJECTED: Act(
        look=f"{code(commands.APPROVALS)}: who said no, and why",
        meaning="Somebody rejected the version. It does not serve; what serves is not touched.",
    ),
    Reason.ROLLED_BACK: Act(
        look=f"{code(commands.REVISION)}: its `status.failedRollouts`",
        meaning="The candidate did not keep the limits of `spec.rollout.analysis`, or its pods never answered. It was removed;"
        " what served serves on, and `spec` is as you wrote it.",
    ),
    Reason.ROLLOUT_HELD: Act(
        look=f"{code(commands.REVISION)}: its `status.failedRollouts`, and {code(commands.PODS)}",
        meaning="The candidate failed and stays as it is, because `spec.rollout.onFailure` is `Hold`.",
    ),
    Reason.ROUTE_NOT_ACCEPTED: Act(
        look=f"{code(commands.ROUTE)}: its `status.parents`, and {code(commands.GATEWAYS)}",
        meaning="The pods of the candidate are ready, and the Gateway takes no requests for the model: it does not exist, its"
        " controller does not run, or it refuses the route. The candidate is not to blame: its step waits, however long.",
        next="Correct `spec.rollout.gateway`, or have the Gateway's listeners allow routes from the model's namespace.",
    ),
    Reason.SOURCE_MATCHES: NOTHING,
    Reason.SOAKING: Calm("Wait until the moment that the message names."),
    Reason.AWAITING_SOURCE: Calm("See what the followed model waits for: the message ends with the command."),
    Reason.SOURCE_MISSING: Act(
        look=f"`spec.promotion.from`, and {code('kubectl get smod -A')}",
        meaning="The model that this one follows does not exist, or stands in a namespace that the operator does not watch.",
    ),
    Reason.SOURCE_NOT_ALLOWED: Act(
        look="`spec.promotion.allowedNamespaces` of the followed model.",
        meaning="The people of the followed model have not said that models of this namespace may follow it.",
    ),
    Reason.SOURCE_REFUSED: Act(
        look="The followed model: the message ends with the command.",
        meaning="The followed model refused the version, went back from it, or left it before it had served long enough.",
    ),
    Reason.SOURCE_AHEAD: Act(
        look="`spec.version` here, and `status.servingVersion` of the followed model.",
        meaning="`spec.version` names another version than the followed model serves.",
    ),
    Reason.COMPLETE: NOTHING,
    Reason.DIGEST_VERIFIED: NOTHING,
    Reason.RECIPE_MATCHES: NOTHING,
    Reason.SERVING: NOTHING,
    Reason.NO_DEAD_END: NOTHING,
    Reason.SETTLED: NOTHING,
    Reason.NOT_REQUIRED: NOTHING,
    Reason.NOT_MONITORED: NOTHING,
    Reason.NO_SINKS: NOTHING,
    Reason.DELIVERED: NOTHING,
    Reason.DELIVERING: Calm("Wait: what is not taken is tried again for about three and a half hours."),
    Reason.NOT_REACHED: Calm("Look at the first condition on the way that is not `True`."),
    Reason.NOT_TRAINED: WAIT,
    Reason.PROGRESSING: WAIT,
    Reason.SETTLING: WAIT,
    Reason.LOOKING_UP: Calm(f"Wait. If it stays so: {code(commands.OBJECTS)}"),
    Reason.NOT_LOOKED_UP: Calm("Nothing. Remove `spec.version` to follow the branch again."),
    Reason.QUEUED: Calm(
        "Wait. Where the message speaks of other trainings, the chart's `operator.maxConcurrentTrainings` says how many run;"
        " where it speaks of a queue, Kueue does."
    ),
    Reason.TRAINING_STARTED: WAIT,
    Reason.TRAINING_RUNNING: Calm(f"Wait. To watch it: {code(commands.JOB_LOG)}"),
    Reason.SEARCH_RUNNING: Calm(
        f"Wait. `status.training.search` has the figures. To watch it: {code(commands.JOB_LOG)}"
    ),
    Reason.CHECKING: WAIT,
    Reason.STARTING: WAIT,
    Reason.ROLLING_OUT: WAIT,
    Reason.CANDIDATE_STARTING: WAIT,
    Reason.CANARY_RUNNING: Calm("Wait. `status.rollout` holds the figures."),
    Reason.BLUE_GREEN_RUNNING: Calm("Wait. `status.rollout` holds the figures."),
    Reason.SHADOW_RUNNING: Calm("Wait. `status.rollout` holds the figures."),
    Reason.TAKING_OVER: WAIT,
    Reason.DRAINING: Calm("Wait: pods of the old version answer their last requests."),
    Reason.PROBING: Calm(
        f"Wait. If it stays so, see whether the Service has ready addresses: {code(commands.ENDPOINTS)}"
    ),
    # Said by the operator
    Reason.INVALID: Act(
        look=f"{code(commands.EXPLAIN)}, or the [field reference](fields.md).",
        meaning="The operator cannot read the spec: it was stored before the API server knew the rules, or past them.",
    ),
    Reason.LOOK_UP_FAILED: Act(
        look=code(commands.PODS),
        meaning="The Job that looks up what the branch holds ended without an answer.",
        next="Mend what the message names. It is looked up again by itself.",
    ),
    Reason.UNKNOWN_TRAINER: Act(
        look="The message lists the trainers that there are; they come from the chart's value `trainers`."
    ),
    Reason.CONFLICT: Act(look=code("kubectl get smod -A")),
    Reason.UNSUPPORTED_ROUTER: Act(look=code(commands.ROUTER)),
    FailureReason.REGISTRY_UNREACHABLE: Act(
        look=code(commands.MLFLOW),
        next=(
            f"{code(find_registry())}. Where `spec.registry.trackingURL` names another MLflow, see that it answers from inside"
            " the cluster without a login, and that its port is in the chart's `networkPolicy.registryPorts`."
        ),
    ),
    FailureReason.VERSION_CONFLICT: Act(look=f"The tags of the model version in MLflow, and {code(commands.LIST)}"),
    Reason.REGISTRATION_MISSING: Act(look="The registered model in MLflow."),
    Reason.REGISTRATION_INCOMPLETE: Act(look="The tags of the model version in MLflow."),
    Reason.NAME_TAKEN: Act(look=code(commands.OBJECTS)),
    Reason.REFUSED: Act(look="The message holds the API server's own words."),
    Reason.FIELD_CONFLICT: Act(
        look="The message names the other field manager; the command shows which fields it writes."
    ),
    Reason.SUSPENDED: Act(look="`spec.suspend`, and `status.plan` for what would follow."),
    Reason.RECIPE_CHANGED: Act(look=f"{code(commands.REVISION)}: its `spec.recipe` beside today's `spec`"),
    Reason.PROGRESS_DEADLINE_EXCEEDED: Act(look=code(commands.SERVER_LOG)),
    Reason.NO_POD_READY: Act(
        look=f"{code(commands.PODS)}, then {code(commands.SERVER_LOG)}",
        next="Before the first version is ready: wait. Later: follow the reason of `RolledOut`.",
    ),
    Reason.UNKNOWN_SINK: Act(look="`spec.notifications`, and the chart's `notifications.sinks`."),
    Reason.DELIVERY_FAILED: Act(look=f"`status.notifications`, and {code(commands.OPERATOR)}"),
    **TRAINER,
    # Said by a model server
    ServerReason.ARTIFACT_MISSING: Act(
        look=f"The artifacts of the model version in MLflow, and {code(commands.SERVER_LOG)}",
        meaning="MLflow knows the version and has no file for it, or the pod has no room for the file.",
        next="Restore the artifact, or train under a new `spec.version`. Until then go back to the version before.",
    ),
    ServerReason.DIGEST_MISMATCH: Act(
        look=f"The tag `artifact_digest` in MLflow, and {code(commands.REVISION)}",
        meaning="The file in MLflow is not the one that was registered. It is not served.",
        next="Restore the artifact, or train under a new `spec.version`. Until then go back to the version before.",
    ),
    ServerReason.ARTIFACT_REFUSED: Act(
        look=code(commands.SERVER_LOG),
        meaning="The file is damaged, too large, or of a format that this server does not know.",
        next="Train under a new `spec.version`. Until then go back to the version before.",
    ),
    # Said by Kubernetes
    PodReason.UNSCHEDULABLE: Act(
        look=f"{code(commands.PODS)}, then {code(commands.NODES)}",
        meaning="No node has room for the pod, or may run it, or can mount its claim.",
        next="Lower `resources.requests` of `spec.training` or `spec.serving`, add nodes, or see to the claim.",
    ),
    PodReason.FAILED_CREATE: Act(
        look=f"{code(commands.QUOTA)}, then {code(commands.JOB_DESCRIBE)}",
        meaning="The API server takes no pod: a quota, a limit range, Pod Security or another policy.",
        next="Raise the quota, or lower `resources` of `spec.training` or `spec.serving`.",
    ),
    PodReason.IMAGE_PULL_BACK_OFF: _IMAGE,
    PodReason.ERR_IMAGE_PULL: _IMAGE,
    PodReason.ERR_IMAGE_NEVER_PULL: _IMAGE,
    PodReason.CREATE_CONTAINER_CONFIG_ERROR: _CONTAINER,
    PodReason.CREATE_CONTAINER_ERROR: _CONTAINER,
    PodReason.CRASH_LOOP_BACK_OFF: Act(
        look=code(commands.SERVER_LOG_BEFORE),
        meaning="The model server ends again and again.",
        next="Go back to the version before, and report what the log says.",
    ),
    PodReason.OOM_KILLED: Act(
        look=f"The limits in {code(commands.PODS)}",
        meaning="The container used more memory than its limit.",
        next=(
            f"A training: raise `spec.training.resources.limits.memory` and set the {_ANNOTATION}."
            " A serving pod: raise `spec.serving.resources.limits.memory`."
        ),
    ),
    PodReason.EVICTED: Act(
        look=code(commands.NODES),
        meaning="The node was short of memory or disk and ended the pod.",
        next=f"A serving pod is replaced by itself. For a training, give the node room and set the {_ANNOTATION}.",
    ),
    PodReason.DEADLINE_EXCEEDED: Act(
        look=code(commands.JOB_LOG),
        meaning="The training took longer than `spec.training.activeDeadlineSeconds`.",
    ),
    PodReason.BACKOFF_LIMIT_EXCEEDED: Act(
        look=_NO_ANSWER,
        meaning="The training pod crashed more often than `spec.training.backoffLimit` allows.",
    ),
    PodReason.POD_FAILURE_POLICY: Act(
        look=_NO_ANSWER,
        meaning="The trainer ended for good, and its answer cannot be read.",
    ),
    Reason.JOB_FAILED: Act(look=_NO_ANSWER, meaning="The Job failed, and Kubernetes does not say why."),
    Reason.TRAINING_FAILED: Act(
        look=_NO_ANSWER,
        meaning="The Job failed although the trainer said that it ended well.",
    ),
}


def advice_on(reason: str) -> Calm | Act:
    """What to do about the reason. Raises LookupError where nobody has said it yet."""
    if reason not in ADVICE:
        raise LookupError(f"the reason {reason} has no advice. Next: write it in docs/advice.py")
    return ADVICE[reason]
