"""What the operator relies on in a trainer's answer: exit codes, reasons, size, and where the artifact stands."""

import pytest

from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_contract.search import BestTrial, GroupSearched, SearchAnswer, SearchResult
from sentiment_contract.training import (
    EXIT_CODES,
    FINAL_EXIT_CODES,
    TERMINATION_MESSAGE_LIMIT,
    FailureReason,
    Fault,
    TrainingAnswer,
    TrainingSucceeded,
    fault_of,
)
from sentiment_trainer import answer

PARAMETERS = effective_parameters(
    Preset.BEST,
    Parameters(max_features=5_000_000, regularizationC="123456.654321", naive_bayes_smoothing="123456.654321"),
)


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_comes_back_with_its_own_exit_code(reason: FailureReason, tmp_path, capsys) -> None:
    told = answer.failed(reason, "What happened. Next: what to do.")
    code = answer.deliver(told, tmp_path / "log")
    assert code == EXIT_CODES[reason]
    assert TrainingAnswer.validate_json((tmp_path / "log").read_bytes()) == told
    assert TrainingAnswer.validate_json(capsys.readouterr().out) == told


def test_a_job_tries_again_only_after_a_fault_of_the_trainer_itself() -> None:
    repeated = {reason for reason in FailureReason if EXIT_CODES[reason] not in FINAL_EXIT_CODES}
    assert repeated == {reason for reason in FailureReason if fault_of(reason) is Fault.PRODUCT}


def test_the_longest_success_fits_into_a_termination_message(tmp_path, capsys) -> None:
    figures = ("accuracy", "precision", "recall", "f1", "rocAUC", "trainRows", "testRows", "crossValidationAccuracy")
    told = TrainingSucceeded(
        run_id="f" * 32,
        registry_version="123456",
        fingerprint="f" * 64,
        recipe_hash="f" * 64,
        data_hash="f" * 64,
        git_commit="f" * 64,
        git_author="f" * 254,
        artifact_digest="f" * 64,
        reused=False,
        metrics=dict.fromkeys(figures, "0.123456"),
    )
    assert answer.deliver(told, tmp_path / "log") == 0
    assert len((tmp_path / "log").read_bytes()) <= TERMINATION_MESSAGE_LIMIT
    assert TrainingAnswer.validate_json(capsys.readouterr().out) == told


def test_what_a_group_came_to_fits_into_a_termination_message(tmp_path, capsys) -> None:
    best = BestTrial(trial=200, accuracy="0.123456", parameters=PARAMETERS)
    told = GroupSearched(result=SearchResult(trials=200, failed=199, best=best))
    assert answer.deliver(told, tmp_path / "log") == 0
    assert len((tmp_path / "log").read_bytes()) <= TERMINATION_MESSAGE_LIMIT
    assert SearchAnswer.validate_json(capsys.readouterr().out) == told
