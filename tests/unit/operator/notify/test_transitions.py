"""What is news between two statuses, by which name, and what is told of it."""

import pytest

from sentiment_operator.api.notifications import MESSAGE_CHARACTERS, Transition
from sentiment_operator.api.status import LastFailure, SentimentModelStatus
from sentiment_operator.notify.transitions import INCLUDED_IN, TROUBLE, News, news
from tests.unit.operator.notify.statuses import (
    NEW,
    ORIGIN,
    WELL,
    not_ready,
    ready,
    served,
    stalled,
    status,
)


def found(before: SentimentModelStatus, after: SentimentModelStatus, last_told: Transition | None = None) -> list[News]:
    return news(before, after, ORIGIN, last_told)


def names(before: SentimentModelStatus, after: SentimentModelStatus, last_told: Transition | None = None) -> list[str]:
    return [entry.transition for entry in found(before, after, last_told)]


def test_the_first_version_that_serves_is_told_with_its_figures() -> None:
    (entry,) = found(NEW, ready())
    assert (entry.transition, entry.version, entry.reason) == ("VersionReady", "1", "Serving")
    assert entry.message == "Version 1 serves: it has all traffic. Accuracy 0.91, gates 2/2."


def test_a_later_version_is_told_with_the_way_back() -> None:
    before = not_ready(ready(), 10, "2")
    (entry,) = found(before, ready(before, 11, "2"))
    assert entry.transition == "VersionReady"
    assert "Before it, version 1 served." in entry.message
    assert entry.message.endswith(
        """Next: to go back, kubectl -n reviews patch smod imdb --type merge -p '{"spec":{"version":"1"}}'"""
    )


def test_a_version_that_served_before_serves_again() -> None:
    two = ready(not_ready(ready(), 10, "2"), 11, "2")
    (entry,) = found(not_ready(two, 20), ready(not_ready(two, 20), 21))
    assert (entry.transition, entry.version) == ("VersionReady", "1")
    assert "Version 1 serves again" in entry.message


def test_a_version_whose_history_was_written_before_it_was_ready_is_told_when_it_is() -> None:
    first = not_ready(ready(), 10, "2")
    history = (*served(("2", 12)), *first.history)
    second = status(first, 12, {**WELL, "Ready": ("False", "RollingOut")}, wanted="2", serving="2", history=history)
    third = status(second, 13, WELL, wanted="2", serving="2")
    assert names(first, second) == []
    assert names(second, third) == ["VersionReady"]


def test_the_same_version_ready_again_is_no_news() -> None:
    lost = not_ready(ready(), 10)
    assert names(lost, status(lost, 11, WELL, serving="1")) == []


def test_a_version_that_was_edited_away_in_its_first_second_and_came_back_is_no_news() -> None:
    lost = not_ready(ready(), 0)
    assert names(lost, status(lost, 11, WELL, serving="1")) == []


@pytest.mark.parametrize("trouble", sorted(TROUBLE))
def test_whoever_heard_of_the_trouble_hears_of_its_end(trouble: Transition) -> None:
    lost = not_ready(ready(), 10)
    (entry,) = found(lost, status(lost, 11, WELL, serving="1"), last_told=trouble)
    assert (entry.transition, entry.version) == ("Recovered", "1")


@pytest.mark.parametrize("last_told", [Transition.VERSION_READY, Transition.RECOVERED])
def test_without_trouble_there_is_no_recovery(last_told: Transition) -> None:
    lost = not_ready(ready(), 10)
    assert names(lost, status(lost, 11, WELL, serving="1"), last_told) == []


@pytest.mark.parametrize(
    ("station", "reason", "transition"),
    [
        ("DataVerified", "DataOneClass", "TrainingFailed"),
        ("Trained", "OOMKilled", "TrainingFailed"),
        ("GatesPassed", "GateFailed", "GateFailed"),
        ("GatesPassed", "GateInconclusive", "GateFailed"),
        ("GatesPassed", "SourceRefused", "Stalled"),
        ("RolledOut", "Rejected", "Rejected"),
        ("RolledOut", "RolledBack", "RolledBack"),
        ("RolledOut", "RolloutHeld", "RolloutFailed"),
        ("RolledOut", "ProgressDeadlineExceeded", "RolloutFailed"),
        ("LineageVerified", "DigestMismatch", "RolloutFailed"),
        ("Accepted", "Conflict", "Stalled"),
        ("Registered", "VersionConflict", "Stalled"),
        ("DependenciesReady", "CredentialsDenied", "Stalled"),
    ],
)
def test_a_dead_end_is_called_by_where_the_way_ends(station: str, reason: str, transition: str) -> None:
    (entry,) = found(ready(), stalled(ready(), 10, station, reason))
    assert (entry.transition, entry.version, entry.reason) == (transition, "2", reason)
    assert entry.message == "Stalled is True."


def test_a_training_that_its_surroundings_ended_failed_too() -> None:
    failure = LastFailure(
        version="2", step="DependenciesReady", reason="CredentialsDenied", time="2026-01-02T12:00:00Z", attempt=1
    )
    after = stalled(ready(), 10, "DependenciesReady", "CredentialsDenied", failure=failure)
    assert names(ready(), after) == ["TrainingFailed"]


def test_another_dead_end_is_news_although_the_model_was_stalled_before() -> None:
    before = stalled(ready(), 10, "GatesPassed", "GateFailed")
    assert names(before, stalled(before, 11, "GatesPassed", "GateFailed")) == []
    assert names(before, stalled(before, 11, "GatesPassed", "GateInconclusive")) == ["GateFailed"]
    assert names(before, stalled(before, 11, "GatesPassed", "GateFailed", version="3")) == ["GateFailed"]


def test_a_training_that_ended_well_is_told_and_one_of_long_ago_is_not() -> None:
    running = status(ready(), 10, {**WELL, "Trained": ("False", "TrainingRunning")}, wanted="2", job="imdb-train-1")
    done = status(running, 11, WELL, wanted="2", job="imdb-train-1")
    (entry,) = found(running, done)
    assert (entry.transition, entry.version) == ("VersionTrained", "2")
    assert "Accuracy 0.91" in entry.message
    # Version 1 is wanted again while version 2 trains.
    assert "VersionTrained" not in names(running, status(running, 11, WELL, wanted="1"))
    assert "VersionTrained" not in names(NEW, done)


def test_an_approval_that_is_waited_for_is_told_for_each_version() -> None:
    waits = {**WELL, "AwaitingApproval": ("True", "ApprovalRequested"), "Ready": ("False", "AwaitingApproval")}
    two = status(ready(), 10, waits, wanted="2")
    assert names(ready(), two) == ["ApprovalRequested"]
    assert names(two, status(two, 11, waits, wanted="2")) == []
    assert [entry.version for entry in found(two, status(two, 11, waits, wanted="3"))] == ["3"]


SILENT = {**WELL, "Available": ("False", "NoPodReady"), "Ready": ("False", "NoPodReady")}


def test_silence_is_told_with_the_version_that_answered() -> None:
    (entry,) = found(ready(), status(ready(), 10, SILENT))
    assert (entry.transition, entry.version, entry.reason) == ("NoVersionAnswers", "1", "NoPodReady")
    assert entry.message == "Available is False. Next: kubectl -n reviews describe smod imdb"


def test_silence_that_lasts_is_no_news() -> None:
    silent = status(ready(), 10, SILENT)
    assert names(silent, status(silent, 11, SILENT)) == []


def test_before_the_first_version_answers_nobody_waits_for_it() -> None:
    assert names(NEW, status(NEW, 0, SILENT)) == []


def test_one_status_may_hold_several_news() -> None:
    found_then = {**SILENT, "Stalled": ("True", "DigestMismatch"), "LineageVerified": ("False", "DigestMismatch")}
    assert names(ready(), status(ready(), 10, found_then)) == ["RolloutFailed", "NoVersionAnswers"]


def test_what_is_too_long_loses_its_explanation_and_not_its_next_step() -> None:
    after = stalled(ready(), 10, "GatesPassed", "GateFailed")
    long = tuple(
        entry.model_copy(update={"message": f"{'why ' * 900}Next: kubectl get smrev"}) for entry in after.conditions
    )
    (entry,) = found(ready(), after.model_copy(update={"conditions": long}))
    assert len(entry.message) <= MESSAGE_CHARACTERS
    assert entry.message.endswith("… Next: kubectl get smrev")


def test_whatever_is_included_in_another_is_no_name_for_both() -> None:
    assert not set(INCLUDED_IN) & set(INCLUDED_IN.values())
