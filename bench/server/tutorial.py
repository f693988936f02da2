"""What `make bench-server` compares with: FastAPI around a scikit-learn pipeline, written as its documentation teaches."""

import os
import pickle
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
pipeline = pickle.loads(Path(os.environ["BENCH_PIPELINE"]).read_bytes())  # noqa: S301  our own file, of a moment ago


class Review(BaseModel):
    text: str


class Reviews(BaseModel):
    texts: list[str]


class Prediction(BaseModel):
    sentiment: str
    probability: float


class Predictions(BaseModel):
    predictions: list[Prediction]


def _predictions(texts: list[str]) -> list[Prediction]:
    return [
        Prediction(sentiment="positive" if share > 0.5 else "negative", probability=max(share, 1 - share))
        for share in pipeline.predict_proba(texts)[:, 1].tolist()
    ]


@app.post("/predict")
def predict(review: Review) -> Prediction:
    return _predictions([review.text])[0]


@app.post("/predict/batch")
def predict_batch(reviews: Reviews) -> Predictions:
    return Predictions(predictions=_predictions(reviews.texts))
