"""Delivers to a webhook. It knows neither models nor retries."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import aiohttp

from sentiment_operator.notify.letter import Letter, body, headers
from sentiment_operator.notify.sinks import Undelivered, Webhook, secret

TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """One webhook."""

    sink: Webhook
    session: aiohttp.ClientSession
    now: Callable[[], datetime]

    async def send(self, letter: Letter) -> None:
        """Return when the receiver took it. Raises Undelivered."""
        sink, content = self.sink, body(letter)
        tls = sink.tls() if sink.ca_file else True
        url = sink.url or (secret(sink.url_file) if sink.url_file else "")
        key = secret(sink.signing_key_file) if sink.signing_key_file else ""
        sent = headers(letter, content, key, self.now())
        try:
            # Who may answer for an address may not say which other one the operator has to call.
            async with self.session.post(
                url, data=content, headers=sent, timeout=TIMEOUT, allow_redirects=False, ssl=tls
            ) as answer:
                _understood(answer)
        except TimeoutError as error:
            raise Undelivered(f"no answer within {TIMEOUT.total:.0f} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Undelivered(_cause(error)) from error


def _understood(answer: aiohttp.ClientResponse) -> None:
    """What the receiver says is not quoted: it goes into the status of a model, which others read."""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        raise Undelivered(f"HTTP {answer.status}: a redirect, which is not followed")
    wait = answer.headers.get("Retry-After", "")
    raise Undelivered(f"HTTP {answer.status}", min(float(wait), LONGEST_WAIT_SECONDS) if wait.isdigit() else 0.0)


def _cause(error: Exception) -> str:
    """Why there was no answer, without the address, which may be a secret."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its certificate is not trusted, or is that of another host"
        case aiohttp.ClientConnectorDNSError():
            return "its host has no address"
        case aiohttp.ClientConnectorError():
            return f"no connection: {os.strerror(error.os_error.errno or errno.ECONNREFUSED)}"
        case aiohttp.InvalidURL():
            return "its address is no URL"
        case _:
            return f"no proper answer ({type(error).__name__})"
