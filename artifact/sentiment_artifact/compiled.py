"""A compiled model that is loaded: checks the file, chooses who scores with it, and hands texts on."""

import hashlib
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Protocol

from sentiment_artifact.native.library import library
from sentiment_artifact.native.scorer import NativeScorer
from sentiment_artifact.reading import Coefficients, Contents, read_model
from sentiment_artifact.refusal import ArtifactRefused
from sentiment_artifact.score import Engine, Score


class Scorer(Protocol):
    """One of two ways to the same scores."""

    engine: Engine

    def score(self, text: str) -> Score: ...

    def score_many(self, texts: Iterable[str]) -> list[Score]: ...


class CompiledModel:
    """A loaded model. It is never changed, so any number of threads may score with it."""

    def __init__(self, contents: Contents, digest: str, scorer: Scorer) -> None:
        self._scorer = scorer
        self.family: Literal["linear", "forest"] = (
            "linear" if isinstance(contents.weights.classifier, Coefficients) else "forest"
        )
        self.terms = len(contents.terms)
        self.digest = digest
        self.unidata_version = contents.unidata_version
        self._ngram_max = contents.ngram_max
        self._min_word_length = contents.min_word_length
        self._sublinear_tf = contents.weights.sublinear_tf

    @classmethod
    def load(cls, path: Path | str, digest: str | None = None, *, engine: Engine | None = None) -> "CompiledModel":
        """Reads the file, after checking that it has this digest where one is given.

        Without an `engine` the native one scores where its library was built, and Python itself elsewhere.
        Raises ArtifactRefused for a wrong digest or a damaged file, OSError when there is no readable file, or when the
        native engine is asked for and not there.
        """
        content = _content(Path(path))
        found = hashlib.sha256(content).hexdigest()
        if digest is not None and found != digest:
            raise ArtifactRefused(f"the file has the digest {found}, not {digest}")
        contents = read_model(content)
        return cls(contents, found, _scorer(contents, engine))

    @property
    def engine(self) -> Engine:
        """Who scores."""
        return self._scorer.engine

    @property
    def options(self) -> dict[str, int | bool]:
        """How texts are cut and counted."""
        return {
            "ngram_max": self._ngram_max,
            "sublinear_tf": self._sublinear_tf,
            "min_word_length": self._min_word_length,
        }

    @property
    def same_unicode(self) -> bool:
        """Whether this interpreter lowers and splits text by the Unicode tables the model was trained with.

        When not, characters that are new or were changed between the two may be treated differently.
        """
        return self.unidata_version == unicodedata.unidata_version

    def score(self, text: str) -> Score:
        """Any str, the empty one and lone surrogates included. Never fails."""
        return self._scorer.score(text)

    def score_many(self, texts: Iterable[str]) -> list[Score]:
        """One score per text, in order; a text gets the same score alone and among others."""
        return self._scorer.score_many(texts)


def _content(path: Path) -> bytes:
    """Read once, so that what is served is what was verified."""
    if path.exists() and not path.is_file():
        raise ArtifactRefused(f"{path.name} is no file")
    return path.read_bytes()


def _scorer(contents: Contents, engine: Engine | None) -> Scorer:
    """The one place that chooses."""
    found = None if engine == "python" else library()
    if found is not None:
        return NativeScorer(found, contents)
    if engine == "native":
        raise OSError("the native scorer was not built. Next: python -m sentiment_artifact.native.build")
    from sentiment_artifact.reference import ReferenceScorer  # it takes numpy

    return ReferenceScorer(contents)
