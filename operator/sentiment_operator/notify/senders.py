"""The way to each sink that the operator was installed with: the one place that knows which kinds of sinks there are."""

from datetime import UTC, datetime
from typing import assert_never

import aiohttp

from sentiment_operator.notify.courier import Sender
from sentiment_operator.notify.mail import MailSender
from sentiment_operator.notify.sinks import Mail, Sink, Sinks, Webhook
from sentiment_operator.notify.webhook import WebhookSender


def senders(sinks: Sinks, session: aiohttp.ClientSession) -> dict[str, Sender]:
    """Sink → how it is reached."""
    return {name: _sender(sink, session) for name, sink in sinks.items()}


def _sender(sink: Sink, session: aiohttp.ClientSession) -> Sender:
    match sink:
        case Webhook():
            return WebhookSender(sink, session, lambda: datetime.now(UTC))
        case Mail():
            return MailSender(sink)
        case _:
            assert_never(sink)
