"""Writes chapters as Markdown. It must not know what any figure means."""

from collections.abc import Iterator, Sequence

from bench.report.chapters import Chapter
from bench.report.shapes import Goal, Section, Table
from bench.results import Machine

_HEAD = """\
# Performance

Every figure stands beside its goal and its peers, and all of a table were measured in one run. Ratios and seconds of the
processor are what to compare: absolute times depend on the machine, and on what else it does.
`make bench` measures everything that this machine can run and writes this page to `build/bench/report`; `make bench-<part>`
measures one part, and `make bench-report` writes this page anew. `make test` fails where one of these paths becomes slow.
"""


def page(chapters: Sequence[Chapter]) -> str:
    """The whole page; pictures stand in the folder `images` beside it."""
    parts = [_HEAD, *_summary(chapters), *(text for chapter in chapters for text in _chapter(chapter))]
    return "\n".join(parts)


def _summary(chapters: Sequence[Chapter]) -> Iterator[str]:
    goals = [(chapter, goal) for chapter in chapters for section, _ in chapter.sections for goal in section.goals]
    if goals:
        met = sum(goal.met for _, goal in goals)
        yield f"## Goals\n\n{met} of {len(goals)} are met.\n"
        yield _markdown(
            Table("", ("part", "figure", "goal", "reached", ""), tuple((c.part.title, *_told(g)) for c, g in goals))
        )


def _told(goal: Goal) -> tuple[str, ...]:
    sign = "≥" if goal.more else "≤"
    return (goal.what, f"{sign} {goal.wanted:g}{goal.unit}", f"{_short(goal.reached)}{goal.unit}", _verdict(goal))


def _verdict(goal: Goal) -> str:
    return "met" if goal.met else "**missed**"


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 or number == int(number) else f"{number:.4g}"


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"## {chapter.part.title}\n\n`make bench-{chapter.part.name}`\n"
    if chapter.missing:
        yield f"Not measured here: {chapter.missing}.\n"
    told = ""
    for section, machine in chapter.sections:
        yield from _section(section)
        told = _machine(machine)
    if told:
        yield f"{told}\n"


def _section(section: Section) -> Iterator[str]:
    yield from (f"{paragraph}\n" for paragraph in section.told)
    yield from (f"![{shows}](images/{file})\n" for file, shows in section.pictures)
    yield from (_markdown(table) for table in section.tables)


def _markdown(table: Table) -> str:
    title = f"**{table.title}**\n\n" if table.title else ""
    line = "".join("|---:" if _is_numbers(column) else "|---" for column in zip(*table.rows, strict=True)) + "|"
    rows = (f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in table.rows)
    return "\n".join((f"{title}| {' | '.join(table.columns)} |", line, *rows, ""))


def _is_numbers(column: Sequence[str]) -> bool:
    return all(cell[:1].isdigit() or cell == "–" for cell in column)


def _escaped(cell: str) -> str:
    return cell.replace("|", r"\|").replace("\n", " ")


def _machine(machine: Machine) -> str:
    busy = "" if machine.busy is None else f"; {machine.busy:.0f} processes wanted to run at the end"
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"<sub>{machine.day}: {machine.cores} cores, {machine.processor}, {machine.mib / 1024:.0f} GiB, {machine.system},"
        f" Python {machine.python}, {versions}{busy}.</sub>"
    )
