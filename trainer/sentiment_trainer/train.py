"""The sequence of one training, from an order to an answer. Every step lives in a module of its own.

Imports of scikit-learn, MLflow and matplotlib take seconds and stand where they are first needed, so that bad data is
refused before they are paid for.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment_contract.names import CROSS_VALIDATION_METRIC
from sentiment_contract.parameters import EffectiveParameters
from sentiment_contract.search import BestTrial, SearchResult, trials_of
from sentiment_contract.training import TrainingOrder, TrainingSucceeded
from sentiment_trainer.addresses import without_secrets
from sentiment_trainer.data.prepare import PreparedData, prepare
from sentiment_trainer.data.split import kind_of
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.own import OwnTrainer
from sentiment_trainer.progress import Progress
from sentiment_trainer.settings import Settings
from sentiment_trainer.stopping import Stopped

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from sentiment_trainer.registry.record import Lineage, Outcome
    from sentiment_trainer.registry.runs import TrainingRun


def train(order: TrainingOrder, settings: Settings, own: OwnTrainer | None = None) -> TrainingSucceeded:
    """Carry out the order, fitting in a way of one's own where one is given. Raises TrainingError when it cannot be."""
    progress = Progress()
    progress.at(0, f"training {order.namespace}/{order.model}, version {order.label}")
    with tempfile.TemporaryDirectory(dir=settings.scratch, prefix="sentiment-train-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        prepared = prepare(order.recipe, settings, folder / "data", progress)
        return _train_once(order, prepared, folder, progress, own)


def _train_once(
    order: TrainingOrder, prepared: PreparedData, folder: Path, progress: Progress, own: OwnTrainer | None
) -> TrainingSucceeded:
    from sentiment_trainer.learn.environment import environment_hash
    from sentiment_trainer.registry import connection, runs, versions
    from sentiment_trainer.registry.record import Lineage, outcome_in

    lineage = Lineage(order, prepared.file, environment_hash(), kind_of(prepared.sides.test))
    progress.at(17, f"asking MLflow at {without_secrets(order.tracking_url)} what is known")
    client = connection.connect(order.tracking_url)
    with connection.reaching(order.tracking_url, "look up what is registered"):
        reused = _reuse(client, lineage, progress)
        if reused is not None:
            return reused
        run = runs.open_run(client, lineage)
    progress.attach(runs.ProgressReporter(client, run.id))
    try:
        outcome = outcome_in(run.tags) or _fit_and_upload(run, prepared, folder, progress, own)
        progress.at(95, "registering")
        with connection.reaching(order.tracking_url, "register the model"):
            version = versions.register(run, outcome)
            runs.finish(client, version.run_id or run.id)
    except Stopped:
        run.stop()
        raise
    progress.at(100, f"version {version.version} of {version.name}, digest {outcome.artifact_digest}")
    return _answer(lineage, outcome, version.run_id or run.id, version.version)


def _reuse(client: "MlflowClient", lineage: "Lineage", progress: Progress) -> TrainingSucceeded | None:
    from sentiment_trainer.registry import runs, versions
    from sentiment_trainer.registry.record import outcome_in

    known = versions.known_version(client, lineage)
    outcome = outcome_in(known.tags) if known is not None else None
    if known is None or outcome is None or known.run_id is None:
        return None
    versions.add_label(client, lineage, known)
    runs.finish(client, known.run_id)
    progress.at(100, f"version {known.version} was trained from the same: reused")
    return _answer(lineage, outcome, known.run_id, known.version, reused=True)


def _fit_and_upload(
    run: "TrainingRun", prepared: PreparedData, folder: Path, progress: Progress, own: OwnTrainer | None
) -> "Outcome":
    from sentiment_trainer.learn.learn import learn
    from sentiment_trainer.registry import connection, held_out, package, runs
    from sentiment_trainer.registry.record import Outcome

    tracking_url = run.lineage.order.tracking_url
    try:
        parameters, searched = _parameters(run, progress)
        with connection.reaching(tracking_url, "take the parameters"):
            run.describe(parameters)
        learnt = learn(prepared, parameters, folder, progress, own.fit if own is not None else None)
    except TrainingError:
        with connection.reaching(tracking_url, "close the failed run"):
            run.give_up()
        raise
    progress.at(80, "uploading")
    package.package(learnt.artifact, learnt.reports / runs.MODEL_FOLDER)
    kept = held_out.keep(prepared.sides.test, learnt.reports)
    told, shown = learnt.evaluation.for_the_answer(), learnt.evaluation.for_mlflow()
    if searched is not None and searched.best is not None:
        told |= {"crossValidationAccuracy": searched.best.accuracy}
        shown |= {CROSS_VALIDATION_METRIC: float(searched.best.accuracy)}
        _report_search(run, searched.best, learnt.reports)
    outcome = Outcome(learnt.digest, kept, told, searched)
    with connection.reaching(tracking_url, "take the artifacts"):
        run.upload(learnt.reports, shown, outcome)
    return outcome


def _parameters(run: "TrainingRun", progress: Progress) -> tuple[EffectiveParameters, SearchResult | None]:
    """What to train with: as the recipe says, or what its search came to. Raises SearchFailed."""
    from sentiment_trainer.registry import connection
    from sentiment_trainer.search.choice import chosen

    recipe = run.lineage.order.recipe
    if recipe.search is None:
        return recipe.parameters, None
    with connection.reaching(run.lineage.order.tracking_url, "tell what the trials came to"):
        result = chosen(run)
    if result.best is None:
        return recipe.parameters, result
    best, tried = result.best, result.trials - result.failed
    progress.at(19, f"of {tried} trials, trial {best.trial} is the best: accuracy {best.accuracy} in cross-validation")
    return best.parameters, result


def _report_search(run: "TrainingRun", best: BestTrial, reports: Path) -> None:
    from sentiment_trainer.registry import connection
    from sentiment_trainer.registry.trials import TrialRuns
    from sentiment_trainer.search.plot import draw_trials

    with connection.reaching(run.lineage.order.tracking_url, "tell the trials"):
        known = TrialRuns.of(run.client, run.lineage).recorded()
    draw_trials(reports / "plots" / "search.png", trials_of(run.lineage.order.recipe), known, best.trial)


def _answer(
    lineage: "Lineage", outcome: "Outcome", run_id: str, version: str, *, reused: bool = False
) -> TrainingSucceeded:
    return TrainingSucceeded(
        runID=run_id,
        # The client of a database, without a server between, gives a number.
        registry_version=str(version),
        fingerprint=lineage.fingerprint,
        recipe_hash=lineage.order.recipe_hash,
        data_hash=lineage.data.sha256,
        git_commit=lineage.data.git_commit,
        git_author=lineage.data.git_author,
        artifact_digest=outcome.artifact_digest,
        reused=reused,
        metrics=outcome.metrics,
    )
