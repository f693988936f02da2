"""Writes the CustomResourceDefinitions into the folders that hold them: `python -m sentiment_operator.crd`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from sentiment_operator.crd.definitions import rendered

DEFAULT_OUTPUTS = (Path("crds"), Path("charts/sentiment-operator/crd-files"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write every definition into every output folder."""
    parser = argparse.ArgumentParser(prog="python -m sentiment_operator.crd", description=main.__doc__)
    parser.add_argument(
        "--output",
        type=Path,
        nargs="+",
        default=DEFAULT_OUTPUTS,
        metavar="DIR",
        help="folders to write to (default: %(default)s)",
    )
    for folder in parser.parse_args(arguments).output:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in rendered().items():
            (folder / name).write_text(content, encoding="utf-8")
            print(f"wrote {folder / name}")


if __name__ == "__main__":
    main()
