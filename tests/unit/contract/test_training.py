"""Order and answer of a training: exit codes stay distinct, answers survive the journey."""

import pytest
from pydantic import ValidationError

from sentiment_contract.training import (
    EXIT_CODES,
    FINAL_EXIT_CODES,
    FailureReason,
    Fault,
    TrainingAnswer,
    TrainingFailed,
    TrainingSucceeded,
    fault_of,
)


def test_every_reason_has_an_exit_code_of_its_own() -> None:
    assert len(set(EXIT_CODES.values())) == len(FailureReason)


def test_exit_codes_keep_clear_of_those_the_shell_and_signals_use() -> None:
    assert all(10 <= code < 64 for code in EXIT_CODES.values())


def test_only_a_crash_of_the_trainer_is_tried_again_by_the_job() -> None:
    retried = {reason for reason, code in EXIT_CODES.items() if code not in FINAL_EXIT_CODES}
    assert retried == {FailureReason.TRAINER_ERROR}


def test_credentials_are_surroundings_and_labels_are_data() -> None:
    assert fault_of(FailureReason.CREDENTIALS_DENIED) is Fault.SURROUNDINGS
    assert fault_of(FailureReason.DATA_UNKNOWN_LABEL) is Fault.DATA


def test_a_label_that_is_taken_is_mended_by_another_label_alone() -> None:
    assert {reason for reason in FailureReason if fault_of(reason) is Fault.LABEL} == {FailureReason.VERSION_CONFLICT}


@pytest.mark.parametrize(
    "answer",
    [
        TrainingFailed(reason=FailureReason.DATA_EMPTY, message="data/train.csv is empty. Next: …"),
        TrainingSucceeded(
            runID="9abc",
            registry_version="1",
            fingerprint="f" * 64,
            recipe_hash="e" * 64,
            data_hash="d" * 64,
            artifact_digest="c" * 64,
            reused=False,
            metrics={"accuracy": "0.9065"},
        ),
    ],
    ids=["failed", "succeeded"],
)
def test_an_answer_reads_back_as_it_was_written(answer: TrainingFailed | TrainingSucceeded) -> None:
    assert TrainingAnswer.validate_json(answer.model_dump_json(by_alias=True)) == answer


def test_log_lines_are_no_answer() -> None:
    with pytest.raises(ValidationError):
        TrainingAnswer.validate_json('{"message": "fitting"}')
