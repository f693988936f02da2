"""A message in every form: what people wrote stays text, and what was signed can be verified by anybody else's code."""

import hashlib
import hmac
import json
from email import message_from_bytes
from email.policy import default

import pytest

from sentiment_operator.api.notifications import NotificationRecord, Transition
from sentiment_operator.notify.letter import SUBJECT_CHARACTERS, Letter, body, headers, mail
from tests.support.builders import NOW

KEY = "a key of many letters"


def letter(transition: Transition = Transition.GATE_FAILED, **changes: str) -> Letter:
    record = NotificationRecord(
        id="0123456789abcdef01234567-20260102T120000Z",
        transition=transition,
        version="2",
        reason="GateFailed",
        message="Gate no-worse: f1 is 0.8. Next: look",
        time="2026-01-02T12:00:00Z",
    )
    return Letter("reviews", "imdb", record.model_copy(update=changes))


def test_the_body_is_what_a_machine_reads_with_a_text_for_people() -> None:
    assert json.loads(body(letter())) == {
        "text": "reviews/imdb: version 2 did not pass its gates\nGate no-worse: f1 is 0.8. Next: look",
        "model": "imdb",
        "namespace": "reviews",
        "version": "2",
        "transition": "GateFailed",
        "reason": "GateFailed",
        "message": "Gate no-worse: f1 is 0.8. Next: look",
        "time": "2026-01-02T12:00:00Z",
        "id": "0123456789abcdef01234567-20260102T120000Z",
    }


@pytest.mark.parametrize("transition", Transition)
def test_every_transition_has_a_title_that_names_model_and_version(transition: Transition) -> None:
    subject = letter(transition).subject
    assert subject.startswith("reviews/imdb: ")
    assert "2" in subject


def test_a_reason_that_says_more_than_the_transition_stands_in_the_title() -> None:
    assert letter(reason="GateInconclusive").subject.endswith("did not pass its gates (GateInconclusive)")


def test_a_chat_reads_neither_mentions_nor_links_in_what_people_wrote() -> None:
    told = json.loads(body(letter(message="ana rejected it: <!channel> <https://evil.example|here> & more")))
    assert told["text"].endswith("&lt;!channel&gt; &lt;https://evil.example|here&gt; &amp; more")
    assert told["message"].endswith("<!channel> <https://evil.example|here> & more")


def test_a_signature_is_verified_as_the_readme_says() -> None:
    content = body(letter())
    sent = headers(letter(), content, KEY, NOW)
    signed = sent["X-Sentiment-Timestamp"].encode() + b"." + content
    expected = "sha256=" + hmac.digest(KEY.encode(), signed, hashlib.sha256).hex()
    assert sent["X-Sentiment-Signature-256"] == expected
    assert sent["X-Sentiment-Timestamp"] == str(int(NOW.timestamp()))
    assert sent["X-Sentiment-Delivery"] == letter().record.id


@pytest.mark.parametrize("change", [{"message": "another"}, {"version": "3"}])
def test_another_message_has_another_signature(change: dict[str, str]) -> None:
    one, two = letter(), letter(**change)
    signatures = {headers(each, body(each), KEY, NOW)["X-Sentiment-Signature-256"] for each in (one, two)}
    assert len(signatures) == 2


def test_without_a_key_nothing_is_signed() -> None:
    assert "X-Sentiment-Signature-256" not in headers(letter(), body(letter()), "", NOW)


def test_an_e_mail_names_its_message_and_says_that_nobody_wrote_it() -> None:
    written = message_from_bytes(mail(letter(), "models@example.org", ("a@example.org", "b@example.org")).as_bytes())
    assert {name: written[name] for name in ("From", "To", "Message-ID", "Auto-Submitted", "Date")} == {
        "From": "models@example.org",
        "To": "a@example.org, b@example.org",
        "Message-ID": "<0123456789abcdef01234567-20260102T120000Z@example.org>",
        "Auto-Submitted": "auto-generated",
        "Date": "Fri, 02 Jan 2026 12:00:00 +0000",
    }


def test_an_e_mail_holds_the_text_and_the_facts() -> None:
    written = message_from_bytes(mail(letter(), "models@example.org", ("a@example.org",)).as_bytes(), policy=default)
    content = written.get_content()
    for line in ("Gate no-worse: f1 is 0.8. Next: look", "Model: reviews/imdb", "Version: 2", "Transition: GateFailed"):
        assert line in content


@pytest.mark.parametrize("evil", ["x\r\nBcc: all@example.org", "x\nBcc: all@example.org", "x\u2028Bcc: y", "x\x00y"])
def test_nothing_that_people_wrote_becomes_a_header(evil: str) -> None:
    forged = Letter("reviews", "imdb", letter().record.model_copy(update={"reason": evil, "version": evil}))
    written = message_from_bytes(mail(forged, "models@example.org", ("a@example.org",)).as_bytes(), policy=default)
    assert written["Bcc"] is None
    assert written["To"] == "a@example.org"
    assert forged.subject.isprintable()


def test_a_title_is_one_line_of_bounded_length() -> None:
    assert len(letter(reason="x" * 400).subject) == SUBJECT_CHARACTERS


def test_letters_of_all_alphabets_arrive() -> None:
    written = message_from_bytes(
        mail(letter(message="Gütesiegel verfehlt, 不合格"), "m@example.org", ("a@example.org",)).as_bytes(),
        policy=default,
    )
    assert "Gütesiegel verfehlt, 不合格" in written.get_content()
