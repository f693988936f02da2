"""Names that more than one component relies on: labels, ports, environment variables, MLflow tags."""

GROUP = "rottenpotatoes.com"
VERSION_LABEL = f"{GROUP}/version"
RETRY_ANNOTATION = f"{GROUP}/retry"

HTTP_PORT = 8000
METRICS_PORT = 9000

REGISTRY_LABEL_TAG = f"{GROUP}/label/"
"""Prefix of the MLflow model version tag of one label; the tag's value is the recipe hash the label was trained from."""

REGISTRY_SERVED_TAG = f"{GROUP}/served/"
"""Prefix of the MLflow model version tag of one model that serves it; `<namespace>/<name>` follows. Its value is a JSON
list: when it began to serve there, why, and who had approved it, the latest last."""

TAG_FINGERPRINT = "fingerprint"
TAG_RECIPE_HASH = "recipe_hash"
TAG_DATA_HASH = "data_hash"
TAG_GIT_COMMIT = "git_commit"
TAG_GIT_AUTHOR = "git_author"
"""E-mail address of who wrote that commit, in lower case: that person may be barred from approving the version."""
TAG_ARTIFACT_DIGEST = "artifact_digest"
TAG_MODEL_UID = "cr_uid"
TAG_ENVIRONMENT_HASH = "environment_hash"
TAG_METRICS = "metrics"
"""JSON object of decimal strings, so that a revision can be rebuilt from the model version alone."""
TAG_RECIPE = "recipe"
"""JSON of the recipe, for the same purpose."""
TAG_SPLIT = "split"
"""How held-out reviews were chosen, `Hash` or `Column`: a later version is compared on reviews that neither has learnt."""
TAG_HELD_OUT_DIGEST = "held_out_digest"
"""SHA-256 of the held-out reviews that the run keeps, so that later versions are judged by them too."""
TAG_SEARCH = "search"
"""Fingerprint of the search that a run is one trial of."""
TAG_TRIAL = "trial"
"""Number of that trial."""
TAG_SEARCH_RESULT = "search_result"
"""JSON of what the search came to, on the run and the model version that were trained with its best parameters."""
PROGRESS_METRIC = "progress_percent"
CROSS_VALIDATION_METRIC = "cross_validation_accuracy"

ARTIFACT_PATH = "artifacts/model.rpm1"
"""Path of the compiled model below the source of a model version, as `/model-versions/get-artifact` takes it."""

CHAMPION = "champion"
CHALLENGER = "challenger"


class ServerVariable:
    """Environment variables of the model server; the operator sets them in the pod template."""

    MODEL = "SENTIMENT_MODEL"
    VERSION = "SENTIMENT_VERSION"
    DIGEST = "SENTIMENT_ARTIFACT_DIGEST"
    TRACKING_URL = "SENTIMENT_TRACKING_URL"
    REGISTERED_MODEL = "SENTIMENT_REGISTERED_MODEL"
    REGISTRY_VERSION = "SENTIMENT_REGISTRY_VERSION"
    LINEAGE = "SENTIMENT_LINEAGE"
    """JSON object of strings, shown by GET /version."""
    ROLLOUT_FILE = "SENTIMENT_ROLLOUT_FILE"
    """Where the RolloutSetting is mounted while a rollout runs."""
    CACHE_DIRECTORY = "SENTIMENT_CACHE_DIRECTORY"
    """Where the fetched artifact is kept, an emptyDir, so that a restarted container needs no MLflow."""


KNOWN_REVIEWS: dict[str, str] = {
    "positive": "An excellent, wonderful film: great acting, a beautiful story, and I loved every perfect minute of it.",
    "negative": "The worst movie: awful, boring and terrible acting, a waste of time that I hated, bad in every way.",
}
"""Reviews that the server scores before it is ready and the operator scores through the Service. Their answer is
checked for shape and version, not for sentiment: an odd but faithful model must not be refused."""
