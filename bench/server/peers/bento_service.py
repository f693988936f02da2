"""The pipeline as BentoML's documentation serves one: a service with an API for one text, and one for many."""

import os
import pickle
from pathlib import Path

import bentoml


@bentoml.service(workers=1)
class Sentiment:
    def __init__(self) -> None:
        self.pipeline = pickle.loads(Path(os.environ["BENCH_PIPELINE"]).read_bytes())  # noqa: S301  our own file

    @bentoml.api
    def predict(self, text: str) -> float:
        return float(self.pipeline.predict_proba([text])[0, 1])

    @bentoml.api
    def predict_batch(self, texts: list[str]) -> list[float]:
        return self.pipeline.predict_proba(texts)[:, 1].tolist()
