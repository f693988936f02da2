"""Entry point of `sentiment-operator`: settings, logs, and the exit code."""

import asyncio
import gc
import logging
import sys
from collections.abc import Iterator
from typing import cast

import uvloop
from kubernetes.aio.config import ConfigException
from pydantic import ValidationError
from pydantic_settings import SettingsError

from sentiment_operator import logs
from sentiment_operator.cluster.errors import Rewound
from sentiment_operator.process import WatchEnded, run_until_told
from sentiment_operator.replicas.leader import LeaseLost
from sentiment_operator.settings import Settings

log = logging.getLogger("sentiment_operator")

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Containers. Python's usual few hundred are as many as one pod brings: each event would look through young objects."""

ENDED, TO_BE_RESTARTED, MISCONFIGURED = 0, 1, 2


def main() -> int:
    """Run until told to end. The exit code says whether starting again can help."""
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue]  # the environment fills what has no default
    except ValidationError as error:
        for problem in error.errors():
            name, *place = map(str, problem["loc"])
            where = f"SENTIMENT_{name.upper()}{' at ' if place else ''}{'.'.join(place)}"
            print(f"sentiment-operator: environment variable {where}: {problem['msg']}", file=sys.stderr)
        return MISCONFIGURED
    except SettingsError as error:
        print(f"sentiment-operator: {error}: {error.__cause__}. Next: write it as JSON.", file=sys.stderr)
        return MISCONFIGURED
    logs.configure(settings.log_level)
    gc.freeze()  # What was imported stays: no collection need look at it.
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    try:
        return _run(settings)
    except ConfigException as error:
        log.error("no access to a cluster: %s. Next: set KUBECONFIG, or run in a pod with a service account.", error)
        return MISCONFIGURED


def _run(settings: Settings) -> int:
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_until_told(settings))
    except* (LeaseLost, Rewound, WatchEnded) as group:
        for error in _reasons(group):
            log.error("ending, to be started again: %s", error)
        return_code = TO_BE_RESTARTED
    else:
        return_code = ENDED
    return return_code


def _reasons(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """What the tasks ended by, however deep they were started."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _reasons(cast("BaseExceptionGroup[BaseException]", error))
        else:
            yield error


if __name__ == "__main__":
    sys.exit(main())
