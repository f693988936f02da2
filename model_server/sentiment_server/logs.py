"""One JSON object per line on stdout, with the field names of the Elastic Common Schema.

No review text is ever part of a line unless the setting `log_text` asks for it.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

_EXTRA = "ecs"


class EcsFormatter(logging.Formatter):
    """Renders a record; `labels` stand in every line."""

    def __init__(self, labels: dict[str, str]) -> None:
        super().__init__()
        self._labels = {f"labels.{name}": value for name, value in labels.items() if value}

    def format(self, record: logging.LogRecord) -> str:
        """One line without a line break."""
        line: dict[str, object] = {
            "@timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "log.logger": record.name,
            **self._labels,
            **getattr(record, _EXTRA, {}),
        }
        if record.exc_info:
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, separators=(",", ":"))


def set_up_logs(labels: dict[str, str], stream: TextIO | None = None) -> None:
    """Sends everything that is logged in this process, uvicorn's lines included, to stdout as JSON."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(EcsFormatter(labels))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def log_event(logger: logging.Logger, level: int, action: str, message: str, **fields: object) -> None:
    """One line about something that happened; `fields` are added under their own names."""
    logger.log(level, message, extra={_EXTRA: {"event.action": action, **fields}})
