"""Reads what strangers answer, up to a limit: whoever may write models chooses servers and pods that the operator asks, and a
few compressed bytes stand for as many as its memory holds. It knows nothing of what is read.
"""

from dataclasses import dataclass

import aiohttp

CHUNK_BYTES = 1 << 16


class TooLong(ValueError):
    """There is more than may be read."""


@dataclass(slots=True)
class Allowance:
    """So many bytes may still be read, of one answer or of several."""

    bytes_left: int

    async def read(self, response: aiohttp.ClientResponse) -> bytes:
        """The whole body, decompressed. Raises TooLong, and what aiohttp raises."""
        received = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            self.bytes_left -= len(chunk)
            if self.bytes_left < 0:
                raise TooLong("longer than any that is expected")
            received += chunk
        return bytes(received)
