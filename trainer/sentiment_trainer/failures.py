"""The one exception that a training may end with on purpose, so that nothing else is mistaken for bad input."""

from sentiment_contract.training import FailureReason

MESSAGE_LIMIT = 2000


class TrainingError(Exception):
    """A training that cannot go on: why, for whom to act, and what to do next."""

    def __init__(self, reason: FailureReason, what: str, advice: str) -> None:
        super().__init__(f"{what} Next: {advice}"[:MESSAGE_LIMIT])
        self.reason = reason

    @property
    def message(self) -> str:
        """What happened and what to do next, on one line."""
        return " ".join(str(self).split())
