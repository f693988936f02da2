"""The paths that were made fast, and what each is timed beside. It must not know how they are timed or judged."""

import pickle
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bench.guard import asking, passing, starting
from bench.guard.timing import Pair, Work
from sentiment_artifact import CompiledModel, Engine, Linear, Tfidf, write_model
from sentiment_artifact.native.counting import Wanted
from sentiment_contract.parameters import Classifier, Parameters, Preset, effective_parameters
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.generate import generate
from sentiment_trainer.learn.export import export
from sentiment_trainer.learn.features import by_scikit_learn, count_terms
from sentiment_trainer.learn.fit import FittedModel, fit

LEARNT, FEW, BATCH, LARGE = 2_000, 500, 64, 30_000
"""Reviews and terms. Each piece of work is a few milliseconds: some of them then run without being interrupted."""
NATIVE = (
    "score-native", "score-native-batch", "score-forest", "count-terms", "predict-direct", "predict-turn", "load", "start",
)  # fmt: skip
"""Ratios that hold where the native code was built."""
NAMES = (*NATIVE, "score-python", "operator-pass")


@dataclass(frozen=True)
class _Served:
    """A model as scikit-learn has it, and its file."""

    fitted: FittedModel
    file: Path

    def compiled(self, engine: Engine) -> CompiledModel:
        return CompiledModel.load(self.file, engine=engine)

    def by_scikit_learn(self, texts: Sequence[str], size: int = 1) -> Work:
        """Probabilities, so many texts at a time."""
        parts = [texts[start : start + size] for start in range(0, len(texts), size)]
        vectorizer, classifier = self.fitted.vectorizer, self.fitted.classifier
        return lambda: [classifier.predict_proba(vectorizer.transform(part)) for part in parts]


def pairs(folder: Path, *, native: bool) -> list[Pair]:
    """All paths, or those that need no native code; `folder` takes files of theirs."""
    reviews = _reviews()
    linear = _served(folder / "linear.rpm1", reviews, Parameters())
    found = [_python(linear, reviews.texts), Pair("operator-pass", passing.settled_passes(5), passing.documents(40))]
    if native:
        forest = _served(folder / "forest.rpm1", reviews, Parameters(classifier=Classifier.RANDOM_FOREST, trees=30))
        found += [*_native(linear, reviews.texts), _forest(forest, reviews.texts), _counting(reviews.texts)]
        found += [*_asking(linear, reviews.texts), _loading(folder), starting.pair(linear.file)]
    return found


def _reviews() -> Reviews:
    made_up = list(islice(generate(LEARNT, seed=1), LEARNT))
    texts, positive = [one.review for one in made_up], [one.sentiment == "positive" for one in made_up]
    return Reviews(texts, positive, [b""] * len(texts), None)


def _served(file: Path, reviews: Reviews, parameters: Parameters) -> _Served:
    fitted = fit(reviews, effective_parameters(Preset.DEFAULT, parameters), "the reviews")
    export(fitted, file)
    return _Served(fitted, file)


def _native(linear: _Served, texts: Sequence[str]) -> list[Pair]:
    compiled = linear.compiled("native")
    some = texts[:FEW]
    return [
        Pair("score-native", lambda: [compiled.score(text) for text in some], linear.by_scikit_learn(texts[:10])),
        Pair("score-native-batch", lambda: compiled.score_many(some), linear.by_scikit_learn(texts[:BATCH], BATCH)),
    ]


def _python(linear: _Served, texts: Sequence[str]) -> Pair:
    compiled = linear.compiled("python")
    return Pair(
        "score-python", lambda: compiled.score_many(texts[:BATCH]), linear.by_scikit_learn(texts[:BATCH], BATCH)
    )


def _forest(forest: _Served, texts: Sequence[str]) -> Pair:
    compiled = forest.compiled("native")
    some = texts[:FEW]
    return Pair("score-forest", lambda: [compiled.score(text) for text in some], forest.by_scikit_learn(texts[:4]))


def _counting(texts: Sequence[str]) -> Pair:
    wanted = Wanted(3, 2, None, 1)
    return Pair("count-terms", lambda: count_terms(texts[:800], wanted), lambda: by_scikit_learn(texts[:150], wanted))


def _asking(linear: _Served, texts: Sequence[str]) -> list[Pair]:
    bodies, app = asking.bodies(texts[:160]), asking.ours(linear.file)
    framework = asking.asked(asking.framework(), bodies[:40])
    return [
        Pair("predict-direct", asking.asked(app, bodies[:40]), framework),
        Pair("predict-turn", asking.asked_at_once(app, bodies), framework),
    ]


def _loading(folder: Path) -> Pair:
    """A file with many terms, beside what unpickling the same model takes."""
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 10))) for _ in range(4_000)]
    terms = sorted({f"{chance.choice(words)} {chance.choice(words)}" for _ in range(LARGE)})
    weights, file = np.linspace(1.0, 9.0, len(terms)), folder / "large.rpm1"
    write_model(file, Tfidf(terms, weights, 2, sublinear_tf=True), Linear(weights, 0.0))
    vectorizer, classifier = (
        TfidfVectorizer(vocabulary={term: at for at, term in enumerate(terms)}),
        LogisticRegression(),
    )
    vectorizer.idf_, classifier.coef_ = weights, weights
    pickled = pickle.dumps((vectorizer, classifier))
    return Pair("load", lambda: CompiledModel.load(file), lambda: pickle.loads(pickled))  # noqa: S301  our own
