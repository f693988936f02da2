"""Runs blocking work beside the event loop in a thread that never holds up the end of the process.

`asyncio.to_thread` would: the interpreter waits for its threads, and a registry that accepts a connection but does not
answer would keep a pod from ending.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_Result = TypeVar("_Result")


async def in_background(work: Callable[[], _Result]) -> _Result:
    """What the work returns or raises. When the awaiting task is cancelled, the work goes on unheeded."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_Result] = loop.create_future()

    def deliver(settle: Callable[[], None]) -> None:
        # The loop may be gone by now, and nobody waits any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if outcome.done() else settle())

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  it is raised again where the work is awaited
            failure = error
            deliver(lambda: outcome.set_exception(failure))
        else:
            deliver(lambda: outcome.set_result(result))

    threading.Thread(target=run, name="load", daemon=True).start()
    return await outcome
