"""Predictions as JSON, byte for byte as their pydantic shapes write it, without an object of these for each.

Python and pydantic write a number alike from 0.001 on, and the probability of the sentiment that is named is about a half at least.
"""

import functools
import json
from collections.abc import Sequence

from sentiment_artifact import Score


def prediction(score: Score, version: str) -> bytes:
    """As `Prediction`."""
    return f"{_told(score)},{_end(version)}".encode()


def predictions(scores: Sequence[Score], version: str) -> bytes:
    """As `Predictions`."""
    return f'{{"predictions":[{",".join([_told(score) + "}" for score in scores])}],{_end(version)}'.encode()


def _told(score: Score) -> str:
    return f'{{"sentiment":"{score.sentiment}","probability":{score.probability!r}'


@functools.lru_cache(maxsize=2)  # a process answers with one version
def _end(version: str) -> str:
    return f'"version":{json.dumps(version, ensure_ascii=False)}}}'
