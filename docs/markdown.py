"""The little Markdown that the pages need, spelt so that GitHub shows every text as it was meant."""

import re
from collections.abc import Iterable, Sequence

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_COMMAND = r"kubectl .*?(?=, and |$)"
_FIELD = r"\b(?:spec|status)\.[A-Za-z][A-Za-z.]*[A-Za-z]"
_ANNOTATION = r"\brottenpotatoes\.com/[a-z0-9/]+"
_LITERAL = re.compile(f"{_COMMAND}|{_FIELD}|{_ANNOTATION}")


def text(plain: str) -> str:
    """A text in which nothing is read as HTML."""
    return re.sub(r"[&<>]", lambda found: _HTML[found[0]], plain)


def code(literal: str) -> str:
    """A code span."""
    return f"`{literal}`"


def prose(message: str) -> str:
    """A message of the operator, with its commands and field names as code."""
    parts: list[str] = []
    end = 0
    for found in _LITERAL.finditer(message):
        parts += [text(message[end : found.start()]), code(found[0])]
        end = found.end()
    return "".join((*parts, text(message[end:])))


def link(label: str, heading: str, page: str = "") -> str:
    """A link to a heading of the same page, or of another one."""
    return f"[{label}]({page}#{anchor(heading)})"


def anchor(heading: str) -> str:
    """The name that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. A pipe separates cells even inside of a code span, so each is escaped."""
    return "\n".join((_row(head), _row(["---"] * len(head)), *map(_row, rows)))


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def numbered(lines: Iterable[str]) -> str:
    """A list of steps."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def section(*parts: str) -> str:
    """The parts with an empty line between them; what is empty is left out."""
    return "\n\n".join(part for part in parts if part)


def page(*parts: str) -> str:
    """A whole file."""
    return f"{section(*parts)}\n"


def _row(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
