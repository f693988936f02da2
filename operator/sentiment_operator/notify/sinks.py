"""Where sinks lead, as whoever installs the operator says. What is secret is named by the file that it is mounted as.

A file is read each time it is needed: a Secret that is changed counts at once. This module knows no client.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from sentiment_operator.api.notifications import SinkName

Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$", max_length=2048)]
Mailbox = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;:\"]+@[^\s@<>,;:\"]+$", max_length=254)]


class Undelivered(Exception):
    """A sink did not take a message. The text is shown to whoever may read the model, so it names no address."""

    def __init__(self, why: str, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        """Seconds that the sink asked to wait."""


class _Configured(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    ca_file: Path | None = None
    """Certificates that the sink is verified against; None: those of the image."""

    def tls(self) -> ssl.SSLContext:
        """Verifies the sink's certificate and name. Raises Undelivered."""
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise Undelivered(f"the file of certificates {self.ca_file} cannot be read: {error.strerror}") from error


class Webhook(_Configured):
    """An address that takes JSON by POST."""

    type: Literal["Webhook"]
    url: Address | None = None
    url_file: Path | None = None
    """Where the address itself is a secret."""
    signing_key_file: Path | None = None

    @model_validator(mode="after")
    def _has_one_address(self) -> "Webhook":
        if (self.url is None) == (self.url_file is None):
            raise ValueError("set exactly one of url, urlFile")
        return self


class Mail(_Configured):
    """People, by a mail server that speaks TLS: credentials and messages never travel in the clear."""

    type: Literal["SMTP"]
    host: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    port: int = Field(default=587, ge=1, le=65535)
    tls_mode: Literal["STARTTLS", "Implicit"] = Field(default="STARTTLS", alias="tls")
    sender: Mailbox = Field(alias="from")
    to: tuple[Mailbox, ...] = Field(min_length=1, max_length=50)
    username_file: Path | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _has_both_credentials(self) -> "Mail":
        if (self.username_file is None) != (self.password_file is None):
            raise ValueError("set usernameFile and passwordFile, or neither")
        return self


Sink = Annotated[Webhook | Mail, Field(discriminator="type")]
Sinks = Mapping[SinkName, Sink]


def secret(file: Path) -> str:
    """What the file holds, without the line end that editors put behind it. Raises Undelivered."""
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Undelivered(f"the Secret that is mounted as {file} cannot be read: {why}") from error
    if not found:
        raise Undelivered(f"the Secret that is mounted as {file} is empty")
    return found
