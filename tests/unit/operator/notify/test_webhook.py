"""Messages to a real HTTP server: what arrives, and what every kind of failure is called."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from sentiment_operator.notify import webhook
from sentiment_operator.notify.sinks import Undelivered, Webhook
from sentiment_operator.notify.webhook import WebhookSender
from tests.support.ports import free_port
from tests.support.receivers import HTTPReceiver, certificates, http_receiver
from tests.unit.operator.notify.test_letter import KEY, letter


@pytest.fixture
def receiver() -> Iterator[HTTPReceiver]:
    with http_receiver() as receiver:
        yield receiver


def send(sink: Webhook) -> None:
    async def once() -> None:
        async with aiohttp.ClientSession() as session:
            await WebhookSender(sink, session, lambda: datetime.now(UTC)).send(letter())

    asyncio.run(once())


def not_taken(sink: Webhook) -> Undelivered:
    with pytest.raises(Undelivered) as found:
        send(sink)
    return found.value


def to(url: str, **more: Path) -> Webhook:
    return Webhook(type="Webhook", url=url, **more)


def test_a_message_arrives_signed(receiver: HTTPReceiver, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    send(to(receiver.url, signing_key_file=tmp_path / "key"))
    (request,) = receiver.requests
    assert request.path == "/hook"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body)["id"] == request.headers["X-Sentiment-Delivery"] == letter().record.id
    timestamp = request.headers["X-Sentiment-Timestamp"]
    assert abs(int(timestamp) - datetime.now(UTC).timestamp()) < 60
    mac = hmac.new(KEY.encode(), digestmod=hashlib.sha256)
    mac.update(timestamp.encode("ascii"))
    mac.update(b".")
    mac.update(request.body)
    assert hmac.compare_digest(request.headers["X-Sentiment-Signature-256"], f"sha256={mac.hexdigest()}")


def test_an_address_may_be_a_secret_that_changes(receiver: HTTPReceiver, tmp_path: Path) -> None:
    file = tmp_path / "url"
    sink = Webhook(type="Webhook", url_file=file)
    for path in ("/one", "/two"):
        file.write_text(receiver.url.replace("/hook", path))
        send(sink)
    assert [request.path for request in receiver.requests] == ["/one", "/two"]


@pytest.mark.parametrize("code", [400, 404, 410, 429, 500, 503])
def test_whatever_is_no_success_is_told_by_its_code(receiver: HTTPReceiver, code: int) -> None:
    receiver.answers = [code]
    assert str(not_taken(to(receiver.url))) == f"HTTP {code}"


@pytest.mark.parametrize(("said", "seconds"), [("7", 7.0), ("999999", 3600.0), ("tomorrow", 0.0)])
def test_a_receiver_may_ask_to_wait(receiver: HTTPReceiver, said: str, seconds: float) -> None:
    receiver.answers, receiver.headers = [429], {"Retry-After": said}
    assert not_taken(to(receiver.url)).retry_after == seconds


def test_a_redirect_is_not_followed(receiver: HTTPReceiver) -> None:
    with http_receiver() as other:
        receiver.answers, receiver.headers = [307], {"Location": other.url}
        assert str(not_taken(to(receiver.url))) == "HTTP 307: a redirect, which is not followed"
        assert other.requests == []


def test_a_receiver_that_hangs_is_given_up(receiver: HTTPReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT", aiohttp.ClientTimeout(total=0.3))
    receiver.hold.clear()
    assert "no answer within" in str(not_taken(to(receiver.url)))


def test_a_receiver_that_is_away_is_told_without_its_address() -> None:
    address = f"http://127.0.0.1:{free_port()}/hooks/T000/secret"
    assert str(not_taken(to(address))) == "no connection: Connection refused"


def test_a_certificate_is_verified(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with http_receiver(made.server) as receiver:
        assert "certificate is not trusted" in str(not_taken(to(receiver.url)))
        assert receiver.requests == []
        send(to(receiver.url, ca_file=made.ca))
        assert len(receiver.requests) == 1


def test_the_name_in_a_certificate_is_verified(tmp_path: Path) -> None:
    made = certificates(tmp_path, host="another.example.org")
    with http_receiver(made.server) as receiver:
        assert "that of another host" in str(not_taken(to(receiver.url, ca_file=made.ca)))


@pytest.mark.parametrize("address", ["ftp://chat.example.org/secret", "no address, secret", "http://[secret"])
def test_a_secret_address_that_is_none_is_not_told(tmp_path: Path, address: str) -> None:
    (tmp_path / "url").write_text(address)
    assert "secret" not in str(not_taken(Webhook(type="Webhook", url_file=tmp_path / "url")))
