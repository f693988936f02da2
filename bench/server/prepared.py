"""The models that all servers get, and the reviews that they are asked about: fitted once for each run, before anything is timed.

Reviews are asked about that the model has not learnt from, where the file says which those are. It must not know any server.
"""

import pickle
import random
from dataclasses import dataclass
from pathlib import Path

from sklearn.pipeline import Pipeline, make_pipeline

from bench.server.servers import Asked
from sentiment_contract.parameters import Classifier, EffectiveParameters, Parameters, Preset, effective_parameters
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.learn.export import export
from sentiment_trainer.learn.fit import fit

ASKED, FOREST_REVIEWS = 1_000, 5_000


@dataclass(frozen=True)
class Prepared:
    """One model in both forms, and what scikit-learn says in this process about what servers are asked."""

    pipeline: Pipeline
    pickled: Path
    artifact: Path
    asked: Asked
    terms: int


def sides(reviews: Reviews) -> tuple[Reviews, list[str]]:
    """Reviews to learn from, and texts to ask about, shuffled: some of the same where the file tells no sides."""
    held_out = reviews.held_out or [False] * len(reviews)
    learnt = [place for place, held in enumerate(held_out) if not held]
    others = [place for place, held in enumerate(held_out) if held] or learnt
    rng = random.Random(0)
    return reviews.at(learnt), [reviews.texts[place] for place in rng.sample(others, min(ASKED, len(others)))]


def linear(learnt: Reviews, texts: list[str], preset: Preset, folder: Path) -> Prepared:
    """Of this preset."""
    return _prepared(learnt, texts, effective_parameters(preset, Parameters()), folder / "linear")


def forest(learnt: Reviews, texts: list[str], folder: Path) -> Prepared:
    """Of the reviews, the first few thousand: fitting takes much longer, and asking costs what the trees' depth says."""
    parameters = effective_parameters(Preset.DEFAULT, Parameters(classifier=Classifier.RANDOM_FOREST))
    chosen = random.Random(1).sample(range(len(learnt)), min(FOREST_REVIEWS, len(learnt)))
    return _prepared(learnt.at(chosen), texts, parameters, folder / "forest")


def _prepared(learnt: Reviews, texts: list[str], parameters: EffectiveParameters, folder: Path) -> Prepared:
    folder.mkdir()
    model = fit(learnt, parameters, "the reviews")
    export(model, folder / "model.rpm1")
    pipeline = make_pipeline(model.vectorizer, model.classifier)
    (folder / "pipeline.pickle").write_bytes(pickle.dumps(pipeline))
    positive = pipeline.predict_proba(texts)[:, 1].tolist()
    return Prepared(
        pipeline, folder / "pipeline.pickle", folder / "model.rpm1", Asked(texts, positive), len(model.terms)
    )
