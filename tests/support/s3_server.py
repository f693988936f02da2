"""The few calls of S3 that DVC makes, behind http, with signatures checked; objects are kept in memory."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY_ID: Final = "robot"
SECRET: Final = "a s3cret/word"


class S3Server:
    """Every bucket that is asked for is there, and one pair of keys opens them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        """By bucket and key, with a slash between them."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.objects))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server for as long as it is needed."""
    server = S3Server()
    yield server
    server.close()


def _handler(objects: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            address = urlsplit(self.path)
            name, query = unquote(address.path).lstrip("/"), parse_qs(address.query)
            if not self._is_signed():
                self._send(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
            elif self.command == "PUT":
                objects[name] = body
                self._send(200, etag=_etag(body))
            elif "list-type" in query:
                self._send(200, _listing(objects, name, query.get("prefix", [""])[0]).encode())
            elif name in objects:
                self._send(200, objects[name], etag=_etag(objects[name]))
            else:
                self._send(404, b"<Error><Code>NoSuchKey</Code><Message>No such key</Message></Error>")

        def _is_signed(self) -> bool:
            """Whether the signature is the one that our keys give for this request."""
            parts = dict(
                part.partition("=")[::2] for part in self.headers.get("Authorization", "").split(" ", 1)[-1].split(", ")
            )
            if not parts.get("Credential", "").startswith(f"{KEY_ID}/"):
                return False
            _, _, region, service, _ = parts["Credential"].split("/")
            signed = {name: self.headers[name] for name in parts["SignedHeaders"].split(";")}
            request = AWSRequest(self.command, f"http://{self.headers['Host']}{self.path}", headers=signed)
            request.context["timestamp"] = self.headers["X-Amz-Date"]
            signer = S3SigV4Auth(Credentials(KEY_ID, SECRET), service, region)
            return parts["Signature"] == signer.signature(
                signer.string_to_sign(request, signer.canonical_request(request)), request
            )

        def _send(self, status: int, content: bytes = b"", etag: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            if etag:
                self.send_header("ETag", etag)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = _answer  # noqa: N815  the names are http.server's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is http.server's
            del format, args

    return Handler


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _listing(objects: dict[str, bytes], bucket: str, prefix: str) -> str:
    bucket = bucket.rstrip("/")
    entries = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size><ETag>{_etag(content)}</ETag>"
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        for name, content in sorted(objects.items())
        if (key := name.removeprefix(f"{bucket}/")) != name and key.startswith(prefix)
    )
    return f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
