"""The ways in which a call to the API server can fail, as the rest of the operator tells them apart."""


class Away(Exception):
    """No answer, or one that asks to come again: refused connection, timeout, 401, 429, 5xx. To be tried again."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds that the server asked to wait."""


class Stale(Exception):
    """409: the world is not what the pass thought it was. The pass is tried again from a fresh look."""


class Refused(Exception):
    """The server understood and said no: quota, admission, Pod Security, missing right, schema."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message


class Rewound(Exception):
    """The cluster is at an earlier time than before: etcd was restored. What is remembered of it is not to be trusted."""


class NotLeading(Exception):
    """A write was about to be made without holding the Lease. Nothing was sent."""
