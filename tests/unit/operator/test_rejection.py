"""The status of a model whose spec cannot be read."""

from datetime import UTC, datetime, timedelta

from sentiment_operator.api.notifications import Notification
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.facts.observed import Origin, Post
from sentiment_operator.notify.outbox import Told
from sentiment_operator.telling.rejection import rejected

NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)
TOLD = Told(Origin("reviews", "imdb", "uid-1", generation=2, retry=""), (), Post())
NEW = rejected(SentimentModelStatus(), "spec.data: Field required", TOLD, NOW)


def truth(status: SentimentModelStatus) -> dict[str, str]:
    return {condition.type: condition.status for condition in status.conditions}


def test_every_condition_is_there_and_the_verdict_names_the_field() -> None:
    assert list(truth(NEW)) == [kind.value for kind in ConditionType]
    assert {kind: truth(NEW)[kind] for kind in ("Accepted", "Ready", "Stalled")} == {
        "Accepted": "False",
        "Ready": "False",
        "Stalled": "True",
    }
    accepted = next(condition for condition in NEW.conditions if condition.type == "Accepted")
    assert accepted.reason == "Invalid"
    assert "spec.data" in accepted.message
    assert "Next:" in accepted.message


def test_saying_it_again_changes_nothing() -> None:
    assert rejected(NEW, "spec.data: Field required", TOLD, NOW + timedelta(hours=1)) == NEW


def test_what_was_known_of_what_serves_is_kept() -> None:
    serving = SentimentModelStatus(serving_version="1", url="http://imdb.shop.svc")
    after = rejected(serving, "spec.data: Field required", TOLD, NOW)
    assert (after.serving_version, after.url) == ("1", "http://imdb.shop.svc")


def test_whoever_is_to_be_told_hears_of_it_also_where_the_rest_cannot_be_read() -> None:
    told = Told(TOLD.origin, (Notification(sink="team-chat"),), Post(sinks=frozenset({"team-chat"})))
    (record,) = rejected(SentimentModelStatus(), "spec.data: Field required", told, NOW).notifications
    assert (record.transition, record.reason) == ("Stalled", "Invalid")
    assert "spec.data" in record.message
