"""One JSON object per line on stdout, with the field names of the Elastic Common Schema.

No review text is ever part of a line unless the setting `log_text` asks for it.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii
from typing import TextIO

_EXTRA = "ecs"
_root = logging.getLogger()
_quoted = encode_basestring_ascii
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class EcsFormatter(logging.Formatter):
    """Renders a record; `labels` stand in every line."""

    def __init__(self, labels: dict[str, str]) -> None:
        super().__init__()
        self._labels = _encode({f"labels.{name}": value for name, value in labels.items() if value})[1:-1]
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        """One line without a line break."""
        fields: Mapping[str, object] = getattr(record, _EXTRA, {})
        if record.exc_info:
            fields = {**fields, "error.stack_trace": self.formatException(record.exc_info)}
        return self.line(record.created, record.levelname.lower(), record.name, record.getMessage(), fields)

    def line(self, created: float, level: str, logger: str, message: str, fields: Mapping[str, object]) -> str:
        """As above, of what a record holds; `created` is seconds since 1970."""
        head = f'"@timestamp":"{self._time(created)}","log.level":"{level}","message":{_quoted(message)},"log.logger":"{logger}"'
        return f"{{{','.join(filter(None, (head, self._labels, _encode(fields)[1:-1])))}}}"

    def _time(self, created: float) -> str:
        second = int(created)
        if self._second[0] != second:
            self._second = second, datetime.fromtimestamp(second, UTC).isoformat()[:-6]
        return f"{self._second[1]}.{int((created - second) * 1000):03}+00:00"


class EcsHandler(logging.StreamHandler[TextIO]):
    """Writes lines; takes those of requests without a record of `logging` for each, which takes longer than scoring.

    What requests say in one turn of the loop is written at once, at the end of that turn: each write wakes whoever reads.
    """

    def __init__(self, labels: dict[str, str], stream: TextIO) -> None:
        super().__init__(stream)
        self._ecs = EcsFormatter(labels)
        self._waiting: list[str] = []
        self.setFormatter(self._ecs)

    def write(self, logger: str, message: str, fields: Mapping[str, object]) -> None:
        """One line, of level info. Only where a loop runs."""
        line = self._ecs.line(time.time(), "info", logger, message, fields)
        self.acquire()
        try:
            if not self._waiting:
                asyncio.get_running_loop().call_soon(self.flush)
            self._waiting.append(line + self.terminator)
        finally:
            self.release()

    def emit(self, record: logging.LogRecord) -> None:
        """Behind what was said before. The lock is held already."""
        self._write_waiting()
        super().emit(record)

    def flush(self) -> None:
        """Nothing waits any more."""
        self.acquire()
        try:
            self._write_waiting()
            self.stream.flush()
        finally:
            self.release()

    def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self.stream.write("".join(waiting))


def set_up_logs(labels: dict[str, str], stream: TextIO | None = None) -> None:
    """Sends everything that is logged in this process, uvicorn's lines included, to stdout as JSON."""
    root = logging.getLogger()
    root.handlers[:] = [EcsHandler(labels, stream or sys.stdout)]
    root.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def log_event(logger: logging.Logger, level: int, action: str, message: str, **fields: object) -> None:
    """One line about something that happened; `fields` are added under their own names."""
    logger.log(level, message, extra={_EXTRA: {"event.action": action, **fields}})


def log_request(logger: logging.Logger, message: str, fields: Mapping[str, object]) -> None:
    """The same line as `log_event` writes, for what happens thousands of times each second; its action is in `fields`."""
    handlers = _root.handlers
    if len(handlers) == 1 and isinstance(handler := handlers[0], EcsHandler):
        handler.write(logger.name, message, fields)
    else:
        logger.info(message, extra={_EXTRA: fields})
