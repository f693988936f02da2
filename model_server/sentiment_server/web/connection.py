"""What a connection leaves in the state of each request, for the few that have to know more than ASGI tells them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from starlette.types import Scope

_KEY = "connection"


@dataclass(frozen=True, slots=True)
class Connection:
    """`is_spent` tells whether the next reply has to be the last one, `body_is_whole` whether all of a body has arrived.

    `close` ends it behind what was written, `abort` at once.
    """

    is_spent: Callable[[], bool]
    body_is_whole: Callable[[], bool]
    close: Callable[[], None]
    abort: Callable[[], None]

    def left_in(self, scope: Scope) -> None:
        """For `connection_of`."""
        scope["state"][_KEY] = self


def connection_of(scope: Scope) -> Connection:
    """The connection that a request came over."""
    return cast("Connection", scope["state"][_KEY])
