"""POST /hooks/git: a git forge tells that a repository changed, signed with a secret that both know.

All that comes of it is that the repository is looked at a little earlier, so a repeated or late call does no harm, and
what was changed is never taken from the call. The answer says nothing about models. The secret comes from a mounted
file, which is read anew for each call: it may be renewed at any time.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

from aiohttp import web

log = logging.getLogger(__name__)

PATH = "/hooks/git"
MOST_BYTES = 5 << 20
RECEIVE_SECONDS = 10.0
AT_ONCE = 8
"""Calls that are received at the same time."""
PAUSE_SECONDS = 5.0
"""Between two looks that calls lead to, however many there are; what comes between is looked at after it."""
MOST_ADDRESSES = 50
DEPTH = 4
_SIGNATURES = (
    ("X-Hub-Signature-256", "sha256="),  # GitHub
    ("X-Hub-Signature", "sha256="),  # Bitbucket
    ("X-Gitea-Signature", ""),
    ("X-Forgejo-Signature", ""),
)
_GITLAB = "X-Gitlab-Token"
_ADDRESSES = ("http://", "https://", "ssh://", "git@")


def is_signed(headers: Mapping[str, str], body: bytes, secret: bytes) -> bool:
    """Whether whoever sent it knows the secret. Every forge has a header of its own; none of them is taken as a no."""
    if not secret:
        return False
    digest = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
    for name, prefix in _SIGNATURES:
        given = headers.get(name, "")
        if given.startswith(prefix) and given:
            return hmac.compare_digest(given.removeprefix(prefix).lower().encode(), digest)
    return hmac.compare_digest(headers.get(_GITLAB, "").encode(), secret)


def addresses(body: bytes) -> set[str]:
    """Every address that the call gives for its repository. Raises ValueError where it is no call of a forge."""
    try:
        payload = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(payload, dict):
        raise ValueError("no JSON object")
    call = cast("dict[str, Any]", payload)
    found = [address for part in ("repository", "project") for address in _texts(call.get(part), DEPTH)]
    return set(found[:MOST_ADDRESSES])


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(_ADDRESSES):
        yield value
    elif isinstance(value, dict | list) and depth:
        parts = cast("list[Any]", value if isinstance(value, list) else list(cast("dict[str, Any]", value).values()))
        for part in parts:
            yield from _texts(part, depth - 1)


@dataclass(slots=True)
class Hooks:
    """Takes the calls."""

    secret_file: Path
    leads: Callable[[], bool]
    tell: Callable[[set[str]], int]
    """Told the addresses of repositories that changed."""
    pause: float = PAUSE_SECONDS
    _receiving: int = 0
    _changed: set[str] = field(default_factory=set[str])
    _timer: asyncio.TimerHandle | None = None

    async def serve(self, port: int) -> web.AppRunner:
        """Listen."""
        application = web.Application(client_max_size=MOST_BYTES)
        application.router.add_post(PATH, self.answer)
        runner = web.AppRunner(application, access_log=None, handle_signals=False)
        await runner.setup()
        await web.TCPSite(runner, port=port).start()
        return runner

    async def answer(self, request: web.Request) -> web.Response:
        """202 for a call that is signed, whatever comes of it."""
        if not self.leads() or self._receiving >= AT_ONCE:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "10"})
        self._receiving += 1
        try:
            async with asyncio.timeout(RECEIVE_SECONDS):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=HTTPStatus.REQUEST_TIMEOUT)
        finally:
            self._receiving -= 1
        if not is_signed(request.headers, body, self._secret()):
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        try:
            found = addresses(body)
        except ValueError:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text="not the JSON of a push\n")
        self._note(found)
        return web.Response(status=HTTPStatus.ACCEPTED)

    def _note(self, found: set[str]) -> None:
        """Tell of it at once, or with all that comes meanwhile when the pause is over."""
        self._changed |= found
        if self._timer is None:
            self._pass_on()

    def _pass_on(self) -> None:
        changed, self._changed, self._timer = self._changed, set(), None
        if changed:
            log.info("webhook: a repository changed", extra={"event.action": "webhook", "models": self.tell(changed)})
            self._timer = asyncio.get_running_loop().call_later(self.pause, self._pass_on)

    def _secret(self) -> bytes:
        try:
            return self.secret_file.read_bytes().strip()
        except OSError as error:
            log.error("the webhook's secret cannot be read: %s. Next: see webhook.secretRef of the chart", error)
            return b""
