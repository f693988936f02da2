"""Somebody is told: real transitions, a real API server that remembers, a real HTTP receiver and a real mail server."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.operator.conftest import Shop, Start
from tests.support.api_server import Manifest
from tests.support.eventually import eventually
from tests.support.receivers import HTTPReceiver, certificates, http_receiver, mail_server

CHAT, PEOPLE = "team-chat", "on-call"
KEY = "a key of many letters"
TOLD: list[Manifest] = [{"sink": CHAT}]


@pytest.fixture
def receiver() -> Iterator[HTTPReceiver]:
    with http_receiver() as receiver:
        yield receiver


def sinks(**named: Manifest) -> dict[str, str]:
    """Settings of an operator that knows these sinks and tries again soon."""
    told = {name.replace("_", "-"): sink for name, sink in named.items()}
    return {"SENTIMENT_NOTIFICATION_SINKS": json.dumps(told), "SENTIMENT_NOTIFICATION_PAUSE_SECONDS": "0.2"}


def webhook(receiver: HTTPReceiver, **more: str) -> Manifest:
    return {"type": "Webhook", "url": receiver.url, **more}


def arrived(receiver: HTTPReceiver) -> list[tuple[str, str]]:
    """Transition and version of every message that came."""
    bodies = [json.loads(request.body) for request in receiver.requests]
    return [(body["transition"], body["version"]) for body in bodies]


def states(shop: Shop, name: str = "imdb") -> list[tuple[str, str, str]]:
    """Transition, sink and state of everything that is on record, the latest first."""
    status: Manifest = (shop.get("smod", name) or {}).get("status", {})
    records: list[Manifest] = status.get("notifications") or []
    return [
        (record["transition"], entry["sink"], entry["state"]) for record in records for entry in record["deliveries"]
    ]


def is_delivered(shop: Shop, count: int) -> bool:
    found = states(shop)
    return len(found) == count and all(state == "Delivered" for *_, state in found)


def test_a_version_that_serves_is_told_to_a_chat_and_to_people(
    shop: Shop, start: Start, receiver: HTTPReceiver, tmp_path: Path
) -> None:
    made = certificates(tmp_path)
    for name, content in (("key", KEY), ("username", "operator"), ("password", "correct horse")):
        (tmp_path / name).write_text(content)
    with mail_server(made.server, password="correct horse") as post_office:
        mail: dict[str, Any] = {"type": "SMTP", "host": "127.0.0.1", "port": post_office.port}
        mail |= {"from": "models@example.org", "to": ["ana@example.org"], "caFile": str(made.ca)}
        mail |= {f"{name}File": str(tmp_path / name) for name in ("username", "password")}
        chat = webhook(receiver, signingKeyFile=str(tmp_path / "key"))
        start(**sinks(team_chat=chat, on_call=mail)).wait_until_it_leads()
        wanted = [{"sink": CHAT}, {"sink": PEOPLE, "transitions": ["VersionReady"]}]
        shop.a_model(version="1", notifications=wanted)
        shop.ready(version="1")
        eventually("everybody was told", lambda: is_delivered(shop, 3))
    assert arrived(receiver) == [("VersionTrained", "1"), ("VersionReady", "1")]
    assert_signed(receiver)
    (message,) = post_office.messages
    assert message["Subject"] == f"{shop.namespace}/imdb: version 1 serves"
    assert message["Message-ID"] == f"<{receiver.ids[1]}@example.org>"
    assert (post_office.was_encrypted, post_office.users) == ([True], ["operator"])
    assert shop.condition("imdb", "Notified") == ("True", "Delivered")


def assert_signed(receiver: HTTPReceiver) -> None:
    """As anybody would verify it who knows the key."""
    for request in receiver.requests:
        signed = request.headers["X-Sentiment-Timestamp"].encode() + b"." + request.body
        expected = hmac.digest(KEY.encode(), signed, hashlib.sha256).hex()
        assert request.headers["X-Sentiment-Signature-256"] == f"sha256={expected}"


def test_what_was_told_is_not_told_again_by_the_next_operator(shop: Shop, start: Start, receiver: HTTPReceiver) -> None:
    settings = sinks(team_chat=webhook(receiver))
    first = start("one", **settings).wait_until_it_leads()
    shop.a_model(version="1", notifications=TOLD)
    eventually("it was told", lambda: is_delivered(shop, 2))
    eventually("nothing happens any more", first.is_quiet)
    first.terminate()
    second = start("two", **settings).wait_until_it_leads()
    eventually("nothing happens any more", second.is_quiet)
    assert second.writes() == {}
    assert arrived(receiver) == [("VersionTrained", "1"), ("VersionReady", "1")]
    for version in ("2", "1"):
        shop.patch("smod", "imdb", {"spec": {"version": version}})
        shop.ready(version=version)
    eventually("the rest was told", lambda: is_delivered(shop, 5))
    assert arrived(receiver)[2:] == [("VersionTrained", "2"), ("VersionReady", "2"), ("VersionReady", "1")]
    assert len(set(receiver.ids)) == 5


def test_what_could_not_be_told_is_told_by_the_next_operator(shop: Shop, start: Start, receiver: HTTPReceiver) -> None:
    settings = sinks(team_chat=webhook(receiver))
    first = start("one", **settings).wait_until_it_leads()
    receiver.answers = [503] * 1000
    wanted = [{"sink": CHAT, "transitions": ["VersionReady"]}]
    shop.a_model(version="1", notifications=wanted)
    # A receiver that is away keeps nothing from happening.
    shop.ready(version="1")
    eventually("it was tried twice", lambda: len(receiver.requests) >= 2)
    eventually("the status says why", lambda: "HTTP 503" in json.dumps((shop.get("smod", "imdb") or {})["status"]))
    assert shop.condition("imdb", "Notified") == ("Unknown", "Delivering")
    first.kill()
    receiver.answers = []
    tried = len(receiver.requests)
    start("one", **settings).wait_until_it_leads()
    eventually("it was told", lambda: is_delivered(shop, 1))
    assert len(receiver.requests) >= tried + 1
    assert len(set(receiver.ids)) == 1


def test_a_receiver_that_hangs_delays_no_model(shop: Shop, start: Start, receiver: HTTPReceiver) -> None:
    receiver.hold.clear()
    operator = start(**sinks(team_chat=webhook(receiver))).wait_until_it_leads()
    for number in range(3):
        shop.a_model(f"model-{number}", version="1", notifications=TOLD)
    for number in range(3):
        shop.ready(f"model-{number}", "1")
    assert len(receiver.requests) == 1
    assert operator.is_healthy()
    assert operator.values()['sentiment_notifications_waiting{sink="team-chat"}'] >= 3


def test_a_sink_that_is_not_there_is_told_and_hinders_nothing(shop: Shop, start: Start, receiver: HTTPReceiver) -> None:
    operator = start(**sinks(team_chat=webhook(receiver))).wait_until_it_leads()
    shop.a_model(version="1", notifications=[{"sink": "hush"}, {"sink": CHAT, "transitions": ["VersionReady"]}])
    shop.ready(version="1")
    shop.wait("imdb", "Notified", "False", "UnknownSink")
    eventually("the other one was told", lambda: is_delivered(shop, 1))
    eventually("nothing happens any more", operator.is_quiet)
    events = shop.api.request("GET", shop.path("event")).body["items"]
    (told,) = (event for event in events if event["reason"] == "UnknownSink")
    assert told["type"] == "Warning"
    assert "hush" in told["note"]
    assert "it knows team-chat" in told["note"]
    for kind, truth in (("Ready", "True"), ("Accepted", "True"), ("Stalled", "False")):
        assert shop.condition("imdb", kind)[0] == truth


def test_a_version_that_is_not_let_through_is_told_once_with_its_figures(
    shop: Shop, start: Start, receiver: HTTPReceiver
) -> None:
    operator = start(**sinks(team_chat=webhook(receiver))).wait_until_it_leads()
    wanted = [{"sink": CHAT, "transitions": ["Stalled", "GateFailed", "Recovered"]}]
    shop.a_model(version="1", notifications=wanted)
    shop.ready(version="1")
    strict = {"name": "strict", "metric": "accuracy", "threshold": "0.999"}
    shop.patch("smod", "imdb", {"spec": {"version": "2", "gates": [strict]}})
    shop.wait("imdb", "Stalled", "True", "GateFailed")
    eventually("it was told", lambda: is_delivered(shop, 1))
    shop.patch("smod", "imdb", {"spec": {"version": "1"}})
    shop.ready(version="1")
    eventually("its end was told", lambda: is_delivered(shop, 2))
    eventually("nothing happens any more", operator.is_quiet)
    assert arrived(receiver) == [("GateFailed", "2"), ("Recovered", "1")]
    told = json.loads(receiver.requests[0].body)
    assert "has to be at least 0.999" in told["message"]
    assert f"Next: kubectl -n {shop.namespace} get smrev imdb.2 -o yaml" in told["message"]
    assert told["text"].startswith(f"{shop.namespace}/imdb: version 2 did not pass its gates")
    counted = operator.labelled("sentiment_notifications_total")
    assert counted == [({"sink": CHAT, "result": "delivered"}, 2)]
