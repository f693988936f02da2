"""The command line of the reference pages: python -m docs [--check]."""

import argparse
import sys
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

from docs.fields import reference
from docs.troubleshooting import troubleshooting

FOLDER = Path(__file__).parent
UP_TO_DATE = 0
STALE = 1


def pages() -> dict[str, str]:
    """File name → content of every page."""
    return {"fields.md": reference(), "troubleshooting.md": troubleshooting()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write every page; with --check write nothing, and exit 1 with the difference where one is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m docs", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="only say what differs")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pages stand (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    return _check(chosen.folder) if chosen.check else _write(chosen.folder)


def _write(folder: Path) -> int:
    for name, content in pages().items():
        (folder / name).write_text(content, encoding="utf-8")
        print(f"wrote {folder / name}")
    return UP_TO_DATE


def _check(folder: Path) -> int:
    stale = [name for name, content in pages().items() if _found(folder / name) != content]
    for name in stale:
        print(f"{folder / name} is not what the code says. Next: make docs")
        sys.stdout.writelines(
            unified_diff(_found(folder / name).splitlines(keepends=True), pages()[name].splitlines(keepends=True))
        )
    return STALE if stale else UP_TO_DATE


def _found(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
