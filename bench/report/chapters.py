"""Which parts there are, in the order of the page, and who makes a section of what each has kept."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report.parts import operator, ready, search, server, train
from bench.report.shapes import Section
from bench.results import RESULTS, Kept, Machine, kept


@dataclass(frozen=True)
class Part:
    """`make bench-<name>`, and the files that it keeps. A part that only prints keeps none."""

    name: str
    title: str
    files: tuple[tuple[str, Callable[[Any], Section]], ...] = ()


PARTS = (
    Part("server", "Requests", (("server", server.section),)),
    Part("scorer", "The scorer alone"),
    Part("train", "Training", (("train", train.section), ("scale", train.growth))),
    Part("search", "Search", (("search", search.section),)),
    Part("ready", "Time to ready", (("ready-cold", ready.cold), ("ready-switch", ready.switches))),
    Part("operator", "The operator with many models", (("operator", operator.section), ("shards", operator.shards))),
)
RUN = "run"
"""Under this name stands why a part of the last run has no figures: `{part: reason}`."""


@dataclass(frozen=True)
class Chapter:
    """A part with what it has kept. Without sections `missing` says why."""

    part: Part
    sections: Sequence[tuple[Section, Machine]]
    missing: str


def chapters(folder: Path = RESULTS) -> list[Chapter]:
    """All parts that keep figures, measured or not."""
    reasons = _reasons(folder)
    return [_chapter(part, folder, reasons.get(part.name, "it was not run")) for part in PARTS if part.files]


def _chapter(part: Part, folder: Path, reason: str) -> Chapter:
    found = [(name, make, one) for name, make in part.files if (one := _kept(name, folder)) is not None]
    sections = [(_section(name, make, one), one.machine) for name, make, one in found]
    return Chapter(part, sections, "" if sections else reason)


def _kept(name: str, folder: Path) -> Kept | None:
    try:
        return kept(name, folder)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise SystemExit(
            f"{folder / name}.json is none of this version: {error!r}. Next: measure that part again"
        ) from error


def _section(name: str, make: Callable[[Any], Section], one: Kept) -> Section:
    try:
        return make(one.figures)
    except (KeyError, TypeError, IndexError) as error:
        raise SystemExit(
            f"{name}.json has another shape than the page knows ({error!r}). Next: measure that part again, or change"
            f" {make.__module__} with it"
        ) from error


def _reasons(folder: Path) -> dict[str, str]:
    found = _kept(RUN, folder)
    return found.figures if found is not None else {}
