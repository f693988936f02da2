"""Writes what a comparison found: for a person a page with pictures, fit for a merge request, for a program JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sentiment_contract.gates import (
    CONFIDENCE,
    Contestant,
    Figures,
    Gate,
    Measured,
    OnFailure,
    Verdict,
    decisive,
    judge,
)
from sentiment_contract.values import canonical_decimal
from sentiment_trainer.compare.figures import Board, decimal
from sentiment_trainer.compare.plots import Difference, draw
from sentiment_trainer.compare.statistics import RESAMPLES

PAGE = "report.md"
_ALIGNED = "|---|---|---|---:|---:|---:|---:|---:|"
_METHOD = f"a paired bootstrap of {RESAMPLES:,} resamples"
_DANGEROUS = str.maketrans({character: f"\\{character}" for character in "\\`*_[]|#!~"} | {"<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True)
class Judged:
    """A gate with its figures, and what the contract makes of them."""

    gate: Gate
    figures: Figures
    verdict: Verdict
    why: str

    @property
    def measured(self) -> Measured:
        """What the verdict rests on."""
        return decisive(self.gate, self.figures)

    @property
    def holds_up(self) -> bool:
        """Whether the version must not serve because of it."""
        return self.verdict is not Verdict.PASSED and self.gate.on_failure is OnFailure.BLOCK


@dataclass(frozen=True)
class Comparison:
    """What was compared and what came out; no name of the data and no board where nothing could be scored."""

    candidate: Contestant
    baseline: Contestant | None
    data: str
    judged: tuple[Judged, ...]
    board: Board | None

    @property
    def held_up(self) -> bool:
        """Whether any gate keeps the candidate from serving."""
        return any(one.holds_up for one in self.judged)


def judged(gates: Sequence[Gate], figures: Sequence[Figures]) -> tuple[Judged, ...]:
    """Each gate with its verdict."""
    return tuple(Judged(gate, one, *judge(gate, one)) for gate, one in zip(gates, figures, strict=True))


def write_report(folder: Path, comparison: Comparison) -> Path:
    """Write report.md, figures.json and the pictures into the folder; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw(folder, comparison.board, _differences(comparison.judged), *_names(comparison))
    (folder / "figures.json").write_text(json.dumps(_document(comparison), indent=2) + "\n", encoding="utf-8")
    page = folder / PAGE
    page.write_text("\n\n".join(_page(comparison, pictures)) + "\n", encoding="utf-8")
    return page


def _names(comparison: Comparison) -> tuple[str, str]:
    baseline = comparison.baseline
    return f"version {comparison.candidate.version}", f"serving version {baseline.version}" if baseline else ""


def _differences(all_judged: Sequence[Judged]) -> list[Difference]:
    return [
        Difference(
            name=one.gate.name,
            value=float(one.measured.value) - float(one.measured.baseline_value),
            low=float(one.measured.low),
            high=float(one.measured.high),
            margin=-float(one.gate.max_decrease or 0),
            verdict=one.verdict,
        )
        for one in all_judged
        if one.measured.low and one.measured.high
    ]


def _page(comparison: Comparison, pictures: Sequence[str]) -> list[str]:
    ours, theirs = map(_plain, _names(comparison))
    return [
        f"# Gates of {ours}{f', compared with {theirs}' if theirs else ''}",
        _summary(comparison),
        "\n".join([_row(_COLUMNS), _ALIGNED, *(_row(_cells(one)) for one in comparison.judged)]),
        "\n".join(f"- **{one.gate.name}**: {_plain(one.why)}.{_mcnemar(one.measured)}" for one in comparison.judged),
        *(f"![{name.removesuffix('.png').replace('_', ' ')}]({name})" for name in pictures),
        "\n".join(_facts(comparison)),
    ]


_COLUMNS = ("Gate", "Verdict", "Measured", "Candidate", "Serving", "Difference", "Asked for", "Reviews")


def _summary(comparison: Comparison) -> str:
    passed = sum(one.verdict is Verdict.PASSED for one in comparison.judged)
    told = f"{passed} of {len(comparison.judged)} gates passed"
    return f"**{told}: the version must not serve.**" if comparison.held_up else f"**{told}: the version may serve.**"


def _cells(one: Judged) -> Sequence[str]:
    gate, measured = one.gate, one.measured
    verdict = f"{one.verdict}" if one.verdict is Verdict.PASSED or one.holds_up else f"{one.verdict} (warning)"
    return (
        gate.name,
        verdict if one.verdict is Verdict.PASSED else f"**{verdict}**",
        f"{gate.metric}, {_plain(gate.slice.told())}" if gate.slice and gate.slice.told() else gate.metric,
        measured.value or "–",
        measured.baseline_value or "–",
        _difference(measured) or "–",
        _asked_for(gate),
        f"{measured.samples:,}" if measured.samples else "–",
    )


def _difference(measured: Measured) -> str:
    if not measured.low:
        return ""
    difference = decimal(float(measured.value) - float(measured.baseline_value))
    return f"{difference} ({measured.low} to {measured.high})"


def _asked_for(gate: Gate) -> str:
    if gate.compare_with is not None:
        margin = canonical_decimal(gate.max_decrease or "0")
        return f"≥ {'0' if margin == '0' else f'-{margin}'}"
    return f"{'≤' if gate.operator == 'LessOrEqual' else '≥'} {gate.threshold or '–'}"


def _mcnemar(measured: Measured) -> str:
    if not measured.p_value:
        return ""
    told = "< 0.000001" if float(measured.p_value) == 0 else f"= {measured.p_value}"
    return f" McNemar's exact test: p {told}."


def _facts(comparison: Comparison) -> list[str]:
    contestants = [(comparison.candidate, "Candidate"), (comparison.baseline, "Serving")]
    return [
        _data(comparison),
        *(f"- {role}: version {_plain(c.version)}, model `{c.artifact_digest}`." for c, role in contestants if c),
        f"- Difference: measured, and its bounds, each one-sided at {CONFIDENCE * 100:.0f} %, by {_METHOD}.",
    ]


def _data(comparison: Comparison) -> str:
    identity = f"sha256 `{comparison.candidate.data_hash}`"
    if comparison.board is None:
        return f"- Data: nothing was scored; the candidate was trained on {identity}."
    rows = comparison.board.rows
    shared = f", {int(rows.shared.sum()):,} of them learnt from by neither version" if comparison.board.baseline else ""
    return f"- Data: {_plain(comparison.data)}, {identity}, {len(rows):,} held-out reviews{shared}."


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """The text as Markdown that shows it: names of files and values of columns are other people's."""
    return " ".join(text.split()).translate(_DANGEROUS)


def _document(comparison: Comparison) -> dict[str, object]:
    contestants = {"candidate": comparison.candidate, "baseline": comparison.baseline}
    return {
        **{
            role: one and one.model_dump(mode="json", by_alias=True, exclude_none=True)
            for role, one in contestants.items()
        },
        "gates": [
            {
                "gate": one.gate.model_dump(mode="json", by_alias=True, exclude_none=True),
                "figures": one.figures.model_dump(mode="json", by_alias=True),
                "verdict": one.verdict.value,
                "why": one.why,
            }
            for one in comparison.judged
        ],
    }
