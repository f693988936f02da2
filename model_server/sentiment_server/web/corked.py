"""A transport that joins what is written in one turn of the loop: uvicorn writes head and body apart.

Each write is a call into the kernel and perhaps a packet, which costs a request about as much as its own JSON does.
"""

import asyncio
from typing import Any


class Corked(asyncio.Transport):
    """Everything else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sent with what follows at once, or alone when this turn is over."""
        if self._held:
            self._held, data = b"", self._held + data
            self._transport.write(data)
        else:
            self._held = bytes(data)
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)

    def close(self) -> None:
        """After what was written."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """At once."""
        self._held = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it ends."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Until further notice."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """As before."""
        self._transport.resume_reading()
