"""Whom a model wants told of what, and the record of what was told: the part of spec and status about notifications.

As in model.py, descriptions and bounds are those of the CRD schema. A model names sinks; where a sink leads is known to
whoever installed the operator alone. This module knows no client and no clock.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire

SINK_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
MOST_SINKS = 10
MOST_RECORDS = 20
MESSAGE_CHARACTERS = 2000

SinkName = Annotated[str, StringConstraints(pattern=SINK_PATTERN, min_length=1, max_length=40)]
Short = Annotated[str, StringConstraints(max_length=256)]
Text = Annotated[str, StringConstraints(max_length=MESSAGE_CHARACTERS)]
Moment = Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})]


class Transition(StrEnum):
    """What may happen to a model that somebody would want to hear of."""

    VERSION_TRAINED = "VersionTrained"
    APPROVAL_REQUESTED = "ApprovalRequested"
    VERSION_READY = "VersionReady"
    ROLLED_BACK = "RolledBack"
    RECOVERED = "Recovered"
    TRAINING_FAILED = "TrainingFailed"
    GATE_FAILED = "GateFailed"
    REJECTED = "Rejected"
    ROLLOUT_FAILED = "RolloutFailed"
    STALLED = "Stalled"
    NO_VERSION_ANSWERS = "NoVersionAnswers"


class Notification(Wire):
    """One sink and what it is told."""

    sink: SinkName = Field(description="Name of a sink that the operator was installed with.")
    transitions: tuple[Transition, ...] = Field(
        default=(),
        max_length=20,
        description=(
            "What is told. Absent or empty: everything. Stalled includes TrainingFailed, GateFailed, Rejected, RolledBack and"
            " RolloutFailed. What matches twice is told once."
        ),
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class DeliveryState(StrEnum):
    """How far a message is on its way to one sink."""

    PENDING = "Pending"
    DELIVERED = "Delivered"
    FAILED = "Failed"


class Delivery(Wire):
    """The way of one message to one sink."""

    sink: Short = Field(description="Name of the sink.")
    state: DeliveryState = Field(description="Pending, Delivered or Failed. Failed: it is not tried any more.")
    attempts: int = Field(default=0, ge=0, description="How often it was tried.")
    problem: Short = Field(default="", description="Why the latest try did not succeed.")


class NotificationRecord(Wire):
    """One thing that happened, and who was told of it."""

    id: Short = Field(description="Identifies the message. A receiver that gets the same id twice drops the second.")
    transition: Transition = Field(description="What happened.")
    version: Short = Field(default="", description="The version that it happened to.")
    reason: Short = Field(default="", description="Why, in one word.")
    message: Text = Field(default="", description="What happened, with figures, and the next step.")
    time: Moment = Field(description="When, RFC 3339.")
    deliveries: tuple[Delivery, ...] = Field(default=(), max_length=MOST_SINKS, description="One for each sink.")
