"""Ports for servers that tests start, from below the range that the system hands out by itself.

A port that was found free by asking the system for one may be handed out again before the server takes it.
"""

import random
import socket

PORTS = range(20_000, 30_000)


def free_port() -> int:
    """A port that nobody listens on, at whatever address."""
    while True:
        port = random.choice(PORTS)
        with socket.socket(socket.AF_INET) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
