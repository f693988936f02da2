"""Models fitted by scikit-learn, their compiled twins, and texts that try to tell the two apart."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from sentiment_artifact import CompiledModel, Forest, Linear, Tfidf, Tree, write_model
from sentiment_artifact.native.library import library

ENGINES = ("python", "native") if library() else ("python",)

_WORDS = [
    *[
        "film",
        "movie",
        "wonderful",
        "awful",
        "boring",
        "great",
        "acting",
        "story",
        "plot",
        "loved",
        "hated",
        "the",
        "it",
    ],
    *[
        "ΣΑΣ",
        "ὈΔΥΣΣΕΎΣ",
        "σας",
        "İstanbul",
        "istanbul",
        "Ι\u0307",
        "straße",
        "STRASSE",
        "ǅungla",
        "naïve",
        "nai\u0308ve",
    ],
    *[
        "été",
        "e\u0301te\u0301",
        "キネマ",
        "映画",
        "𝔣𝔦𝔩𝔪",
        "ﬁlm",
        "9/10",
        "10",
        "x_y",
        "__",
        "aa",
        "don't",
        "l’été",
        "עברית",
        "हिन्दी",
    ],
]
WORDS_OF_ONE_CHARACTER = r"(?u)\b\w+\b"
_GAPS = [" ", " ", " ", "\x00", "\u0301", "’", "_", "-", "\u200d", "", ".", "\n", "\u00a0", "\ud800", "\udfff"]


def _any_characters(rng: random.Random) -> str:
    return "".join(
        chr(rng.choice((rng.randrange(0x250), rng.randrange(0x3000), rng.randrange(0x110000))))
        for _ in range(rng.randint(1, 5))
    )


def _text(rng: random.Random, words: int) -> str:
    parts: list[str] = []
    for _ in range(rng.randint(0, words)):
        word = rng.choice(_WORDS) if rng.random() < 0.75 else _any_characters(rng)
        parts += [rng.choice((word, word.upper(), word.title(), word.swapcase())), rng.choice(_GAPS)]
    return "".join(parts)


@pytest.fixture(scope="session")
def make_texts() -> Callable[[int, int], list[str]]:
    """`make_texts(seed, count)`: texts over all of Unicode, lone surrogates included, rich in known words."""

    def make(seed: int, count: int) -> list[str]:
        rng = random.Random(seed)
        return [_text(rng, words=40) for _ in range(count)]

    return make


@dataclass(frozen=True)
class Twins:
    """The same model as scikit-learn has it and as every engine scores it."""

    vectorizer: TfidfVectorizer
    classifier: LogisticRegression | RandomForestClassifier
    compiled: tuple[CompiledModel, ...]


def load_with_every_engine(path: Path) -> tuple[CompiledModel, ...]:
    return tuple(CompiledModel.load(path, engine=engine) for engine in ENGINES)


def features_of(vectorizer: TfidfVectorizer) -> Tfidf:
    return Tfidf(
        vectorizer.get_feature_names_out().tolist(),
        vectorizer.idf_,
        vectorizer.ngram_range[1],
        vectorizer.sublinear_tf,
        min_word_length=1 if vectorizer.token_pattern == WORDS_OF_ONE_CHARACTER else 2,
    )


@pytest.fixture(scope="session")
def make_twins(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Twins]:
    """`make_twins(texts, labels, forest=False, text_limit=…, **vectorizer_options)`."""

    def make(
        texts: list[str], labels: list[int], *, forest: bool = False, text_limit: int = 100_000, **options: object
    ) -> Twins:
        vectorizer = TfidfVectorizer(**options)
        matrix = vectorizer.fit_transform(texts)
        if forest:
            classifier = RandomForestClassifier(n_estimators=12, max_depth=12, random_state=3, n_jobs=1).fit(
                matrix, labels
            )
            compiled = Forest.of(
                Tree(t.children_left, t.children_right, t.feature, t.threshold, t.value)
                for t in (estimator.tree_ for estimator in classifier.estimators_)
            )
        else:
            classifier = LogisticRegression(C=30, max_iter=200).fit(matrix, labels)
            compiled = Linear(classifier.coef_[0], float(classifier.intercept_[0]))
        path = tmp_path_factory.mktemp("model") / "model.rpm1"
        write_model(path, features_of(vectorizer), compiled, text_limit=text_limit)
        return Twins(vectorizer, classifier, load_with_every_engine(path))

    return make


@pytest.fixture(scope="session")
def differences() -> Callable[[Twins, list[str]], list[str]]:
    """The texts for which a single bit of any engine's answers differs. Empty is what every test wants."""

    def compare(twins: Twins, texts: list[str]) -> list[str]:
        matrix = twins.vectorizer.transform(texts)
        return [text for compiled in twins.compiled for text in differing(twins, compiled, texts, matrix)]

    def differing(twins: Twins, compiled: CompiledModel, texts: list[str], matrix: csr_matrix) -> list[str]:
        scores = compiled.score_many(texts)
        probabilities = np.array([(score.probability_negative, score.probability_positive) for score in scores])
        equal = (probabilities == twins.classifier.predict_proba(matrix)).all(axis=1)
        equal &= np.array([score.positive for score in scores]) == (twins.classifier.predict(matrix) == 1)
        if isinstance(twins.classifier, LogisticRegression):
            equal &= np.array([score.decision for score in scores]) == twins.classifier.decision_function(matrix)
        return [text for text, same in zip(texts, equal, strict=True) if not same]

    return compare


@pytest.fixture
def small_model() -> tuple[Tfidf, Linear]:
    """Three terms with round numbers."""
    features = Tfidf(["bad", "good", "good film"], np.array([1.5, 1.25, 2.0]), ngram_max=2, sublinear_tf=True)
    return features, Linear(np.array([-2.0, 2.0, 0.5]), 0.25)


@pytest.fixture
def small_file(tmp_path: Path, small_model: tuple[Tfidf, Linear]) -> Path:
    path = tmp_path / "model.rpm1"
    write_model(path, *small_model)
    return path
