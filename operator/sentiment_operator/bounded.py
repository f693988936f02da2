"""Reads what strangers answer, up to a limit: whoever may write models chooses servers and pods that the operator asks, and a
few compressed bytes stand for as many as its memory holds. It knows nothing of what is read.
"""

from dataclasses import dataclass

import aiohttp

CHUNK_BYTES = 1 << 16


class TooLong(ValueError):
    """There is more than may be read."""


async def bounded(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The whole body, decompressed. Raises TooLong, and what aiohttp raises."""
    received = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        received += chunk
        if len(received) > most_bytes:
            raise TooLong("longer than any that is expected")
    return bytes(received)


@dataclass(slots=True)
class Allowance:
    """So much may still be read of an answer that comes in several pages."""

    at_once: int
    in_total: int

    async def read(self, response: aiohttp.ClientResponse) -> bytes:
        """One page. Raises TooLong, and what aiohttp raises."""
        page = await bounded(response, min(self.at_once, self.in_total))
        self.in_total -= len(page)
        return page
