"""`make bench-report`: writes the page from what the parts have kept in build/bench, with its pictures, to docs."""

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.report.chapters import chapters
from bench.report.page import page
from bench.results import RESULTS

DOCS = Path(__file__).parents[2] / "docs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `performance.md` and `images/`; exit code 1 where nothing was measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument(
        "--from", dest="results", type=Path, default=RESULTS, help="what was kept (default: %(default)s)"
    )
    parser.add_argument("--to", type=Path, default=DOCS, help="where the page goes (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    found = chapters(chosen.results)
    if not any(chapter.sections for chapter in found):
        print(f"nothing was measured: {chosen.results} holds no figures. Next: make bench", file=sys.stderr)
        return 1
    print(write(page(found), chosen.results, chosen.to))
    return 0


def write(text: str, results: Path, folder: Path) -> Path:
    """The page and the pictures that it shows. A picture that was not drawn, nor stands there, is left out of the page."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for name in re.findall(r"\(images/([^)]+)\)", text):
        if (results / name).exists():
            shutil.copyfile(results / name, images / name)
        elif not (images / name).exists():
            text = re.sub(rf"!\[[^]]*\]\(images/{re.escape(name)}\)\n\n?", "", text)
    file = folder / "performance.md"
    file.write_text(text, encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())
