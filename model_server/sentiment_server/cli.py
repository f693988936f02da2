"""`sentiment-server`: reads flags and environment, and starts the process or says in one message why it cannot."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sentiment_server import __version__
from sentiment_server.logs import set_up_logs
from sentiment_server.model.crew import Crew
from sentiment_server.model.serving import Identity, Serving
from sentiment_server.model.source import LocalFile, Registry, Source
from sentiment_server.model.state import LoadFault
from sentiment_server.port import Early, settle
from sentiment_server.settings import Settings

_USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None, *, early: Early | None = None) -> int:
    """The exit code: 0 after a signal, 1 when the port cannot be had, 2 when the settings or the file are wrong.

    `early`: the port, where it was opened already.
    """
    try:
        settings = Settings(**_flags(arguments))
        set_up_logs({"model": settings.model, "version": settings.version, "digest": settings.digest or ""})
        serving = serving_of(settings)
        if settings.artifact is not None:
            serving.load_now()
    except ValidationError as error:
        return _complain("the settings are wrong", [f"{_setting(e['loc'])}: {e['msg']}" for e in error.errors()])
    except LoadFault as fault:
        return _complain(fault.reason, [fault.message])
    return _run(settings, serving, early)


def serving_of(settings: Settings) -> Serving:
    """The model as the settings name it, not loaded yet."""
    identity = Identity(settings.model, settings.version, settings.digest, settings.lineage)
    return Serving(identity, _source(settings), settings.retry, Crew(settings.processes))


def _source(settings: Settings) -> Source:
    if settings.artifact is not None:
        return LocalFile(settings.artifact, settings.digest)
    registry = settings.registry
    return Registry(
        tracking_url=registry.tracking_url,
        registered_model=registry.registered_model,
        version=registry.version,
        digest=registry.digest,
        cache=registry.cache_directory,
        limits=settings.limits,
    )


def _run(settings: Settings, serving: Serving, early: Early | None) -> int:
    try:
        listening = settle(early, (settings.host, settings.port) if settings.processes == 1 else None)
        from sentiment_server.process import run  # the web stack takes half a second that a wrong flag need not cost

        return run(settings, serving, listening)
    except OSError as error:
        return _complain("a port cannot be had", [f"{error.strerror}. Choose others with --port and --metrics-port."])


def _flags(arguments: Sequence[str] | None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(
        prog="sentiment-server",
        description="Serves one compiled sentiment model over HTTP. Every setting can also be an environment variable.",
    )
    parser.add_argument("--artifact", type=Path, metavar="FILE", help="compiled model on this machine")
    parser.add_argument("--digest", metavar="SHA256", help="refuse the file unless it has this digest")
    parser.add_argument("--model", metavar="NAME", help="name in paths and replies (default: sentiment)")
    parser.add_argument("--version", metavar="LABEL", help="label in replies (default: local)")
    parser.add_argument("--host", help="address to listen on (default: 0.0.0.0)")
    parser.add_argument("--port", type=int, help="port to listen on (default: $PORT or 8000)")
    parser.add_argument("--metrics-port", type=int, help="port of GET /metrics (default: 9000; 0: none)")
    parser.add_argument("--workers", type=int, help="processes (default: as many as the container's limits allow)")
    parser.add_argument(
        "--about", action="version", version=f"sentiment-server {__version__}", help="print the program's version"
    )
    return {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}


def _setting(path: tuple[int | str, ...]) -> str:
    return ".".join(map(str, path)) or "sentiment-server"


def _complain(what: str, lines: Sequence[str]) -> int:
    print(f"sentiment-server: {what}", *(f"  {line}" for line in lines), sep="\n", file=sys.stderr)
    return _USAGE_ERROR
