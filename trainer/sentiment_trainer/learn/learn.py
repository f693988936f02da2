"""Fits, measures, exports and describes: everything between split reviews and a folder that is ready to upload."""

import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from sentiment_contract.parameters import EffectiveParameters
from sentiment_trainer.data.checks import DataReport
from sentiment_trainer.data.prepare import PreparedData
from sentiment_trainer.learn.decide import decide
from sentiment_trainer.learn.environment import environment
from sentiment_trainer.learn.evaluate import Evaluation, evaluate
from sentiment_trainer.learn.export import export, require_parity
from sentiment_trainer.learn.features import counted_by
from sentiment_trainer.learn.fit import fit
from sentiment_trainer.learn.plots import draw
from sentiment_trainer.own import Fit
from sentiment_trainer.progress import Progress


@dataclass(frozen=True)
class Learnt:
    """What came out: the compiled file with its digest, the figures, and the folder of reports and plots."""

    artifact: Path
    digest: str
    evaluation: Evaluation
    reports: Path


def learn(
    prepared: PreparedData, parameters: EffectiveParameters, folder: Path, progress: Progress, own: Fit | None = None
) -> Learnt:
    """Learn from one side, measure on the other; `own` fits where it is given. Raises DataNoTerms or ParityFailed."""
    sides = prepared.sides
    progress.at(20, f"fitting; terms are counted by {counted_by()}")
    fit_here = own or partial(fit, announce=progress.at)
    model = fit_here(sides.train, parameters, prepared.file.called)
    progress.at(50, f"fitted {len(model.terms):,} terms; scoring the held-out reviews")
    scores = decide(model, sides.test.texts)
    evaluation = evaluate(sides, scores, model.threshold)
    artifact = folder / "model.rpm1"
    digest = export(model, artifact)
    progress.at(65, f"accuracy {evaluation.accuracy:.4f}; comparing the compiled model with scikit-learn")
    require_parity(artifact, sides.test.texts, scores)
    progress.at(75, f"{len(scores):,} of {len(scores):,} decisions equal to the last bit; drawing")
    reports = folder / "reports"
    draw(reports / "plots", evaluation, sides.test.positive, scores, model.weights, model.terms)
    _write_reports(reports / "report", prepared.report, evaluation)
    return Learnt(artifact, digest, evaluation, reports)


def _write_reports(folder: Path, report: DataReport, evaluation: Evaluation) -> None:
    folder.mkdir(parents=True)
    (folder / "data_checks.md").write_text(report.as_markdown(), encoding="utf-8")
    documents = {"data_checks": report.as_json(), "evaluation": asdict(evaluation), "environment": environment()}
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
