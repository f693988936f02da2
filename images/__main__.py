"""Command line: build the images, say what they are called, write the locks."""

import argparse
import json
import sys
from collections.abc import Sequence

from images.base import base_reference
from images.build import Built, build, build_base, named
from images.catalogue import IMAGES, Image
from images.locks import write_locks
from images.problem import Problem


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code."""
    given = _parser().parse_args(arguments)
    try:
        return _run(given)
    except Problem as problem:
        print(f"images: {problem.what}\nNext: {problem.next_step}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("images: stopped; the next call goes on where this one ended", file=sys.stderr)
        return 130


def _run(given: argparse.Namespace) -> int:
    match given.command:
        case "build":
            return _build(given)
        case "list":
            print(_listing(named(IMAGES, given.base or base_reference()), given.output))
        case "lock":
            write_locks(upgrade=given.upgrade)
        case command:
            raise AssertionError(f"no such command: {command}")
    return 0


def _build(given: argparse.Namespace) -> int:
    chosen: list[str] = given.only or [image.name for image in IMAGES]
    if chosen == ["base"]:
        print(build_base(given.engine))
        return 0
    built = build([image for image in IMAGES if image.name in chosen], given.base, given.engine)
    print(_listing(built, given.output))
    return 0


def _listing(built: Sequence[Built], output: str) -> str:
    match output:
        case "archives":
            return "\n".join(str(one.archive) for one in built)
        case "values":
            return json.dumps({"image": {one.image.name: _value(one.image, one.reference) for one in built}}, indent=2)
        case _:
            return "\n".join(f"{one.image.name} {one.reference} {one.archive}" for one in built)


def _value(image: Image, reference: str) -> dict[str, str]:
    return {"repository": image.repository, "tag": reference.rpartition(":")[2]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m images", description="Builds the container images of this project."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="build what is not there yet and leave one archive per image")
    building.add_argument(
        "--only", action="append", choices=["base", *(image.name for image in IMAGES)], help="may be repeated"
    )
    building.add_argument("--engine", choices=["auto", "buildah", "docker"], default="auto")
    listing = commands.add_parser("list", help="say what the images are called now, built or not")
    for command in (building, listing):
        command.add_argument(
            "--base", default="", help="base image, any with Python 3.11 or newer; default: a Debian made here"
        )
        command.add_argument(
            "--output",
            choices=["table", "archives", "values"],
            default="table",
            help="name, reference and archive; archives alone; or values for the chart (JSON, which is YAML)",
        )
    locking = commands.add_parser("lock", help="write requirements/*.txt anew (needs uv)")
    locking.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    return parser


if __name__ == "__main__":
    sys.exit(main())
