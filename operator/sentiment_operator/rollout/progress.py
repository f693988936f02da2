"""How far a rollout is, as it is written on the Deployment of its candidate. It knows nothing of who writes it."""

from datetime import datetime

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
    requests: int = 0
    """Requests that the candidate had answered by then."""
    stable_requests: int = 0
    """And those of what serves."""
