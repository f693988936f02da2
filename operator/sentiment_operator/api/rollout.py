"""How a new version takes over the traffic: strategies, their steps, and what is read from the servers meanwhile.

As in model.py, descriptions and bounds are those of the CRD schema. This module knows no client and no clock.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire
from sentiment_operator.api.promotion import Figure, Moment, Short, Text

ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", min_length=1, max_length=63)]
HostName = Annotated[
    str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", min_length=1, max_length=253)
]


class Strategy(StrEnum):
    """How a version that never served before takes over."""

    ROLLING_UPDATE = "RollingUpdate"
    CANARY = "Canary"
    BLUE_GREEN = "BlueGreen"
    SHADOW = "Shadow"


class Router(StrEnum):
    """What divides requests between two versions."""

    REPLICAS = "Replicas"
    GATEWAY_API = "GatewayAPI"


class OnRolloutFailure(StrEnum):
    """What follows where a candidate fails."""

    ROLLBACK = "Rollback"
    HOLD = "Hold"


class RolloutStep(Wire):
    """One step: it ends when its time is over and enough requests were answered."""

    weight_percent: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description=(
            "Share of requests that the candidate gets (Canary), or that are copied to it (Shadow). BlueGreen has none:"
            " after its step, all of them move at once."
        ),
    )
    pause_seconds: int = Field(default=0, ge=0, le=604_800, description="The step lasts at least so long.")
    min_requests: int = Field(
        default=0, ge=0, le=100_000_000, description="The candidate answers at least so many requests in the step."
    )


class Analysis(Wire):
    """Limits that the candidate has to keep, read from the metrics of its pods. What is absent is not looked at."""

    max_error_percent: int | None = Field(
        default=None, ge=0, le=100, description="Most requests that may be answered with a status of 500 or above."
    )
    max_p95_milliseconds: int | None = Field(
        default=None,
        ge=1,
        le=9_999,
        alias="maxP95Milliseconds",
        description="Within so long 95 of 100 requests have to be answered, measured by the server.",
    )
    max_disagreement_percent: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Most reviews that the candidate may judge otherwise than the version that serves.",
    )
    min_samples: int = Field(
        default=100,
        ge=1,
        le=100_000_000,
        description="Nothing is judged by fewer requests than this, and no step ends before.",
    )

    @property
    def looks_at_anything(self) -> bool:
        """Whether any limit is given."""
        limits = (self.max_error_percent, self.max_p95_milliseconds, self.max_disagreement_percent)
        return any(limit is not None for limit in limits)


class GatewayReference(Wire):
    """The Gateway that requests come through."""

    name: ObjectName = Field(description="Name of the Gateway.")
    namespace: ObjectName | None = Field(default=None, description="Its namespace. Absent: that of the model.")
    hostname: HostName | None = Field(default=None, description="Host name of requests. Absent: any that it takes.")


class Rollout(Wire):
    """How a version that never served before takes over. One that did is brought back at once."""

    strategy: Strategy = Field(
        default=Strategy.ROLLING_UPDATE,
        description=(
            "RollingUpdate: pod by pod. Canary: a growing share of requests. BlueGreen: all requests at once, the old pods"
            " kept until it has proven itself. Shadow: copies of requests first, whose answers nobody sees; then pod by pod."
        ),
    )
    router: Router = Field(
        default=Router.REPLICAS,
        description=(
            "Replicas: the share follows from the number of pods behind one Service. GatewayAPI: an HTTPRoute with exact"
            " weights."
        ),
    )
    gateway: GatewayReference | None = Field(default=None, description="Needed by router GatewayAPI.")
    steps: tuple[RolloutStep, ...] = Field(
        default=(), max_length=10, description="The steps in their order; after the last, the candidate takes over."
    )
    analysis: Analysis = Field(default=Analysis(), description="Limits that the candidate has to keep all the way.")
    on_failure: OnRolloutFailure = Field(
        default=OnRolloutFailure.ROLLBACK,
        description=(
            "Rollback: the candidate is removed. Hold: it stays as it is, with its requests, for a person to look at."
            " RollingUpdate has no candidate."
        ),
    )
    progress_deadline_seconds: int | None = Field(
        default=None,
        ge=30,
        le=86_400,
        description=(
            "So long may a step wait for pods, or after its time for requests, before the candidate has failed. Absent:"
            " as the operator was installed, 300."
        ),
    )
    revision_history_limit: int = Field(
        default=50,
        ge=2,
        le=1000,
        description=(
            "So many SentimentModelRevisions are kept. What is wanted, serves or served last is never removed, nor what a"
            " model names by spec.version that follows this one."
        ),
    )


class RolloutStatus(Wire):
    """The rollout that runs, as far as it is. Figures are of the candidate since it started."""

    strategy: Strategy = Field(description="How the candidate takes over.")
    step: int = Field(ge=0, description="The step that runs, counted from 1; 0: its pods start.")
    steps: int = Field(ge=0, description="How many there are.")
    weight_percent: int = Field(default=0, ge=0, le=100, description="Share that the step asks for.")
    replicas: int = Field(default=0, ge=0, description="Pods of the candidate.")
    requests: int = Field(default=0, ge=0, description="Requests that the candidate answered.")
    error_percent: Figure = Field(default="", description="Of these, answered with a status of 500 or above.")
    p95_milliseconds: Figure = Field(
        default="", alias="p95Milliseconds", description="Within so long 95 of 100 of them were answered."
    )
    disagreement_percent: Figure = Field(
        default="", description="Reviews that it judges otherwise than the version that serves."
    )
    not_before: Moment | None = Field(default=None, description="When the step may end, RFC 3339.")
    deadline: Moment | None = Field(default=None, description="When the candidate has failed at latest, RFC 3339.")


class FailedRollout(Wire):
    """A candidate that did not take over. The same is not tried again by itself."""

    key: Short = Field(description="Hash of what was tried: the version, how, and the retry annotation.")
    step: int = Field(ge=0, description="The step it failed in, counted from 1; 0: its pods never started.")
    reason: Short = Field(description="Why, in one word.")
    message: Text = Field(default="", description="Why, with figures.")
    time: Moment = Field(description="When, RFC 3339.")
