"""Which trial won: a function of what stands in MLflow, so that whoever asks again gets the same answer.

The figures are those of cross-validation on the reviews to learn from. Those that are held out judge the version that is
trained with the best parameters, and have no part in choosing them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sentiment_contract.search import BestTrial, SearchResult, Trial, trials_of
from sentiment_contract.training import FailureReason
from sentiment_contract.values import canonical_decimal
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.registry.record import search_result_in
from sentiment_trainer.registry.trials import Recorded, TrialRuns

if TYPE_CHECKING:
    from sentiment_trainer.registry.runs import TrainingRun


def result_of(tried: Sequence[Trial], known: Mapping[int, Recorded]) -> SearchResult:
    """What these trials came to. Of trials with equal figures the one that was written first is the best."""
    ended = [(known[trial.number].accuracy, -trial.number, trial) for trial in tried if trial.number in known]
    failed = len(tried) - len(ended)
    if not ended:
        return SearchResult(trials=len(tried), failed=failed)
    accuracy, _, winner = max(ended, key=lambda entry: entry[:2])
    told = canonical_decimal(f"{accuracy:.6f}")
    best = BestTrial(trial=winner.number, accuracy=told, parameters=winner.parameters)
    return SearchResult(trials=len(tried), failed=failed, best=best)


def chosen(run: "TrainingRun") -> SearchResult:
    """What the search of the run's recipe came to: as an earlier attempt found it, else as the trials say now.

    Raises SearchFailed where no trial stands in MLflow.
    """
    decided = search_result_in(run.tags)
    if decided is not None:
        return decided
    planned = trials_of(run.lineage.order.recipe)
    trials = TrialRuns.of(run.client, run.lineage)
    known = trials.recorded()
    result = result_of(planned, known)
    if result.best is None:
        raise TrainingError(
            FailureReason.SEARCH_FAILED,
            f"None of {len(planned)} trials of the search stands in MLflow.",
            "see the pods of the search, and set the annotation rottenpotatoes.com/retry to another value.",
        )
    trials.adopt(run.id, known)
    run.decide(result)
    return result
