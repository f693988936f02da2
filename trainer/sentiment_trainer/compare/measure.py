"""The sequence that both ways of comparing share: choose the reviews, score them, compute, judge."""

from collections.abc import Sequence
from dataclasses import dataclass

from sentiment_artifact import CompiledModel
from sentiment_contract.gates import Contestant, Gate
from sentiment_trainer.compare.figures import Board, figures_for, score, with_earlier, without_figures
from sentiment_trainer.compare.report import Comparison, judged
from sentiment_trainer.compare.rows import HeldOut, Sides, earlier, held_out
from sentiment_trainer.compare.unmeasurable import Unmeasurable
from sentiment_trainer.data.files import FetchedFile
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.progress import Progress


@dataclass(frozen=True)
class Entrant:
    """One version as it comes to a comparison."""

    sides: Sides
    model: CompiledModel
    judged_by: Reviews | Unmeasurable | None = None
    """The reviews that it was judged by, where its data are others than the candidate's, or why they are not to be had."""


def measure(
    file: FetchedFile, candidate: Entrant, baseline: Entrant | None, gates: Sequence[Gate], progress: Progress
) -> Comparison:
    """Score and judge. Raises TrainingError where the data fail their checks."""
    columns = sorted({gate.slice.column for gate in gates if gate.slice is not None and gate.slice.column})
    ours = candidate.sides.contestant
    rows = held_out(file, ours, baseline.sides if baseline else None, columns)
    return measure_on(rows, file.called, candidate, baseline, gates, progress)


def measure_on(
    rows: HeldOut,
    called: str,
    candidate: Entrant,
    baseline: Entrant | None,
    gates: Sequence[Gate],
    progress: Progress,
) -> Comparison:
    """The same on reviews that were chosen already. `called`: what they are from."""
    ours, theirs = candidate.sides.contestant, baseline.sides.contestant if baseline else None
    progress.at(20, f"{len(rows):,} reviews that version {ours.version} has not learnt from; scoring")
    scores = score(candidate.model, rows.texts)
    if baseline is not None and not rows.not_shared:
        progress.at(45, f"scoring the same reviews with version {baseline.sides.contestant.version}")
        board = Board(rows, scores, score(baseline.model, rows.texts))
    else:
        board = Board(rows, scores, None)
    progress.at(70, f"computing the figures of {len(gates)} gates")
    figures = figures_for(gates, board)
    if baseline is not None and baseline.judged_by is not None:
        figures = with_earlier(gates, figures, _earlier_board(candidate, baseline, rows, progress))
    return Comparison(ours, theirs, called, judged(gates, figures), board)


def _earlier_board(
    candidate: Entrant, baseline: Entrant, rows: HeldOut, progress: Progress
) -> Board | Unmeasurable | None:
    if not isinstance(baseline.judged_by, Reviews):
        return baseline.judged_by
    progress.at(78, f"scoring the reviews that version {baseline.sides.contestant.version} was judged by")
    before = earlier(baseline.judged_by, rows.learnt)
    return Board(before, score(candidate.model, before.texts), score(baseline.model, before.texts))


def nothing_measured(
    candidate: Contestant, baseline: Contestant | None, gates: Sequence[Gate], problem: Unmeasurable
) -> Comparison:
    """A comparison that could not be made, with the same reason for every gate."""
    return Comparison(candidate, baseline, "", judged(gates, without_figures(gates, str(problem))), None)
