"""Work beside the requests: tasks whose defects are told, and threads that never hold up the end of the process.

`asyncio.to_thread` would hold it up: the interpreter waits for its threads, and a registry that accepts a connection but
does not answer would keep a pod from ending.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeVar

_logger = logging.getLogger(__name__)
_Result = TypeVar("_Result")


def start(work: Coroutine[object, object, None]) -> asyncio.Task[None]:
    """Every foreseen fault is handled in the work itself; what is left must not pass in silence."""
    task = asyncio.create_task(work)
    task.add_done_callback(_report_defect)
    return task


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

    threading.Thread(target=run, name="background", daemon=True).start()
    return await outcome


def _report_defect(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (defect := task.exception()) is not None:
        _logger.critical("Work beside the requests failed for good.", exc_info=defect)
