"""Delivers by SMTP, over TLS alone. It knows neither models nor retries."""

import logging
import ssl
from dataclasses import dataclass

import aiosmtplib

from sentiment_operator.notify import letter as letters
from sentiment_operator.notify.letter import Letter
from sentiment_operator.notify.sinks import Mail, Undelivered, secret

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class MailSender:
    """One mail server and those who are written to."""

    sink: Mail

    async def send(self, letter: Letter) -> None:
        """Return when the server took it for at least one of them. Raises Undelivered."""
        sink = self.sink
        username = secret(sink.username_file) if sink.username_file else None
        password = secret(sink.password_file) if sink.password_file else None
        is_implicit = sink.tls_mode == "Implicit"
        try:
            refused, _ = await aiosmtplib.send(
                letters.mail(letter, sink.sender, sink.to),
                hostname=sink.host,
                port=sink.port,
                username=username,
                password=password,
                # STARTTLS is insisted on: who strips it from the server's offer gets neither password nor message.
                use_tls=is_implicit,
                start_tls=not is_implicit,
                tls_context=sink.tls(),
                timeout=TIMEOUT_SECONDS,
                # The name of the pod says nothing to a mail server, and looking it up may take long.
                local_hostname="sentiment-operator",
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Undelivered(_cause(error)) from error
        if refused:
            # Sent again it would reach those a second time who have it.
            log.warning("a mail server took a message, but not for everybody", extra={"refused": sorted(refused)})


def _cause(error: Exception) -> str:
    """Why it was not taken. What a server says is not quoted: it goes into the status of a model, which others read."""
    if _is_of_trust(error):
        return "its certificate is not trusted, or is that of another host"
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return f"the mail server does not take the credentials (SMTP {error.code})"
        case aiosmtplib.SMTPRecipientsRefused():
            return "the mail server takes none of the recipients"
        case aiosmtplib.SMTPResponseException():
            return f"SMTP {error.code}"
        case aiosmtplib.SMTPTimeoutError() | TimeoutError():
            return f"no answer within {TIMEOUT_SECONDS:.0f} s"
        case aiosmtplib.SMTPConnectError() | OSError():
            return "no connection"
        case _ if "STARTTLS" in str(error):
            return "the mail server offers no STARTTLS, and nothing is sent in the clear"
        case _:
            return f"no proper answer ({type(error).__name__})"


def _is_of_trust(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
