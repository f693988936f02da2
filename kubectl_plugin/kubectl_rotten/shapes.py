"""What `-o json` and `-o yaml` print. Stable: within rotten/v1 fields are added, never renamed, removed or given new meaning.

Times are RFC 3339 in UTC, figures and hashes strings as the objects hold them; what is not known is "" or null.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

SHAPE = "rotten/v1"


class Shape(BaseModel):
    """A value for programs: camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, protected_namespaces=()
    )


class Verdict(Shape):
    """What one gate came to."""

    name: str
    verdict: str
    metric: str
    value: str
    threshold: str
    baseline_version: str
    baseline_value: str
    low: str
    """Lower bound of the difference, one-sided, 95 % confidence."""
    on_failure: str
    message: str
    time: datetime


class Said(Shape):
    """The latest answer of one person."""

    by: str
    decision: str
    note: str
    time: datetime


class Served(Shape):
    """One interval of serving; until is null while no other version has begun."""

    since: datetime
    until: datetime | None
    reason: str


class Version(Shape):
    """One trained version: what it is, what it proved, who let it."""

    version: str
    trained_at: datetime
    accuracy: str
    git_commit: str
    data_hash: str
    artifact_digest: str
    image_digest: str
    tracking_url: str = Field(alias="trackingURL")
    registered_model: str
    registry_version: str
    run_id: str = Field(alias="runID")
    promoted_from: str
    """Namespace and name of the model that proved it before this one; "" for one that was trained here."""
    gates: tuple[Verdict, ...]
    """The latest of each gate."""
    answers: tuple[Said, ...]
    """The latest of each person."""


class ListedVersion(Version):
    """A version in the list of all."""

    serves: bool
    wanted: bool
    served: tuple[Served, ...]
    """The oldest first."""


class Versions(Shape):
    """The answer of `kubectl rotten versions`."""

    api_version: Literal["rotten/v1"] = SHAPE
    kind: Literal["Versions"] = "Versions"
    namespace: str
    model: str
    wanted_version: str
    serving_version: str
    candidate_version: str
    versions: tuple[ListedVersion, ...]
    """In the order they were trained."""
    warnings: tuple[str, ...]


class Ran(Served):
    """What served at the moment. Gates and answers of its version are those that were there when it began."""

    version: str
    ended_by: str
    """The version that began at `until`."""
    revision: Version | None
    """Null: the revision is gone."""
    answered_later: tuple[Said, ...]
    """What people answered for that version after it had begun."""


class WhoRan(Shape):
    """The answer of `kubectl rotten who-ran`."""

    api_version: Literal["rotten/v1"] = SHAPE
    kind: Literal["WhoRan"] = "WhoRan"
    namespace: str
    model: str
    at: datetime
    ran: Ran | None
    """Null: nothing is known to have served then, and message says why."""
    message: str
    warnings: tuple[str, ...]
