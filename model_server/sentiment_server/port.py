"""The port of a server that is one process, open before anything else: whoever asks meanwhile is answered in the end.

The kubelet asks once a second whether the server has started. What it asks before the server can answer would be lost for a
second each time. This module imports nothing that takes time.
"""

import socket

_WAITING_CONNECTIONS = 2048


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
