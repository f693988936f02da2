"""What a review costs without a server: scikit-learn and the scorer in this process, in turn.

It must not know HTTP.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.server.prepared import Prepared
from bench.server.servers import BATCH
from sentiment_artifact import CompiledModel

_ROUNDS = 3


@dataclass(frozen=True)
class InProcess:
    """Microseconds of the processor a review."""

    scikit_learn: float
    scorer: float

    @property
    def ratio(self) -> float:
        """How many times more the scorer scores in the same time."""
        return self.scikit_learn / self.scorer


def in_process(prepared: Prepared, size: int, reviews: int) -> InProcess:
    """So many reviews at a time. Both must say the same, to the last bit."""
    texts = prepared.asked.texts[:reviews]
    model = CompiledModel.load(prepared.artifact)
    scorers: tuple[Callable[[Sequence[str]], object], ...] = (prepared.pipeline.predict_proba, model.score_many)
    same = [score.probability_positive for score in model.score_many(texts)] == list(prepared.asked.positive[:reviews])
    if not same:
        raise SystemExit("the scorer says something else than scikit-learn. Next: run the unit tests of the artifact")
    rounds = [[_microseconds(score, texts, size) for score in scorers] for _ in range(_ROUNDS)]
    return InProcess(*(statistics.median(column) for column in zip(*rounds, strict=True)))


def _microseconds(score: Callable[[Sequence[str]], object], texts: Sequence[str], size: int) -> float:
    began = time.process_time()
    for start in range(0, len(texts), size):
        score(texts[start : start + size])
    return (time.process_time() - began) / len(texts) * 1e6


SIZES = {"one by one": 1, f"by {BATCH}": BATCH}
