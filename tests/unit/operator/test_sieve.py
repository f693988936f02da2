"""What kopf is left of an answer to a watch, over a real connection."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import kopf
import pytest
from aiohttp import web

from sentiment_operator.cluster.sieve import sifted

LINES = [b'{"number":%d,"text":"%s"}' % (number, b"x" * number) for number in range(20)]
TEXT = b"\n".join([*LINES, b""])


@asynccontextmanager
async def served(pieces: Sequence[bytes]) -> AsyncGenerator[str]:
    """A server that answers in such pieces."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0)
        return response

    app = web.Application()
    app.router.add_get("/apis/things", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def left(pieces: Sequence[bytes], taken: set[bytes], query: str = "?watch=true") -> bytes:
    """What comes out as kopf reads it."""

    def takes(path: str, line: bytes) -> bool:
        assert path == "/apis/things"
        return line in taken

    async def run() -> bytes:
        async with served(pieces) as server:
            connection = sifted(kopf.ConnectionInfo(server=server), takes)
            async with (
                connection.aiohttp_session as session,
                session.get(f"{connection.server}/apis/things{query}") as response,
            ):
                return b"".join([piece async for piece in response.content.iter_chunked(1 << 20)])

    return asyncio.run(run())


@pytest.mark.parametrize("size", [1, 7, 30, len(TEXT)])
def test_kopf_is_left_the_lines_that_nobody_takes(size: int) -> None:
    pieces = [TEXT[start : start + size] for start in range(0, len(TEXT), size)]
    assert left(pieces, set(LINES[::2])).splitlines() == LINES[1::2]
    assert left(pieces, set()) == TEXT
    assert left(pieces, set(LINES)) == b""


def test_an_answer_that_is_cut_off_is_left_as_it_came() -> None:
    assert left([TEXT[:-10]], set(LINES[:-1])) == TEXT[:-10].splitlines()[-1]


def test_nothing_is_taken_from_a_list() -> None:
    assert left([TEXT], set(LINES), query="?limit=100") == TEXT
