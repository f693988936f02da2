"""What finds no room is left undone."""

import asyncio

from sentiment_server.backlog import Backlog


async def test_items_come_in_order() -> None:
    backlog: Backlog[str] = Backlog(3, 100)
    assert [backlog.put(item, 1) for item in "abc"] == [True] * 3
    assert [await backlog.take() for _ in range(3)] == ["a", "b", "c"]


async def test_there_is_room_for_so_many_and_again_when_one_was_taken() -> None:
    backlog: Backlog[str] = Backlog(2, 100)
    assert [backlog.put(item, 0) for item in "abc"] == [True, True, False]
    await backlog.take()
    assert backlog.put("d", 0)


async def test_there_is_room_for_so_much_and_again_when_it_was_taken() -> None:
    backlog: Backlog[str] = Backlog(10, 100)
    assert [backlog.put("large", 60), backlog.put("large", 60), backlog.put("small", 40)] == [True, False, True]
    await backlog.take()
    assert (backlog.put("large", 61), backlog.put("large", 60)) == (False, True)


async def test_whoever_takes_waits_for_the_next_one() -> None:
    backlog: Backlog[str] = Backlog(1, 1)
    taking = asyncio.create_task(backlog.take())
    await asyncio.sleep(0)
    assert not taking.done()
    backlog.put("a", 1)
    assert await taking == "a"
