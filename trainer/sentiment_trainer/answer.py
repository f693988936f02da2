"""Says how a training, a search or a comparison ended: one JSON document for the operator, one exit code for the Job."""

import logging
import sys
from pathlib import Path

from sentiment_contract.gates import Compared, Figures
from sentiment_contract.look_up import LookedUp
from sentiment_contract.search import GroupSearched
from sentiment_contract.training import (
    EXIT_CODES,
    TERMINATION_MESSAGE_LIMIT,
    FailureReason,
    TrainingFailed,
    TrainingSucceeded,
)
from sentiment_trainer.failures import MESSAGE_LIMIT

log = logging.getLogger(__name__)

Answer = TrainingSucceeded | GroupSearched | Compared | LookedUp | TrainingFailed


def failed(reason: FailureReason, message: str) -> TrainingFailed:
    """The answer of a failed training; the message is cut to what the contract allows."""
    return TrainingFailed(reason=reason, message=message[:MESSAGE_LIMIT])


def deliver(answer: Answer, termination_log: Path) -> int:
    """Write the answer to stdout and, where a kubelet reads it, to the termination message; returns the exit code."""
    document = _fitting(answer)
    sys.stdout.write(document + "\n")
    sys.stdout.flush()
    try:
        termination_log.write_text(document, encoding="utf-8")
    except OSError as error:
        # On a laptop there is no kubelet to read it, so this is no fault.
        log.debug("no termination message at %s: %s", termination_log, error)
    return EXIT_CODES[answer.reason] if isinstance(answer, TrainingFailed) else 0


def _fitting(answer: Answer) -> str:
    # The kubelet counts bytes, the contract counts characters: a text outside ASCII may need the shorter form.
    document = answer.model_dump_json(by_alias=True)
    while len(document.encode()) > TERMINATION_MESSAGE_LIMIT and (shorter := _shorter(answer)) != answer:
        answer = shorter
        document = answer.model_dump_json(by_alias=True)
    return document


def _shorter(answer: Answer) -> Answer:
    match answer:
        case TrainingFailed():
            return failed(answer.reason, _cut(answer.message))
        case Compared():
            longest = max(len(figures.problem) for figures in answer.figures)
            return Compared(figures=tuple(_cut_problem(figures, longest) for figures in answer.figures))
        case TrainingSucceeded() | GroupSearched() | LookedUp():
            return answer


def _cut_problem(figures: Figures, longest: int) -> Figures:
    """Only the longest are cut, so that the short ones stay whole."""
    return figures if len(figures.problem) < longest else figures.model_copy(update={"problem": _cut(figures.problem)})


def _cut(text: str) -> str:
    return text[: len(text) * 3 // 4]
