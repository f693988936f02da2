"""JSON lines on stdout with the field names of the Elastic Common Schema.

One line says one thing that was decided; what belongs to it goes into `extra`, for example
`log.info("training started", extra={"event.action": "train", "model": "shop/imdb"})`.
"""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_QUIET = {
    "kopf": logging.WARNING,
    # Warns that a thread gets no signals: that is why it was put into one.
    "kopf._core.reactor.running": logging.ERROR,
    "aiohttp": logging.WARNING,
    "asyncio": logging.WARNING,
}


class JSONLines(logging.Formatter):
    """One record, one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
        line: dict[str, Any] = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "service.name": "sentiment-operator",
            "log.logger": record.name,
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD and _is_plain(value)}
        if record.exc_info and record.exc_info[0] is not None:
            line["error.type"] = record.exc_info[0].__name__
            line["error.message"] = str(record.exc_info[1])
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: str) -> None:
    """Send everything to stdout; of libraries only what needs attention."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JSONLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, lowest in _QUIET.items():
        logging.getLogger(name).setLevel(lowest)
    threading.excepthook = _log_end_of_thread


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    """A thread that dies says why in a line like all others, instead of a traceback on stderr."""
    name = ended.thread.name if ended.thread else "?"
    cause = (ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback)
    logging.getLogger(__name__).critical("thread %s ended unexpectedly", name, exc_info=cause)


def _is_plain(value: object) -> bool:
    """kopf and aiohttp attach whole objects to their records."""
    return value is None or isinstance(value, (str, int, float, bool, list, dict))
