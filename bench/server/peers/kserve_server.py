"""The pipeline as KServe's own server of scikit-learn models serves it: a `kserve.Model` that answers the first protocol."""

import argparse
import os
import pickle
from pathlib import Path
from typing import Any

from kserve import Model, ModelServer, model_server


class Sentiment(Model):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.load()

    def load(self) -> bool:
        self.pipeline = pickle.loads(Path(os.environ["BENCH_PIPELINE"]).read_bytes())  # noqa: S301  our own file
        self.ready = True
        return self.ready

    def predict(self, payload: dict[str, Any], headers: dict[str, str] | None = None, **_: Any) -> dict[str, Any]:
        return {"predictions": self.pipeline.predict_proba(payload["instances"]).tolist()}


if __name__ == "__main__":
    arguments, _ = argparse.ArgumentParser(parents=[model_server.parser]).parse_known_args()
    ModelServer().start([Sentiment("sentiment")])
