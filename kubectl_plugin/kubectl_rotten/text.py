"""Lines: wrapping, tables, marks. What objects say is cleaned of control characters, since it may come from anybody."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NEXT = "Next:"
INDENT = "  "
NARROWEST = 40
_PLAIN = str.maketrans(
    {"…": "...", "→": "->", "✓": "ok", "✗": "no", "–": "-", "—": "-", "“": '"', "”": '"', "‘": "'", "’": "'"}
)


@dataclass(frozen=True, slots=True)
class Marks:
    """How a state is shown."""

    good: str
    open: str
    bad: str


UNICODE = Marks("✓", "…", "✗")
ASCII = Marks("ok", "..", "no")


@dataclass(frozen=True, slots=True)
class Page:
    """What is printed on."""

    marks: Marks = UNICODE
    width: int = 100


def clean(text: str) -> str:
    """The text on one line, without what a terminal would obey."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """The text with a space for each character that a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


def plain(text: str) -> str:
    """The text in ASCII alone."""
    return text.translate(_PLAIN).encode("ascii", errors="replace").decode("ascii")


def wrapped(text: str, page: Page, indent: str = INDENT, first: str | None = None) -> list[str]:
    """The text in lines as wide as the page. Words are never cut: they may be hashes or commands."""
    return textwrap.wrap(
        clean(text),
        max(page.width, NARROWEST),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """Rows in columns, as wide as their widest cell."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        (indent + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in cells
    ]


def without_step(message: str) -> str:
    """What a message says before its next step."""
    return clean(message.partition(NEXT)[0])


def step_of(message: str) -> str:
    """The next step that a message names, to be copied as it stands; empty where it names none."""
    return printable(message.partition(NEXT)[2]).strip()
