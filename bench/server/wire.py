"""How each server is asked and how it answers, so that all get the same reviews and every answer can be checked.

It must not know who starts a server, nor what is measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Read = Callable[[Any], list[float]]
"""From the JSON of an answer: the probability that each review is positive."""


@dataclass(frozen=True)
class Wire:
    """`one` and `many` give path and body of a request; `read_one` and `read_many` what its answer says."""

    one: Callable[[str], tuple[str, object]]
    many: Callable[[Sequence[str]], tuple[str, object]]
    read_one: Read
    read_many: Read


def _positive(answer: Any) -> float:
    share = answer["probability"]
    return share if answer["sentiment"] == "positive" else 1 - share


PLAIN = Wire(
    one=lambda text: ("/predict", {"text": text}),
    many=lambda texts: ("/predict/batch", {"texts": texts}),
    read_one=lambda answer: [_positive(answer)],
    read_many=lambda answer: [_positive(one) for one in answer["predictions"]],
)


def _inference(texts: Sequence[str]) -> tuple[str, object]:
    tensor = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
    return "/v2/models/sentiment/infer", {"inputs": [tensor], "parameters": {"content_type": "str"}}


def _second_of_pairs(answer: Any) -> list[float]:
    return answer["outputs"][0]["data"][1::2]


OPEN_INFERENCE = Wire(lambda text: _inference([text]), _inference, _second_of_pairs, _second_of_pairs)


def _rows(answer: Any) -> list[float]:
    return [positive for _, positive in answer["predictions"]]


def _listed(path: str, name: str) -> Wire:
    return Wire(lambda text: (path, {name: [text]}), lambda texts: (path, {name: texts}), _rows, _rows)


INVOCATIONS = _listed("/invocations", "inputs")
KSERVE_V1 = _listed("/v1/models/sentiment:predict", "instances")
BENTO = Wire(
    one=lambda text: ("/predict", {"text": text}),
    many=lambda texts: ("/predict_batch", {"texts": texts}),
    read_one=lambda answer: [answer],
    read_many=lambda answer: answer,
)
