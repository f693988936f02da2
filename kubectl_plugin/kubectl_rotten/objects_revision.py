"""A SentimentModelRevision, the record of one trained version, as far as this plugin reads it."""

from pydantic import Field

from kubectl_rotten.objects import Answer, Began, GateEvidence, Metadata, Metric, Place, Seen


class Registry(Seen):
    """Where in MLflow a version stands."""

    tracking_url: str = Field(default="", alias="trackingURL")
    model_name: str = ""
    version: str = ""
    run_id: str = Field(default="", alias="runID")


class RevisionSpec(Seen):
    """One trained version."""

    version: str
    promoted_from: Place | None = None
    """None: it was trained here."""
    data_hash: str = ""
    git_commit: str = ""
    registry: Registry = Registry()
    artifact_digest: str = ""
    image_digest: str = ""
    metrics: tuple[Metric, ...] = ()


class RevisionStatus(Seen):
    """What a version proved, who let it, and when it served."""

    serving: tuple[Began, ...] = ()
    gates: tuple[GateEvidence, ...] = ()
    approvals: tuple[Answer, ...] = ()


class Revision(Seen):
    """A SentimentModelRevision."""

    metadata: Metadata
    spec: RevisionSpec
    status: RevisionStatus = RevisionStatus()
