"""What a connection leaves in the state of each request, for the few that have to know more than ASGI tells them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from starlette.types import Scope

_KEY = "connection"


@dataclass(frozen=True, slots=True)
class Connection:
    """`is_spent` tells whether the next reply has to be the last one, `is_whole` whether all of a request has arrived.

    `close` ends it behind what was written, `abort` at once. One for all requests of a connection: what a request held of
    itself would wait for the garbage collector, its texts included.
    """

    is_spent: Callable[[], bool]
    is_whole: Callable[[Scope], bool]
    close: Callable[[], None]
    abort: Callable[[], None]

    def left_in(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """The state for every request of this connection, for `connection_of`."""
        return {**state, _KEY: self}


def connection_of(scope: Scope) -> Connection:
    """The connection that a request came over."""
    return cast("Connection", scope["state"][_KEY])
