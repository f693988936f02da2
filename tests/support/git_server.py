"""A real git repository behind a real git server over http, as a forge has one; with a way to take the server away."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

POINTER = "outs:\n- md5: {md5}\n  size: 7\n  hash: md5\n  path: {name}\n"
_WHO = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class GitServer:
    """One repository with a branch `main`, and its address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._work = folder / "work"
        self._work.mkdir(parents=True)
        self.status = 0
        """What every request is answered with instead, 0: as it should be."""
        self.asked: list[str] = []
        """Path and query of every request."""
        self._git("init", "--quiet", "--initial-branch=main", ".")
        subprocess.run(["git", "clone", "--quiet", "--bare", "work", "reviews.git"], cwd=folder, check=True)
        self._git("remote", "add", "origin", str(folder / "reviews.git"))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, folder))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is cloned from."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/reviews.git"

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def push(self, files: dict[str, str] | None = None, *, tag: str = "") -> str:
        """Commit and push; gives the commit."""
        for name, content in (files or {}).items():
            (self._work / name).parent.mkdir(parents=True, exist_ok=True)
            (self._work / name).write_text(content)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "a push")
        return self._pushed(tag)

    def push_data(self, content: str, path: str = "train.csv") -> str:
        """Push a .dvc file that names the data by this hash."""
        return self.push({f"{path}.dvc": POINTER.format(md5=content * 32, name=Path(path).name)})

    def revert(self) -> str:
        """`git revert` the last commit and push; gives the commit."""
        self._git("revert", "--no-edit", "HEAD")
        return self._pushed("")

    def _pushed(self, tag: str) -> str:
        if tag:
            self._git("tag", "--annotate", "--message", tag, tag)
        self._git("push", "--quiet", "origin", "main", "--tags")
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        environment = os.environ | _WHO | {"HOME": str(self._folder)}
        done = subprocess.run(
            ["git", *arguments], cwd=self._work, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()


@contextmanager
def git_server(folder: Path) -> Iterator[GitServer]:
    """A server for as long as it is needed."""
    server = GitServer(folder)
    yield server
    server.close()


def _handler(server: GitServer, root: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            server.asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if server.status:
                self.send_response(server.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            head, _, content = self._backend(body).partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _backend(self, body: bytes) -> bytes:
            address = urlsplit(self.path)
            environment = os.environ | {
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": address.path,
                "QUERY_STRING": address.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
            }
            done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=True)
            return done.stdout

        do_GET = do_POST = _answer  # noqa: N815  the names are http.server's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is http.server's
            del format, args

    return Handler
