"""What a person does about each reason that the trainer gives."""

from collections.abc import Mapping

from docs import commands
from docs.act import Act
from docs.markdown import code
from sentiment_contract.training import FailureReason

TRAINER: Mapping[str, Act] = {
    # The data
    FailureReason.DATA_NOT_FOUND: Act(
        look="The message names the place. For a volume it lists what is there.",
        meaning="The data is not where the spec says, or lies in a DVC remote of a kind that the trainer cannot read.",
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
        next=(
            "Correct `spec.data.dvc.repoURL`, and see that it answers from inside the cluster. A branch that is shown without"
            " credentials the operator looks up itself: then its port has to be in the chart's `networkPolicy.gitPorts`."
        ),
    ),
    FailureReason.PARAMETERS_INVALID: Act(
        look="The message names the file, the commit and what is wrong there.",
        meaning="The file of `spec.training.parametersFrom` is not there, is no YAML, or holds what is no parameter.",
        next=(
            "Correct the file and push it: it may hold what `spec.training.parameters` may hold, and nothing else."
            " Until then the version before goes on."
        ),
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
    # Itself
    FailureReason.INVALID_ORDER: Act(
        look=code(commands.JOB_DESCRIBE),
        meaning="The trainer does not understand what it was told.",
        next="Install operator and trainer images of one version.",
    ),
    FailureReason.SEARCH_FAILED: Act(
        look=f"The failed trials in MLflow, and {code(commands.JOB_LOG)}",
        meaning="No set of parameters could be tried, so there is nothing to train with.",
        next="Correct `spec.training.search.parameters`, or mend what the message names.",
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
}
