"""A SentimentModel as far as this plugin reads it."""

from pydantic import Field

from kubectl_rotten.objects import Answer, Began, GateEvidence, Metadata, Metric, Moment, Place, Seen


class Condition(Seen):
    """One observation about a model."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""


class Gate(Seen):
    """A gate that the spec names."""

    name: str
    metric: str = ""


class Approval(Seen):
    """Which agreement a new version needs."""

    policy: str = "None"
    min_approvals: int = 1
    separation_of_duties: str = "None"


class Promotion(Seen):
    """What a version needs beyond its gates."""

    followed: Place | None = Field(default=None, alias="from")
    approval: Approval = Approval()
    requested_by: str = ""


class ModelSpec(Seen):
    """What a person wants."""

    gates: tuple[Gate, ...] = ()
    promotion: Promotion = Promotion()


class Lineage(Seen):
    """Where the served version comes from."""

    summary: str = ""


class Training(Seen):
    """The latest training of the wanted version."""

    metrics: tuple[Metric, ...] = ()


class Plan(Seen):
    """What would follow for a suspended model."""

    summary: str = ""
    room_message: str = ""
    refused: str = ""
    go_back: str = ""


class LastFailure(Seen):
    """The latest failure of the wanted version."""

    version: str
    step: str = ""
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    time: Moment
    attempt: int = 0


class ModelStatus(Seen):
    """What is true of a model."""

    observed_generation: int = 0
    wanted_version: str = ""
    serving_version: str = ""
    candidate_version: str = ""
    url: str = ""
    replicas: int = 0
    ready_replicas: int = 0
    lineage: Lineage = Lineage()
    training: Training = Training()
    plan: Plan | None = None
    gates: tuple[GateEvidence, ...] = ()
    approvals: tuple[Answer, ...] = ()
    history: tuple[Began, ...] = ()
    """The latest first, and the latest few only."""
    last_failure: LastFailure | None = None
    conditions: tuple[Condition, ...] = ()


class Model(Seen):
    """A SentimentModel."""

    metadata: Metadata
    spec: ModelSpec = ModelSpec()
    status: ModelStatus = ModelStatus()

    def condition(self, kind: str) -> Condition:
        """The condition of that type; one that nobody reported yet is Unknown."""
        return next((entry for entry in self.status.conditions if entry.type == kind), Condition(type=kind))
