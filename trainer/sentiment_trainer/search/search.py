"""The sequence of one pod of a search: fetch, try the group that is its own, and write every trial down.

A pod that is started anew does what is left to do: figures that stand in MLflow already are not made again.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment_contract import names
from sentiment_contract.search import INDEX_VARIABLE, GroupSearched, Trial, groups_of, trials_of
from sentiment_contract.training import FailureReason, TrainingOrder
from sentiment_trainer.data.prepare import PreparedData, prepare
from sentiment_trainer.data.split import kind_of
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.order import invalid
from sentiment_trainer.own import OwnTrainer
from sentiment_trainer.progress import Progress
from sentiment_trainer.settings import Settings

if TYPE_CHECKING:
    from sentiment_trainer.registry.trials import TrialRuns
    from sentiment_trainer.search.cross_validation import Figures


def index_from_environment() -> int:
    """Which group Kubernetes made this pod for."""
    text = os.environ.get(INDEX_VARIABLE, "")
    if not text.isdigit():
        raise invalid(f"Which trials to make is not known: {INDEX_VARIABLE} is {text or 'not set'}.", "search")
    return int(text)


def search(order: TrainingOrder, index: int, settings: Settings, own: OwnTrainer | None = None) -> GroupSearched:
    """Make the trials of this group, fitting in a way of one's own where one is given.

    Raises TrainingError: SearchFailed where none of them ends well, else what keeps all trials from being made.
    """
    group = _group(order, index)
    progress = Progress()
    progress.at(0, f"{order.namespace}/{order.model}, version {order.label}: {len(group)} trials of group {index}")
    with tempfile.TemporaryDirectory(dir=settings.scratch, prefix="sentiment-search-") as name:
        prepared = prepare(order.recipe, settings, Path(name), progress)
    return _search(order, group, prepared, progress, own)


def _group(order: TrainingOrder, index: int) -> tuple[Trial, ...]:
    groups = groups_of(trials_of(order.recipe))
    if index >= len(groups):
        raise invalid(f"There is no group {index} of trials: the order has {len(groups)}.", "search")
    return groups[index]


def _search(
    order: TrainingOrder, group: Sequence[Trial], prepared: PreparedData, progress: Progress, own: OwnTrainer | None
) -> GroupSearched:
    from sentiment_trainer.learn.environment import environment_hash
    from sentiment_trainer.registry import connection
    from sentiment_trainer.registry.record import Lineage
    from sentiment_trainer.registry.trials import TrialRuns
    from sentiment_trainer.search.choice import result_of

    lineage = Lineage(order, prepared.file, environment_hash(), kind_of(prepared.sides.test))
    client = connection.connect(order.tracking_url)
    with connection.reaching(order.tracking_url, "look up which trials were made"):
        runs = TrialRuns.of(client, lineage)
        known = runs.recorded()
    left = [trial for trial in group if trial.number not in known]
    progress.at(20, f"{len(group) - len(left)} of {len(group)} trials stand in MLflow; trying the others")
    failures = _try(runs, left, prepared, progress, own)
    with connection.reaching(order.tracking_url, "look up which trials were made"):
        known = runs.recorded()
    result = result_of(group, known)
    if result.best is None:
        raise _none_ended_well(group, failures)
    progress.at(
        100, f"best of the group: trial {result.best.trial}, accuracy {result.best.accuracy} in cross-validation"
    )
    return GroupSearched(result=result)


def _try(
    runs: "TrialRuns", left: Sequence[Trial], prepared: PreparedData, progress: Progress, own: OwnTrainer | None
) -> list[TrainingError]:
    """Make these trials and write them down; gives why some could not be made."""
    from sentiment_trainer.registry import connection

    if not left:
        return []
    found = _each(left, prepared, own) if own is not None else _together(left, prepared, progress)
    failures = list[TrainingError]()
    with connection.reaching(runs.lineage.order.tracking_url, "take the trials"):
        for trial in left:
            match found[trial.number]:
                case TrainingError() as error:
                    failures.append(error)
                    runs.record_failure(trial, error.message)
                case figures:
                    runs.record(trial, _metrics(figures))
    return failures


def _together(
    left: Sequence[Trial], prepared: PreparedData, progress: Progress
) -> "Mapping[int, Figures | TrainingError]":
    from sentiment_trainer.search.cross_validation import cross_validated

    try:
        return cross_validated(prepared.sides.train, left, prepared.file.called, progress.at)
    except TrainingError as error:
        return {trial.number: _of_these_trials(error) for trial in left}


def _each(left: Sequence[Trial], prepared: PreparedData, own: OwnTrainer) -> "Mapping[int, Figures | TrainingError]":
    from sentiment_trainer.search.cross_validation import cross_validated_by

    found: dict[int, Figures | TrainingError] = {}
    for trial in left:
        try:
            found[trial.number] = cross_validated_by(own.fit, prepared.sides.train, trial, prepared.file.called)
        except TrainingError as error:
            found[trial.number] = _of_these_trials(error)
    return found


def _of_these_trials(error: TrainingError) -> TrainingError:
    """The error, where it speaks of what was tried; what keeps every trial from being made, is raised."""
    if error.reason is not FailureReason.DATA_NO_TERMS:
        raise error
    return error


def _metrics(figures: "Figures") -> dict[str, float]:
    of_folds = {f"accuracy_fold_{number}": share for number, share in enumerate(figures.by_fold, start=1)}
    return {names.CROSS_VALIDATION_METRIC: figures.accuracy, **of_folds}


def _none_ended_well(group: Sequence[Trial], failures: Sequence[TrainingError]) -> TrainingError:
    said = _without_advice(failures[-1].message) if failures else "MLflow has lost them"
    return TrainingError(
        FailureReason.SEARCH_FAILED,
        f"None of {len(group)} trials that share a featurisation ended well: {said}",
        "correct spec.training.search.parameters.",
    )


def _without_advice(message: str) -> str:
    """What happened, without what to do next: that is another thing for a search."""
    return message.partition(" Next:")[0]
