"""Work that nobody waits for: what finds no room is left undone, so that it never piles up behind what somebody waits for."""

import asyncio
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Backlog(Generic[_Item]):
    """Items in the order in which they came, bounded in number and in size. Belongs to one event loop."""

    def __init__(self, items: int, size: int) -> None:
        self._waiting: asyncio.Queue[tuple[_Item, int]] = asyncio.Queue(items)
        self._room = size

    def put(self, item: _Item, size: int) -> bool:
        """Whether there was room."""
        if self._waiting.full() or size > self._room:
            return False
        self._room -= size
        self._waiting.put_nowait((item, size))
        return True

    async def take(self) -> _Item:
        """The item that has waited longest, as soon as there is one."""
        item, size = await self._waiting.get()
        self._room += size
        return item
