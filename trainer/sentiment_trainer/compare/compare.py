"""The comparison that the operator orders: data and models as the order names them, the report beside the training."""

import tempfile
from pathlib import Path

from sentiment_artifact import ArtifactRefused, CompiledModel
from sentiment_contract.data import Data
from sentiment_contract.gates import Compared, ComparisonOrder, Contestant
from sentiment_contract.training import FailureReason
from sentiment_trainer.addresses import without_secrets
from sentiment_trainer.compare.measure import Entrant, measure, measure_on, nothing_measured
from sentiment_trainer.compare.report import Comparison, write_report
from sentiment_trainer.compare.rows import Sides, kept, not_learnt, require_data_of
from sentiment_trainer.compare.unmeasurable import Unmeasurable
from sentiment_trainer.data.fetch import fetch
from sentiment_trainer.data.files import FetchedFile
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.progress import Progress
from sentiment_trainer.registry.connection import connect
from sentiment_trainer.registry.contestants import ModelRegistry
from sentiment_trainer.settings import Settings


def compare(order: ComparisonOrder, settings: Settings) -> Compared:
    """Carry out the order. Raises TrainingError where data or MLflow are away or the data fail their checks."""
    progress = Progress()
    registry = ModelRegistry(connect(order.tracking_url), order.tracking_url, order.registered_model)
    beside = f"version {order.baseline.version}" if order.baseline else "nothing"
    progress.at(0, f"comparing {order.namespace}/{order.model}, version {order.candidate.version} with {beside}")
    with tempfile.TemporaryDirectory(dir=settings.scratch, prefix="sentiment-compare-") as name:
        folder = Path(name)
        comparison = _compared(order, registry, settings, folder, progress)
        progress.at(85, "writing and uploading the report")
        report = write_report(folder / "report", comparison).parent
        registry.add_report(order.candidate, order.baseline, report)
    progress.at(100, ", ".join(f"{one.gate.name}: {one.verdict}" for one in comparison.judged))
    return Compared(figures=tuple(one.figures for one in comparison.judged))


def _compared(
    order: ComparisonOrder, registry: ModelRegistry, settings: Settings, folder: Path, progress: Progress
) -> Comparison:
    try:
        if order.on_kept_reviews:
            return _on_kept_reviews(order, registry, folder, progress)
        file = _data(order.candidate, settings, folder, progress)
        progress.at(10, f"fetching the compiled models from MLflow at {without_secrets(order.tracking_url)}")
        candidate = Entrant(Sides(order.candidate), _model(registry, order.candidate, folder / "candidate"))
        baseline = None
        if order.baseline is not None:
            split = registry.split_of(order.baseline)
            model = _model(registry, order.baseline, folder / "baseline")
            same = _reads_the_same(order.candidate, order.baseline)
            judged_by = None if same else _judged_by(registry, order.baseline, folder / "judged-by")
            baseline = Entrant(Sides(order.baseline, split), model, judged_by)
        return measure(file, candidate, baseline, order.gates, progress)
    except Unmeasurable as problem:
        progress.at(70, f"nothing can be measured: {problem}")
        return nothing_measured(order.candidate, order.baseline, order.gates, problem)


def _on_kept_reviews(order: ComparisonOrder, registry: ModelRegistry, folder: Path, progress: Progress) -> Comparison:
    """Everything from MLflow: the candidate was trained where its data are, and that is not here."""
    progress.at(5, f"fetching models and reviews from MLflow at {without_secrets(order.tracking_url)}")
    ours = Sides(order.candidate, registry.split_of(order.candidate))
    reviews = registry.held_out(order.candidate, folder / "kept")
    candidate = Entrant(ours, _model(registry, order.candidate, folder / "candidate"))
    baseline = None
    if order.baseline is not None:
        theirs = Sides(order.baseline, registry.split_of(order.baseline))
        judged_by = None
        if not _reads_the_same(order.candidate, order.baseline):
            judged_by = _judged_by(registry, order.baseline, folder / "judged-by")
            judged_by = not_learnt(judged_by, ours) if isinstance(judged_by, Reviews) else judged_by
        baseline = Entrant(theirs, _model(registry, order.baseline, folder / "baseline"), judged_by)
    rows = kept(reviews, ours, baseline.sides if baseline is not None else None)
    called = f"reviews that version {order.candidate.version} was judged by"
    return measure_on(rows, called, candidate, baseline, order.gates, progress)


def _data(candidate: Contestant, settings: Settings, folder: Path, progress: Progress) -> FetchedFile:
    (folder / "data").mkdir()
    try:
        file = fetch(_pinned(candidate.recipe.data, candidate.git_commit), settings, folder / "data")
    except TrainingError as error:
        if error.reason is not FailureReason.DATA_HASH_MISMATCH:
            raise
        raise Unmeasurable(
            f"the data are not those that version {candidate.version} was trained on: {error.message}"
        ) from error
    progress.at(5, f"{file.called}: {file.size:,} bytes, sha256 {file.sha256}")
    require_data_of(candidate, file)
    return file


def _pinned(data: Data, git_commit: str) -> Data:
    """The reference with the very commit that was trained on: a branch may have moved since."""
    if data.dvc is None or not git_commit:
        return data
    return data.model_copy(update={"dvc": data.dvc.model_copy(update={"revision": git_commit})})


def _reads_the_same(candidate: Contestant, baseline: Contestant) -> bool:
    """Whether the candidate's reviews and labels are the baseline's as well."""
    columns = [(one.recipe.data.text_column, one.recipe.data.label_column) for one in (candidate, baseline)]
    return candidate.data_hash == baseline.data_hash and columns[0] == columns[1]


def _judged_by(registry: ModelRegistry, baseline: Contestant, folder: Path) -> Reviews | Unmeasurable:
    try:
        return registry.held_out(baseline, folder)
    except Unmeasurable as problem:
        return problem


def _model(registry: ModelRegistry, contestant: Contestant, folder: Path) -> CompiledModel:
    file = registry.compiled(contestant, folder)
    if file is None:
        raise Unmeasurable(
            f"MLflow has no compiled model of version {contestant.version} in run {contestant.run_id or '(none)'}"
        )
    try:
        return CompiledModel.load(file, contestant.artifact_digest)
    except ArtifactRefused as refused:
        raise Unmeasurable(f"the compiled model of version {contestant.version} is damaged: {refused}") from refused
