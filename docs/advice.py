"""What a person does about each reason: the one part of the troubleshooting page that the operator cannot say of itself.

A reason that is missing here stops the page from being written; one that nothing says any more fails its test. Where the
operator's message has a meaning and a next step of its own, they stay empty here and the page takes the operator's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from docs import commands
from docs.markdown import code, link
from docs.reasons import PodReason, ServerReason
from sentiment_contract.training import FailureReason, Fault
from sentiment_operator.api import ConditionType
from sentiment_operator.reasons import Reason


@dataclass(frozen=True, slots=True)
class Calm:
    """Nothing is wrong."""

    next: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something is in the way."""

    look: str
    """Where the cause shows."""
    meaning: str = ""
    """Empty: the operator's message says it."""
    next: str = ""
    """Empty: the operator's message says it."""


RETRY = "Try a failed version again"
"""The heading above the command that does it."""
_ANNOTATION = link("retry annotation", RETRY)

NOTHING = Calm("Nothing.")
WAIT = Calm("Wait.")

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
    next="Make the image available to the nodes, or correct the chart's `image` values or `imagePullSecrets`.",
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
    Reason.CHECKED: NOTHING,
    Reason.FINISHED: NOTHING,
    Reason.NO_GATES: NOTHING,
    Reason.COMPLETE: NOTHING,
    Reason.DIGEST_VERIFIED: NOTHING,
    Reason.RECIPE_MATCHES: NOTHING,
    Reason.SERVING: NOTHING,
    Reason.NO_DEAD_END: NOTHING,
    Reason.SETTLED: NOTHING,
    Reason.NOT_REQUIRED: NOTHING,
    Reason.NOT_MONITORED: NOTHING,
    Reason.NOT_REACHED: Calm("Look at the first condition on the way that is not `True`."),
    Reason.NOT_TRAINED: WAIT,
    Reason.PROGRESSING: WAIT,
    Reason.SETTLING: WAIT,
    Reason.QUEUED: Calm("Wait, or raise the chart's `operator.maxConcurrentTrainings`."),
    Reason.TRAINING_STARTED: WAIT,
    Reason.TRAINING_RUNNING: Calm(f"Wait. To watch it: {code(commands.JOB_LOG)}"),
    Reason.CHECKING: WAIT,
    Reason.STARTING: WAIT,
    Reason.ROLLING_OUT: WAIT,
    Reason.DRAINING: Calm("Wait: pods of the old version answer their last requests."),
    Reason.PROBING: Calm(
        f"Wait. If it stays so, see whether the Service has ready addresses: {code(commands.ENDPOINTS)}"
    ),
    # Said by the operator
    Reason.INVALID: Act(
        look=f"{code(commands.EXPLAIN)}, or the [field reference](fields.md).",
        meaning="The operator cannot read the spec: it was stored before the API server knew the rules, or past them.",
    ),
    Reason.CONFLICT: Act(look=code("kubectl get smod -A")),
    FailureReason.REGISTRY_UNREACHABLE: Act(look=code(commands.MLFLOW)),
    FailureReason.VERSION_CONFLICT: Act(look=f"The tags of the model version in MLflow, and {code(commands.LIST)}"),
    Reason.REGISTRATION_MISSING: Act(look="The registered model in MLflow."),
    Reason.REGISTRATION_INCOMPLETE: Act(look="The tags of the model version in MLflow."),
    Reason.NAME_TAKEN: Act(look=code(commands.OBJECTS)),
    Reason.REFUSED: Act(look="The message holds the API server's own words."),
    Reason.SUSPENDED: Act(look="`spec.suspend`."),
    Reason.RECIPE_CHANGED: Act(look=f"{code(commands.REVISION)}: its `spec.recipe` beside today's `spec`"),
    Reason.PROGRESS_DEADLINE_EXCEEDED: Act(look=code(commands.SERVER_LOG)),
    Reason.NO_POD_READY: Act(
        look=f"{code(commands.PODS)}, then {code(commands.SERVER_LOG)}",
        next="Before the first version is ready: wait. Later: follow the reason of `RolledOut`.",
    ),
    # Said by the trainer: the data
    FailureReason.DATA_NOT_FOUND: Act(
        look="The message names the place. For a volume it lists what is there.",
        meaning="The data is not where the spec says.",
        next="Put it there, or correct `spec.data`.",
    ),
    FailureReason.DATA_HASH_MISMATCH: Act(
        look="The message shows both hashes.",
        meaning="The file is not the one that was meant: its hash differs from `sha256`, or from its `.dvc` file.",
        next="Put the right file back (`dvc push` it again), or set `sha256` to the hash of the new one.",
    ),
    FailureReason.DATA_EMPTY: Act(
        look="The file itself.",
        meaning="The file has 0 bytes.",
        next="Write the reviews into it again.",
    ),
    FailureReason.DATA_NO_ROWS: Act(
        look="The file itself.",
        meaning="The file has a header and no rows.",
        next="Write reviews below the header.",
    ),
    FailureReason.DATA_TOO_FEW_ROWS: Act(
        look="The message counts the usable rows.",
        meaning="Too few usable rows, or none left to train on or to evaluate with.",
        next="Add reviews, lower `spec.data.checks.minRows`, or change `spec.data.testPercent`.",
    ),
    FailureReason.DATA_ONE_CLASS: Act(
        look="The column of `spec.data.labelColumn`.",
        meaning="All reviews have the same sentiment.",
        next="Add reviews of the other one.",
    ),
    FailureReason.DATA_UNKNOWN_LABEL: Act(
        look="The message shows the label and its row.",
        meaning="A label is none of `positive`, `negative`, `1`, `0`.",
        next="Translate the labels, or leave out rows without a sentiment.",
    ),
    FailureReason.DATA_COLUMN_MISSING: Act(
        look="The message lists the columns that the file has.",
        meaning="The file has no such column.",
        next="Set `spec.data.textColumn` and `spec.data.labelColumn` to two of them.",
    ),
    FailureReason.DATA_NOT_UTF8: Act(
        look="The message says where the text breaks off.",
        meaning="The file is not UTF-8.",
        next="Convert it, for example with `iconv -f LATIN1 -t UTF-8`.",
    ),
    FailureReason.DATA_UNREADABLE: Act(
        look="The message says what is wrong, and where.",
        meaning="The file is broken, or the trainer may not read it.",
        next="Write it again as CSV with quoted cells, or as parquet. Let user and group 65532 read it.",
    ),
    FailureReason.DATA_NO_TERMS: Act(
        look="The column of `spec.data.textColumn`.",
        meaning="There are no words to learn from: only stop-words, single letters or punctuation, or too rare ones.",
        next="Choose the right column, or lower `spec.training.parameters.minDocumentFrequency`.",
    ),
    FailureReason.DATA_CHECK_FAILED: Act(
        look="The message names the check and the figure.",
        meaning="The data is not what `spec.data.checks` asks for, its `split` column holds an unknown word, or it is too large.",
        next="Clean the data, or change the limit that the message names.",
    ),
    FailureReason.REPOSITORY_UNREACHABLE: Act(
        look="The message shows what git said.",
        meaning="The git repository could not be cloned.",
        next="Correct `spec.data.dvc.repoURL`, and see that it answers from inside the cluster.",
    ),
    FailureReason.REVISION_NOT_FOUND: Act(
        look="The message lists the tags and branches that there are.",
        meaning="The repository has no such commit, tag or branch.",
        next="Push it, or correct `spec.data.dvc.revision`.",
    ),
    FailureReason.CREDENTIALS_DENIED: Act(
        look=f"The keys of the Secret: {code(commands.CREDENTIALS)}",
        meaning="The repository, the DVC remote or the address refused the login.",
        next="Put valid credentials into the Secret of `spec.data.dvc.credentialsSecretRef`. A `url` may need no login.",
    ),
    FailureReason.DATA_UNREACHABLE: Act(
        look="The message shows what the server or the DVC remote said.",
        meaning="The data could not be downloaded.",
        next="See that the address or the remote answers from inside the cluster, or correct `spec.data.dvc.remote`.",
    ),
    # Said by the trainer: itself
    FailureReason.INVALID_ORDER: Act(
        look=code(commands.JOB_DESCRIBE),
        meaning="The trainer does not understand what it was told.",
        next="Install operator and trainer images of one version.",
    ),
    FailureReason.PARITY_FAILED: Act(
        look=code(commands.JOB_LOG),
        meaning="The compiled model scores some reviews differently from scikit-learn, so it was not registered.",
        next="Train on the processor family and with the packages of the trainer image. If you do already, report it.",
    ),
    FailureReason.TRAINER_ERROR: Act(
        look=code(commands.JOB_LOG),
        meaning="The trainer itself failed.",
        next="Read the log and report it.",
    ),
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
