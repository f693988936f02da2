"""One request and its reply, as uvicorn has it, but a whole reply is one write and takes a fifth of the time.

Each write is a call into the kernel and perhaps a packet, which costs a request about as much as its own JSON does. What is
no whole reply (a stream, the answer to HEAD) is left to uvicorn.
"""

from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent


class Cycle(RequestResponseCycle):
    """A head waits for what follows it, so an application that fails in between can still answer."""

    _head: "dict[str, Any] | None" = None

    async def send(self, message: "ASGISendEvent") -> None:
        """ASGI's."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._head = cast("dict[str, Any]", message)
            return
        head, self._head = self._head, None
        if head is None:
            await super().send(message)
            return
        body = cast("bytes", message.get("body", b""))
        whole = None if message.get("more_body") or self.scope["method"] == "HEAD" else self._whole(head, body)
        if whole is None:
            await super().send(cast("ASGISendEvent", head))
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self.disconnected:
            self._send_whole(whole)

    def _whole(self, head: dict[str, Any], body: bytes) -> bytes | None:
        """All that is sent; None unless the head says how long the body is, in letters that break no line."""
        lines, told, ends = [STATUS_LINE[head["status"]]], b"", False
        for name, value in self.default_headers + head["headers"]:
            if b"\n" in value or b"\r" in value:
                return None
            if name == b"content-length":
                told = value
            elif name == b"connection":
                ends = b"close" in value
            lines += (name, b": ", value, b"\r\n")
        if ends:
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close\r\n")
        lines += (b"\r\n", body)
        return b"".join(lines) if told == b"%d" % len(body) else None

    def _send_whole(self, whole: bytes) -> None:
        self.response_started = self.response_complete = True
        self.transport.write(whole)
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
