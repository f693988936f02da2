"""The port of a server that is one process, open before anything else: whoever asks meanwhile is answered in the end.

The kubelet asks once a second whether the server can answer. What it asks before the port is open would be lost for a
second each time. Workers open the port each for itself and nothing opens it before them: a caller who is refused asks again,
one whose connection is reset has lost a request. This module imports nothing that takes time.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from sentiment_contract.names import HTTP_PORT
from sentiment_server.room import workers_that_fit

EVERY_INTERFACE = "0.0.0.0"  # noqa: S104  a server in a container listens on every interface
_WAITING_CONNECTIONS = 2048


@dataclass(frozen=True)
class Early:
    """A port that listens; `asked`: the host and port that it was opened for, which the socket may call otherwise."""

    socket: socket.socket
    asked: tuple[str, int]


def open_early(environment: Mapping[str, str]) -> Early | None:
    """The port that the environment names, before anything is checked.

    None for more workers than one, and where whoever reads the settings says what is wrong.
    """
    workers = environment.get("SENTIMENT_WORKERS", "0")
    if workers != "1" and (workers != "0" or workers_that_fit() != 1):
        return None
    host = environment.get("SENTIMENT_HOST") or EVERY_INTERFACE
    port = environment.get("SENTIMENT_PORT") or environment.get("PORT") or str(HTTP_PORT)
    with suppress(OSError, OverflowError, ValueError):
        asked = host, int(port)
        return Early(open_port(*asked), asked)
    return None


def settle(early: Early | None, wanted: tuple[str, int] | None) -> socket.socket | None:
    """The early port where that host and port are wanted, else these instead. Raises OSError when somebody else has them.

    None: nothing is wanted here, as workers open the port each for itself.
    """
    if early is not None and early.asked == wanted:
        return early.socket
    if early is not None:
        early.socket.close()
    return open_port(*wanted) if wanted else None


def open_port(host: str, port: int) -> socket.socket:
    """Listens. Raises OSError when somebody else has the port."""
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(_WAITING_CONNECTIONS)
    except OSError:
        opened.close()
        raise
    return opened
