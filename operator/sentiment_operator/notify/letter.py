"""One message as it is written for people and for machines: text, JSON body, signature, e-mail. Pure; the time is given.

Much of a message was written by people who may name a model, and not by those who read it: in every form it is text and
nothing else, neither a header nor a mention in a chat.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime

from sentiment_operator.api.notifications import NotificationRecord, Transition

ID_HEADER = "X-Sentiment-Delivery"
TIMESTAMP_HEADER = "X-Sentiment-Timestamp"
SIGNATURE_HEADER = "X-Sentiment-Signature-256"
SUBJECT_CHARACTERS = 150

_TITLES = {
    Transition.VERSION_TRAINED: "version {} is trained",
    Transition.APPROVAL_REQUESTED: "version {} waits for approval",
    Transition.VERSION_READY: "version {} serves",
    Transition.ROLLED_BACK: "version {} serves again",
    Transition.RECOVERED: "all is well again, version {} serves",
    Transition.TRAINING_FAILED: "the training of version {} failed",
    Transition.GATE_FAILED: "version {} did not pass its gates",
    Transition.REJECTED: "version {} was rejected",
    Transition.ROLLOUT_FAILED: "the rollout of version {} failed",
    Transition.STALLED: "version {} is stalled",
    Transition.NO_VERSION_ANSWERS: "no version answers, {} did",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one sink."""

    namespace: str
    model: str
    record: NotificationRecord

    @property
    def subject(self) -> str:
        """One line."""
        record = self.record
        told = f"{self.namespace}/{self.model}: {_TITLES[record.transition].format(record.version)}"
        reason = f" ({record.reason})" if record.reason not in (record.transition, "Serving", "Recorded") else ""
        return _one_line(told + reason)[:SUBJECT_CHARACTERS]

    @property
    def text(self) -> str:
        """What a person reads first, and why."""
        return f"{self.subject}\n{self.record.message}"


def body(letter: Letter) -> bytes:
    """The JSON that a webhook gets. `text` is what chats show, written as Slack asks; the rest is for machines."""
    record = letter.record
    document = {
        "text": _for_chats(letter.text),
        "model": letter.model,
        "namespace": letter.namespace,
        "version": record.version,
        "transition": record.transition,
        "reason": record.reason,
        "message": record.message,
        "time": record.time,
        "id": record.id,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def headers(letter: Letter, content: bytes, key: str, now: datetime) -> Mapping[str, str]:
    """What a webhook gets beside the body. Without a key nothing is signed."""
    timestamp = str(int(now.timestamp()))
    plain = {"Content-Type": "application/json", ID_HEADER: letter.record.id, TIMESTAMP_HEADER: timestamp}
    return plain | ({SIGNATURE_HEADER: f"sha256={signature(key, timestamp, content)}"} if key else {})


def signature(key: str, timestamp: str, content: bytes) -> str:
    """HMAC-SHA256 of timestamp, a dot, and the body: with the time, a message that was caught cannot be sent again later."""
    return hmac.new(key.encode(), timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()


def mail(letter: Letter, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """The e-mail. Its id is that of the message, so that mail programs show one that came twice once."""
    record = letter.record
    message = EmailMessage(policy=WIRE)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.fromisoformat(record.time))
    message["Message-ID"] = f"<{record.id}@{sender.rpartition('@')[2]}>"
    # Nobody's holiday notice answers it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{letter.text}\n\n{_facts(letter)}\n")
    return message


def _facts(letter: Letter) -> str:
    record = letter.record
    facts = {
        "Model": f"{letter.namespace}/{letter.model}",
        "Version": record.version,
        "Transition": record.transition,
        "Reason": record.reason,
        "Time": record.time,
        "Id": record.id,
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items())


def _for_chats(text: str) -> str:
    """Slack reads <!channel> as a call to everybody, and <address|words> as a link that may say another thing."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
