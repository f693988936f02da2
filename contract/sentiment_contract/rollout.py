"""What the servers of one model are told while two of its versions run, and what the operator reads from them.

The operator writes one JSON file, which is mounted into every serving pod and may change while the pod lives. Each pod
tells its own part from its own digest. This module knows neither how a rollout is decided nor how texts are scored.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire

SETTING_DIRECTORY = "/etc/sentiment/rollout"
SETTING_FILE = "rollout.json"

REQUESTS_METRIC = "sentiment_requests_total"
"""Counter of replies, with the labels route, method and status."""
SECONDS_METRIC = "sentiment_request_seconds"
"""Histogram of the time from a request's head to the last byte of its reply, with the label route."""
COMPARED_METRIC = "sentiment_compared_total"
"""Counter of texts that were scored by the baseline as well."""
DISAGREEMENTS_METRIC = "sentiment_disagreements_total"
"""Counter of those among them for which the baseline names another sentiment."""
COMPARING_METRIC = "sentiment_comparing"
"""1 while the baseline is loaded and texts are scored by it too."""
LOADED_METRIC = "sentiment_loaded_timestamp_seconds"
"""Unix time at which the model was loaded and had scored a known review; 0 before."""
MIRRORED_METRIC = "sentiment_mirrored_total"
"""Counter of copies of requests, with the label result: sent, failed or dropped."""

PREDICT_ROUTES = (
    "/predict",
    "/predict/batch",
    "/v2/models/{model}/infer",
    "/v2/models/{model}/versions/{version}/infer",
)
"""Values of the label route that are requests of users; the rest are probes, documents and mistakes."""

MIRRORED_HEADER = "X-Sentiment-Mirrored"
"""Marks a copy of a request whose answer nobody waits for."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
RegistryURL = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
Address = Annotated[
    str, StringConstraints(pattern=r"^http://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[1-9][0-9]{0,4})?$")
]


class ServedArtifact(Wire):
    """One compiled model in the registry."""

    version: str
    digest: Digest
    tracking_url: RegistryURL = Field(alias="trackingURL")
    registered_model: str
    registry_version: str


class Mirror(Wire):
    """Where copies of requests go."""

    url: Address
    """Address without a path, http."""
    percent: int = Field(ge=1, le=100)
    """So many of a hundred requests for predictions are copied."""


class RolloutSetting(Wire):
    """The whole file. An absent or empty file says that one version serves alone."""

    candidate: ServedArtifact
    """Whoever serves this digest is the candidate, everybody else is not."""
    baseline: ServedArtifact | None = None
    """The candidate scores every text with this too and counts how often the two disagree. None: it does not."""
    mirror: Mirror | None = None
    """Everybody but the candidate sends copies there. None: nobody does."""
