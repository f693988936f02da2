"""Those who are told: a real HTTP server and a real mail server, each in a thread, and the certificates they show."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.ports import free_port

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class HTTPReceiver:
    """What arrived, and what is answered."""

    url: str = ""
    requests: list[Request] = field(default_factory=list[Request])
    answers: list[int] = field(default_factory=list[int])
    """Status of the next answers; 200 once they are used up."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    hold: threading.Event = field(default_factory=threading.Event)
    """While this is not set, no answer is sent."""

    def __post_init__(self) -> None:
        self.hold.set()

    @property
    def ids(self) -> list[str]:
        """Ids of the messages in the order in which they came."""
        return [request.headers["X-Sentiment-Delivery"] for request in self.requests]


@contextmanager
def http_receiver(tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[HTTPReceiver]:
    """A receiver for as long as it is needed."""
    receiver = HTTPReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(Request(self.path, dict(self.headers), body))
            receiver.hold.wait(60)
            try:
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                """Whoever asked has given up."""

        def log_message(self, *args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer((HOST, port or free_port()), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'https' if tls else 'http'}://{HOST}:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.hold.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class MailServer:
    """What arrived, and in which way."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list[EmailMessage])
    recipients: list[list[str]] = field(default_factory=list[list[str]])
    was_encrypted: list[bool] = field(default_factory=list[bool])
    users: list[str] = field(default_factory=list[str])
    answer: str = "250 Message accepted for delivery"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd calls it so
        """A whole message."""
        if not self.answer.startswith("250"):
            return self.answer
        self.messages.append(cast("EmailMessage", message_from_bytes(envelope.content, policy=default)))
        self.recipients.append(list(envelope.rcpt_tos))
        self.was_encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return self.answer


@contextmanager
def mail_server(
    tls: ssl.SSLContext, *, implicit: bool = False, offers_tls: bool = True, password: str = ""
) -> Iterator[MailServer]:
    """A mail server that wants TLS, and with a password wants that of the user `operator` too."""
    server = MailServer(free_port())

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        server.users.append(data.login.decode())
        is_right = (data.login, data.password) == (b"operator", password.encode())
        return AuthResult(success=is_right, handled=False)

    starttls = None if implicit or not offers_tls else tls
    login = {"auth_required": True, "auth_require_tls": not implicit, "authenticator": authenticate} if password else {}
    controller = Controller(
        server,
        hostname=HOST,
        port=server.port,
        ssl_context=tls if implicit else None,
        tls_context=starttls,
        require_starttls=starttls is not None,
        **login,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@dataclass(frozen=True)
class Certificates:
    """A certificate authority of a test's own, and a server that it vouches for."""

    ca: Path
    server: ssl.SSLContext


def certificates(folder: Path, host: str = HOST) -> Certificates:
    """Make them in the folder; they speak for the host."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Test CA of {folder.name}")])
    ca = (
        _certificate(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .add_extension(_signing(), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    certificate = (
        _certificate(name, ca_name, key)
        .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.crt").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(certificate.public_bytes(pem) + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return Certificates(folder / "ca.crt", server)


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _signing() -> x509.KeyUsage:
    others = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **others)
