"""What a compiled model holds, as plain arrays, and what makes such arrays a model.

Written and read models pass the same checks, so a file that loads is one that can be scored without a fault. This
module knows neither the file's layout nor how a text is scored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentiment_artifact.layout import CLASSES, LONGEST_NGRAM, TOKEN_PATTERNS
from sentiment_artifact.refusal import ArtifactRefused, require

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Tfidf:
    """How a text becomes numbers: scikit-learn's TfidfVectorizer over words in lower case, l2 norm, no stop words.

    `terms` in ascending order of code points, one column each; `idf` has one value per term. A term is 1 to `ngram_max`
    words joined by single spaces. A word is a run of word characters, `min_word_length` of them at least.
    """

    terms: Sequence[str]
    idf: Floats
    ngram_max: int
    sublinear_tf: bool
    min_word_length: int = 2


@dataclass(frozen=True, eq=False)
class Linear:
    """Binary logistic regression: `coef` has one value per term, the positive class is the second one."""

    coef: Floats
    intercept: float


@dataclass(frozen=True, eq=False)
class Tree:
    """One decision tree as scikit-learn's `tree_` holds it; a leaf's children are -1.

    All arrays have one entry per node; `value`, (nodes, 2) or (nodes, 1, 2), has the share of the negative and of the
    positive class.
    """

    children_left: NDArray[np.integer]
    children_right: NDArray[np.integer]
    feature: NDArray[np.integer]
    threshold: Floats
    value: Floats


@dataclass(frozen=True, eq=False)
class Forest:
    """A random forest: all trees' nodes one after the other, in tree order.

    `roots[i]` is the first node of tree i. `left` and `right` count from the first node of the forest; -1 marks a leaf.
    A node's children stand behind it, which is why a walk always ends. `value` has the shape (nodes, 2).
    """

    roots: Indices
    left: Indices
    right: Indices
    feature: Indices
    threshold: Floats
    value: Floats

    @classmethod
    def of(cls, trees: Iterable[Tree]) -> "Forest":
        """The forest of these trees, in the order in which their votes are summed."""
        trees = list(trees)
        if not trees:
            raise ArtifactRefused("the forest has no trees")
        sizes = [len(tree.feature) for tree in trees]
        roots = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        return cls(
            roots=roots.astype(np.int32),
            left=np.concatenate([_shifted(t.children_left, r) for t, r in zip(trees, roots, strict=True)]),
            right=np.concatenate([_shifted(t.children_right, r) for t, r in zip(trees, roots, strict=True)]),
            feature=np.concatenate([np.where(t.children_left < 0, 0, t.feature) for t in trees]).astype(np.int32),
            threshold=np.concatenate([np.where(t.children_left < 0, 0.0, t.threshold) for t in trees]),
            value=np.concatenate([_two_columns(t.value) for t in trees]),
        )


Classifier = Linear | Forest


def check(features: Tfidf, classifier: Classifier) -> None:
    """Raises ArtifactRefused unless the two fit together and every text can be scored with them."""
    _check_features(features)
    match classifier:
        case Linear():
            _check_linear(classifier, len(features.terms))
        case Forest():
            check_forest(classifier, len(features.terms))


def check_forest(forest: Forest, terms: int) -> None:
    """Raises ArtifactRefused unless every walk through every tree ends, and asks for these terms only."""
    nodes = len(forest.left)
    for name in ("left", "right", "feature"):
        require(getattr(forest, name).shape == (nodes,), f"{name} has not one entry per node")
    _require_finite("threshold", forest.threshold, (nodes,))
    _require_finite("value", forest.value, (nodes, len(CLASSES)))
    require(forest.roots.ndim == 1 and len(forest.roots) > 0, "the forest has no trees")
    require(_all_within(forest.roots, 0, nodes), "a root is no node")
    require(_all_within(forest.feature, 0, terms), "a node asks for a term that does not exist")
    leaf = forest.left == -1
    require(bool(np.array_equal(leaf, forest.right == -1)), "a node has only one child")
    behind = np.arange(nodes)[~leaf]
    for children in (forest.left[~leaf], forest.right[~leaf]):
        require(
            bool((children > behind).all() and (children < nodes).all()), "a child does not stand behind its parent"
        )


def _two_columns(value: Floats) -> Floats:
    if value.ndim == 1 or value.shape[-1] != len(CLASSES):
        raise ArtifactRefused(
            f"the votes of a tree have the shape {value.shape}: not one column for each of two classes"
        )
    return np.asarray(value, dtype=np.float64).reshape(-1, len(CLASSES))


def _shifted(children: NDArray[np.integer], root: int) -> Indices:
    return np.where(children < 0, -1, children + root).astype(np.int32)


def _check_features(features: Tfidf) -> None:
    require(1 <= features.ngram_max <= LONGEST_NGRAM, f"ngram_max is {features.ngram_max}, not 1 to {LONGEST_NGRAM}")
    require(features.min_word_length in TOKEN_PATTERNS, f"min_word_length is {features.min_word_length}, not 1 or 2")
    require(len(features.terms) > 0, "there are no terms")
    _require_finite("idf", features.idf, (len(features.terms),))


def _check_linear(classifier: Linear, terms: int) -> None:
    _require_finite("coef", classifier.coef, (terms,))
    require(bool(np.isfinite(classifier.intercept)), "the intercept is not a finite number")


def _all_within(values: Indices, lowest: int, end: int) -> bool:
    return bool(((values >= lowest) & (values < end)).all())


def _require_finite(name: str, values: Floats, shape: tuple[int, ...]) -> None:
    require(values.dtype == np.float64, f"{name} is {values.dtype}, not float64")
    require(values.shape == shape, f"{name} has the shape {values.shape}, not {shape}")
    require(bool(np.isfinite(values).all()), f"{name} holds a value that is not a finite number")
