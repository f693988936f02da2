"""Says how a training ended: one JSON document for the operator, one exit code for the Job."""

import logging
import sys
from pathlib import Path

from sentiment_contract.training import (
    EXIT_CODES,
    TERMINATION_MESSAGE_LIMIT,
    FailureReason,
    TrainingFailed,
    TrainingSucceeded,
)
from sentiment_trainer.failures import MESSAGE_LIMIT

log = logging.getLogger(__name__)


def failed(reason: FailureReason, message: str) -> TrainingFailed:
    """The answer of a failed training; the message is cut to what the contract allows."""
    return TrainingFailed(reason=reason, message=message[:MESSAGE_LIMIT])


def deliver(answer: TrainingSucceeded | TrainingFailed, termination_log: Path) -> int:
    """Write the answer to stdout and, where a kubelet reads it, to the termination message; returns the exit code."""
    document = _fitting(answer)
    sys.stdout.write(document + "\n")
    sys.stdout.flush()
    try:
        termination_log.write_text(document, encoding="utf-8")
    except OSError as error:
        # On a laptop there is no kubelet to read it, so this is no fault.
        log.debug("no termination message at %s: %s", termination_log, error)
    return 0 if isinstance(answer, TrainingSucceeded) else EXIT_CODES[answer.reason]


def _fitting(answer: TrainingSucceeded | TrainingFailed) -> str:
    # The kubelet counts bytes, the contract counts characters: a message outside ASCII may need the shorter form.
    document = answer.model_dump_json(by_alias=True)
    while isinstance(answer, TrainingFailed) and len(document.encode()) > TERMINATION_MESSAGE_LIMIT:
        answer = failed(answer.reason, answer.message[: len(answer.message) * 3 // 4])
        document = answer.model_dump_json(by_alias=True)
    return document
