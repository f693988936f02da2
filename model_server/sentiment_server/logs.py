"""One JSON object per line on stdout, with the field names of the Elastic Common Schema.

No review text is ever part of a line unless the setting `log_text` asks for it.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii
from typing import TextIO

_EXTRA = "ecs"
_HOLE = "\ue000"
"""Stands where a number will stand. Of no meaning, so nothing else that is logged of a request holds it."""
_root = logging.getLogger()
_quoted = encode_basestring_ascii
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


@dataclass(frozen=True, eq=False)
class RequestPattern:
    """What lines of one kind have in common; `varying` names the fields whose numbers differ from one to the next."""

    logger: logging.Logger
    message: str
    fields: Mapping[str, object]
    varying: Sequence[str]

    def with_numbers(self, numbers: Sequence[float]) -> dict[str, object]:
        """The fields of one line; the numbers in the order of `varying`."""
        return {**self.fields, **dict(zip(self.varying, numbers, strict=True))}


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
        return self._line(self.time(created), level, logger, message, fields)

    def pattern(self, of: RequestPattern) -> str:
        """`line`, of level info, with a place for `%` to put the time, and then one for each number."""
        holes = dict.fromkeys(of.varying, _HOLE)
        line = self._line("%", "info", of.logger.name, of.message, {**of.fields, **holes})
        return line.replace("%", "%%").replace("%%", "%s", 1).replace(_encode(_HOLE), "%r")

    def _line(self, created: str, level: str, logger: str, message: str, fields: Mapping[str, object]) -> str:
        head = f'"@timestamp":"{created}","log.level":"{level}","message":{_quoted(message)},"log.logger":"{logger}"'
        return f"{{{','.join(filter(None, (head, self._labels, _encode(fields)[1:-1])))}}}"

    def time(self, created: float) -> str:
        """As it stands in lines."""
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
        self._patterns: dict[RequestPattern, str] = {}
        self.setFormatter(self._ecs)

    def write(self, logger: str, message: str, fields: Mapping[str, object]) -> None:
        """One line, of level info. Only where a loop runs."""
        self._wait_with([self._ecs.line(time.time(), "info", logger, message, fields) + self.terminator])

    def write_all(self, said: Sequence[tuple[RequestPattern, Sequence[float]]]) -> None:
        """As `write` for each."""
        now = self._ecs.time(time.time())
        self._wait_with([self._pattern(pattern) % (now, *numbers) for pattern, numbers in said])

    def _pattern(self, of: RequestPattern) -> str:
        found = self._patterns.get(of)
        if found is None:
            found = self._patterns[of] = self._ecs.pattern(of) + self.terminator
        return found

    def _wait_with(self, lines: list[str]) -> None:
        self.acquire()
        try:
            if not self._waiting:
                asyncio.get_running_loop().call_soon(self.flush)
            self._waiting += lines
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


def log_requests(said: Sequence[tuple[RequestPattern, Sequence[float]]]) -> None:
    """As `log_request` for each, in a fraction of the time: a line's pattern, and its numbers."""
    handlers = _root.handlers
    if len(handlers) == 1 and isinstance(handler := handlers[0], EcsHandler):
        handler.write_all(said)
        return
    for pattern, numbers in said:
        pattern.logger.info(pattern.message, extra={_EXTRA: pattern.with_numbers(numbers)})
