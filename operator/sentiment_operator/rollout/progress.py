"""How far a rollout is, as it is written on the Deployment of its candidate. It knows nothing of who writes it."""

from datetime import datetime

from pydantic import Field

from sentiment_contract.base import Wire


class Progress(Wire):
    """How far a rollout is."""

    key: str
    """Hash of what is rolled out and how: another key is another rollout."""
    stage: int = 0
    """Which of the stages, counted from 0."""
    entered: datetime
    """When the stage was entered, or went on after an outage of the registry."""
    since: datetime | None = None
    """When its pods were all ready, and its requests began to count; None: not yet."""
    requests: dict[str, int | None] = Field(default_factory=dict[str, int | None])
    """Requests that each pod of the candidate had answered by then; None: it did not tell."""
    stable_requests: dict[str, int | None] = Field(default_factory=dict[str, int | None])
    """And those of what serves."""
