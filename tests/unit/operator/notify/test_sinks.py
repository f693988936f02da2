"""Where sinks lead is read from one setting, and a mistake in it is named before the operator starts."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sentiment_operator.__main__ import MISCONFIGURED, main
from sentiment_operator.notify.sinks import Mail, Undelivered, Webhook, secret
from sentiment_operator.settings import Settings
from tests.support.builders import SETTINGS

WEBHOOK = {"type": "Webhook", "url": "https://chat.example.org/hook"}
MAIL = {"type": "SMTP", "host": "smtp.example.org", "from": "models@example.org", "to": ["a@example.org"]}


def given(monkeypatch: pytest.MonkeyPatch, sinks: str) -> None:
    for name in ("server_image", "trainer_image", "tracking_url"):
        monkeypatch.setenv(f"SENTIMENT_{name.upper()}", getattr(SETTINGS, name))
    monkeypatch.setenv("SENTIMENT_NOTIFICATION_SINKS", sinks)


def configured(monkeypatch: pytest.MonkeyPatch, **sinks: Any) -> Settings:
    given(monkeypatch, json.dumps(sinks))
    return Settings()  # pyright: ignore[reportCallIssue]


def test_sinks_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    sinks = configured(monkeypatch, chat=WEBHOOK, people=MAIL).notification_sinks
    assert isinstance(sinks["chat"], Webhook)
    people = sinks["people"]
    assert isinstance(people, Mail)
    assert (people.port, people.tls_mode, people.sender) == (587, "STARTTLS", "models@example.org")


def test_without_the_setting_there_are_none() -> None:
    assert SETTINGS.notification_sinks == {}


WRONG: dict[str, Any] = {
    "no type": {"url": "https://chat.example.org"},
    "an unknown type": {**WEBHOOK, "type": "Pigeon"},
    "an unknown field": {**WEBHOOK, "secret": "x"},
    "no address": {"type": "Webhook"},
    "two addresses": {**WEBHOOK, "urlFile": "/secret"},
    "an address that is none": {**WEBHOOK, "url": "chat.example.org"},
    "a password in the address": {**WEBHOOK, "url": "https://me:pw@chat.example.org"},
    "a user without a password": {**MAIL, "usernameFile": "/secret"},
    "no TLS": {**MAIL, "tls": "None"},
    "nobody to write to": {**MAIL, "to": []},
    "two people in one": {**MAIL, "to": ["a@example.org, b@example.org"]},
    "a header behind the sender": {**MAIL, "from": "a@example.org\r\nBcc: b@example.org"},
}


@pytest.mark.parametrize("sink", WRONG.values(), ids=WRONG)
def test_a_mistake_ends_the_operator_before_it_starts(monkeypatch: pytest.MonkeyPatch, sink: Any) -> None:
    with pytest.raises(ValidationError) as found:
        configured(monkeypatch, chat=sink)
    assert found.value.errors()[0]["loc"][:2] == ("notification_sinks", "chat")


@pytest.mark.parametrize(
    ("sinks", "told"),
    [
        (
            json.dumps({"chat": {**MAIL, "tls": "None"}}),
            "SENTIMENT_NOTIFICATION_SINKS at chat.SMTP.tls: Input should be",
        ),
        ("{chat: webhook}", "Next: write it as JSON."),
    ],
)
def test_a_mistake_is_told_by_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sinks: str, told: str
) -> None:
    given(monkeypatch, sinks)
    assert main() == MISCONFIGURED
    assert told in capsys.readouterr().err


def test_a_name_that_no_model_could_write_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError):
        configured(monkeypatch, **{"Team Chat": WEBHOOK})


def test_a_secret_is_what_stands_in_its_file_now(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for content in ("one\n", "two"):
        file.write_text(content)
        assert secret(file) == content.strip()


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"], ids=["missing", "empty", "a line end", "no text"])
def test_a_secret_that_cannot_be_read_is_named_by_its_file(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Undelivered, match=str(file)):
        secret(file)


def test_certificates_that_are_not_there_are_named() -> None:
    sink = Webhook(type="Webhook", url="https://chat.example.org", ca_file=Path("/nowhere/ca.crt"))
    with pytest.raises(Undelivered, match=r"/nowhere/ca\.crt"):
        sink.tls()
