"""A connection is used again where it may be, and whatever the other end does instead of answering is one kind of error."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from sentiment_server.web.delivery import Copy, Delivery, Unanswered

_COPY = Copy("/predict", {"content-type": "application/json", "X-Sentiment-Mirrored": "1"}, b'{"text": "good"}')
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _other(behave: Behave) -> AsyncIterator[str]:
    async with await asyncio.start_server(behave, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _request(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(len(_COPY.body))


def _answering(*pieces: bytes, then_close: bool = False) -> Behave:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await _request(reader)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                if then_close:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    return behave


async def test_the_request_arrives_as_it_was() -> None:
    received: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await _request(reader))
        writer.write(_ANSWER)
        writer.close()

    async with _other(behave) as url:
        delivery = await Delivery.to(url)
        await delivery.post(_COPY)
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert body == _COPY.body
    assert head.decode().split("\r\n") == [
        "POST /predict HTTP/1.1",
        f"host: {url.removeprefix('http://')}",
        f"content-length: {len(_COPY.body)}",
        "content-type: application/json",
        "X-Sentiment-Mirrored: 1",
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        [_ANSWER],
        [bytes([byte]) for byte in _ANSWER],
        [b"HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\n{}\r\n", b"0\r\n\r\n"],
        [b"HTTP/1.1 204 No Content\r\n\r\n"],
    ],
)
async def test_one_connection_takes_many_copies(pieces: list[bytes]) -> None:
    async with _other(_answering(*pieces)) as url:
        delivery = await Delivery.to(url)
        for _ in range(3):
            async with asyncio.timeout(10):
                await delivery.post(_COPY)
            assert delivery.open
        delivery.close()


async def test_a_connection_that_the_other_end_ends_is_not_used_again() -> None:
    async with _other(_answering(_ANSWER.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))) as url:
        delivery = await Delivery.to(url)
        await delivery.post(_COPY)
        assert not delivery.open


async def test_a_connection_that_was_closed_while_it_rested_is_not_used_again() -> None:
    async with _other(_answering(_ANSWER, then_close=True)) as url:
        delivery = await Delivery.to(url)
        await delivery.post(_COPY)
        async with asyncio.timeout(10):
            while delivery.open:  # noqa: ASYNC110  it sets no event
                await asyncio.sleep(0.001)


@pytest.mark.parametrize("pieces", [[], [_ANSWER[:-1]], [b"SSH-2.0-OpenSSH_9.2\r\n"], [b"HTTP/1.1 twohundred\r\n\r\n"]])
async def test_what_is_no_answer_is_one_kind_of_error(pieces: list[bytes]) -> None:
    async with _other(_answering(*pieces, then_close=True)) as url:
        delivery = await Delivery.to(url)
        with pytest.raises(Unanswered):
            async with asyncio.timeout(10):
                await delivery.post(_COPY)
        assert not delivery.open


async def test_an_answer_that_is_given_up_ends_the_connection() -> None:
    async with _other(_answering()) as url:
        delivery = await Delivery.to(url)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await delivery.post(_COPY)
        assert not delivery.open


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://no-such-host.invalid:80", "http://a..b:80", "http://imdb:99999"]
)
async def test_an_address_where_nobody_is_cannot_be_reached(url: str) -> None:
    with pytest.raises((OSError, ValueError)):
        await Delivery.to(url)
