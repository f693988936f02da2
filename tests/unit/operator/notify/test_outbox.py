"""The record of what is told: written with the transition, once, for whoever asked, within its bounds."""

from collections.abc import Iterable

import pytest

from sentiment_operator.api.notifications import MOST_RECORDS, Delivery, DeliveryState, Notification, Transition
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.facts.observed import Origin, Post
from sentiment_operator.notify.outbox import Told, pending, with_post
from tests.unit.operator.notify.statuses import NEW, ORIGIN, WELL, at, condition, not_ready, ready, stalled, status

CHAT, MAIL = "team-chat", "on-call"
KNOWN = frozenset({CHAT, MAIL})


class History:
    """A model's statuses one after another, each with its post."""

    def __init__(self, *wanted: Notification, known: frozenset[str] = KNOWN) -> None:
        self.wanted, self.known = wanted or (Notification(sink=CHAT),), known
        self.status, self.origin = NEW, ORIGIN

    def comes_to(
        self, after: SentimentModelStatus, minutes: float, outcomes: Iterable[tuple[str, Delivery]] = ()
    ) -> SentimentModelStatus:
        """One more pass."""
        post = Post(self.known, {(message, outcome.sink): outcome for message, outcome in outcomes})
        self.status = with_post(after, self.status, Told(self.origin, self.wanted, post), at(minutes))
        return self.status

    @property
    def told(self) -> list[tuple[str, str]]:
        """Transition and version of every record, the latest first."""
        return [(record.transition, record.version) for record in self.status.notifications]

    @property
    def verdict(self) -> tuple[str, str]:
        found = condition(self.status, ConditionType.NOTIFIED)
        return found.status, found.reason


def delivered(sink: str = CHAT, attempts: int = 1) -> Delivery:
    return Delivery(sink=sink, state=DeliveryState.DELIVERED, attempts=attempts)


def test_a_transition_and_its_message_are_one_status() -> None:
    history = History()
    history.comes_to(ready(), 0)
    ((record, delivery),) = pending(history.status)
    assert (record.transition, record.version, record.time) == ("VersionReady", "1", "2026-01-02T12:00:00Z")
    assert delivery == Delivery(sink=CHAT, state=DeliveryState.PENDING)
    assert history.verdict == ("Unknown", "Delivering")


def test_the_same_transition_found_by_another_process_has_the_same_id() -> None:
    one, two = History(), History()
    assert one.comes_to(ready(), 0).notifications == two.comes_to(ready(), 0).notifications
    two = History()
    two.origin = Origin("reviews", "imdb", "uid-2", generation=1, retry="")
    assert two.comes_to(ready(), 0).notifications[0].id != one.status.notifications[0].id


def test_a_pass_that_finds_nothing_new_changes_nothing() -> None:
    history = History()
    first = history.comes_to(ready(), 0)
    assert history.comes_to(status(first, 5, WELL, serving="1"), 5) == first


def test_what_was_delivered_is_never_pending_again() -> None:
    history = History()
    message = history.comes_to(ready(), 0).notifications[0].id
    first = history.comes_to(status(history.status, 1, WELL, serving="1"), 1, [(message, delivered())])
    assert pending(first) == []
    assert history.verdict == ("True", "Delivered")
    # Whoever leads next knows of no outcome.
    assert history.comes_to(status(first, 2, WELL, serving="1"), 2) == first


def test_a_model_that_names_no_sink_tells_nobody() -> None:
    history = History()
    history.wanted = ()
    history.comes_to(ready(), 0)
    assert (history.told, history.verdict) == ([], ("True", "NoSinks"))


def test_who_is_named_later_is_not_told_of_what_was() -> None:
    history = History()
    history.wanted = ()
    history.comes_to(ready(), 0)
    history.wanted = (Notification(sink=CHAT),)
    history.comes_to(status(history.status, 1, WELL, serving="1"), 1)
    assert (history.told, history.verdict) == ([], ("True", "Delivered"))


ASKED: dict[str, tuple[tuple[Transition, ...], bool]] = {
    "everything": ((), True),
    "the narrower name": ((Transition.GATE_FAILED,), True),
    "the wider name": ((Transition.STALLED,), True),
    "both names": ((Transition.STALLED, Transition.GATE_FAILED), True),
    "something else": ((Transition.VERSION_READY, Transition.TRAINING_FAILED), False),
}


@pytest.mark.parametrize(("asked", "is_told"), ASKED.values(), ids=ASKED)
def test_a_sink_is_told_what_it_asked_for_and_once(asked: tuple[Transition, ...], is_told: bool) -> None:
    history = History(Notification(sink=CHAT, transitions=asked))
    history.status = ready()
    history.comes_to(stalled(history.status, 10, "GatesPassed", "GateFailed"), 10)
    assert history.told == ([("GateFailed", "2")] if is_told else [])


def test_each_sink_has_a_delivery_of_its_own() -> None:
    history = History(Notification(sink=CHAT), Notification(sink=MAIL, transitions=(Transition.STALLED,)))
    history.comes_to(ready(), 0)
    history.comes_to(stalled(history.status, 10, "GatesPassed", "GateFailed"), 10)
    sinks = [[entry.sink for entry in record.deliveries] for record in history.status.notifications]
    assert sinks == [[CHAT, MAIL], [CHAT]]


def test_a_sink_that_is_not_there_is_named_and_hinders_nothing() -> None:
    history = History(Notification(sink="hush"), Notification(sink=CHAT))
    after = history.comes_to(ready(), 0)
    found = condition(after, ConditionType.NOTIFIED)
    assert history.verdict == ("False", "UnknownSink")
    assert "hush" in found.message
    assert "it knows on-call, team-chat" in found.message
    assert "Next:" in found.message
    assert [entry.sink for entry in after.notifications[0].deliveries] == [CHAT]
    assert condition(after, ConditionType.READY).status == "True"


def test_a_failure_is_told_with_what_went_wrong_until_a_later_message_arrives() -> None:
    history = History()
    message = history.comes_to(ready(), 0).notifications[0].id
    failed = Delivery(sink=CHAT, state=DeliveryState.FAILED, attempts=10, problem="HTTP 503")
    after = history.comes_to(status(history.status, 1, WELL, serving="1"), 1, [(message, failed)])
    assert history.verdict == ("False", "DeliveryFailed")
    assert "did not take VersionReady in 10 tries: HTTP 503. Next:" in condition(after, ConditionType.NOTIFIED).message
    after = history.comes_to(ready(not_ready(after, 20, "2"), 21, "2"), 21)
    history.comes_to(status(after, 22, WELL, wanted="2", serving="2"), 22, [(after.notifications[0].id, delivered())])
    assert history.verdict == ("True", "Delivered")


def test_a_try_that_failed_is_told_while_it_is_tried_again() -> None:
    history = History()
    message = history.comes_to(ready(), 0).notifications[0].id
    tried = Delivery(sink=CHAT, state=DeliveryState.PENDING, attempts=3, problem="HTTP 503")
    after = history.comes_to(status(history.status, 1, WELL, serving="1"), 1, [(message, tried)])
    assert history.verdict == ("Unknown", "Delivering")
    assert "try 3: HTTP 503" in condition(after, ConditionType.NOTIFIED).message
    # Whoever leads next goes on counting.
    assert pending(after)[0][1].attempts == 3


def test_what_waits_for_a_sink_that_was_taken_away_fails() -> None:
    history = History()
    history.comes_to(ready(), 0)
    history.known = frozenset()
    after = history.comes_to(status(history.status, 1, WELL, serving="1"), 1)
    assert [entry.state for entry in after.notifications[0].deliveries] == ["Failed"]
    assert history.verdict == ("False", "UnknownSink")


def retried(history: History, minutes: float) -> None:
    """The operator tries again by itself, and it fails again."""
    history.comes_to(not_ready(history.status, minutes, "2"), minutes)
    again = minutes + 1
    history.comes_to(stalled(history.status, again, "DependenciesReady", "CredentialsDenied"), again)


def test_a_dead_end_that_is_met_again_and_again_is_told_every_four_hours() -> None:
    history = History()
    history.status = ready()
    for minutes in range(0, 600, 10):
        retried(history, minutes)
    assert history.told == [("Stalled", "2")] * 3


@pytest.mark.parametrize(("generation", "retry"), [(2, ""), (1, "again")], ids=["an edit", "a retry"])
def test_a_dead_end_after_a_person_tried_again_is_told_at_once(generation: int, retry: str) -> None:
    history = History()
    history.status = ready()
    retried(history, 10)
    history.origin = Origin("reviews", "imdb", "uid-1", generation=generation, retry=retry)
    retried(history, 20)
    assert history.told == [("Stalled", "2")] * 2


def test_going_back_and_forth_is_told_each_time() -> None:
    history = History()
    history.comes_to(ready(), 0)
    for minutes, version in ((10, "2"), (20, "1"), (30, "2"), (40, "1")):
        history.comes_to(not_ready(history.status, minutes, version), minutes)
        history.comes_to(ready(history.status, minutes + 1, version), minutes + 1)
    assert history.told == [
        ("VersionReady", "1"),
        ("VersionReady", "2"),
        ("VersionReady", "1"),
        ("VersionReady", "2"),
        ("VersionReady", "1"),
    ]
    assert len({record.id for record in history.status.notifications}) == 5


def many(history: History, count: int, outcome: Delivery | None, first: int = 0) -> None:
    for number in range(first, first + count):
        minutes, version = 10.0 * number, str(number)
        before = history.comes_to(not_ready(history.status, minutes, version), minutes)
        after = history.comes_to(ready(before, minutes + 1, version), minutes + 1)
        if outcome is not None:
            settled = status(after, minutes + 2, WELL, wanted=version, serving=version)
            history.comes_to(settled, minutes + 2, [(after.notifications[0].id, outcome)])


def test_a_status_holds_the_latest_few_and_gives_up_what_was_delivered_first() -> None:
    history = History()
    many(history, 5, None)
    waiting = {record.id for record in history.status.notifications}
    many(history, MOST_RECORDS + 5, delivered(), first=5)
    kept = [record.id for record in history.status.notifications]
    assert len(kept) == MOST_RECORDS
    assert waiting <= set(kept)


def test_more_than_a_status_holds_is_given_up_from_the_oldest_on() -> None:
    history = History()
    many(history, MOST_RECORDS + 5, None)
    assert [record.version for record in history.status.notifications] == [str(n) for n in range(24, 4, -1)]
