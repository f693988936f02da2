"""Asks a git server which commits its branches and tags stand for, as anybody may who has no credentials.

One GET of what `git ls-remote` asks first, in git's own line format. No repository is fetched and no answer is quoted to
people: whoever may write models chooses who is asked here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp

from sentiment_contract.training import FailureReason
from sentiment_operator.bounded import bounded
from sentiment_operator.facts.observed import Head

TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)
MOST_BYTES = 16 << 20
MOST_REDIRECTS = 3
_NAMED = re.compile(rb"^([0-9a-f]{40}|[0-9a-f]{64})[ \t](refs/(?:heads|tags)/[^\x00\n]+)")
_PEELED = "^{}"
_OPEN = ", and that its port is in the chart's networkPolicy.gitPorts"
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class Refs:
    """What a git server said: the commits by full name, or why there are none."""

    commits: Mapping[str, str] = field(default_factory=dict[str, str])
    reason: str = ""
    message: str = ""

    def head(self, revision: str, url: str) -> Head:
        """The commit of a tag or branch; a tag comes first, as for the trainer."""
        if self.reason:
            return Head(reason=self.reason, message=self.message)
        candidates = (f"refs/tags/{revision}{_PEELED}", f"refs/tags/{revision}", f"refs/heads/{revision}")
        commit = next((self.commits[name] for name in candidates if name in self.commits), "")
        return Head(commit=commit) if commit else _absent(revision, url, self.commits)


async def refs(session: aiohttp.ClientSession, url: str) -> Refs:
    """Every branch and tag of the repository, or why nothing is known."""
    try:
        return await _ask(session, url)
    except TimeoutError:
        return _unreachable(url, "no answer in time", _OPEN)
    except aiohttp.ClientConnectionError as error:
        return _unreachable(url, str(error) or "the connection broke", _OPEN)
    except (aiohttp.ClientError, ValueError) as error:
        return _unreachable(url, f"it does not look like a git server ({type(error).__name__})")


async def _ask(session: aiohttp.ClientSession, url: str) -> Refs:
    address = f"{url.rstrip('/')}/info/refs"
    query = {"service": "git-upload-pack"}
    async with session.get(address, params=query, timeout=TIMEOUT, max_redirects=MOST_REDIRECTS) as response:
        if response.status in _DENIED:
            return _denied(url, response.status)
        if response.status == HTTPStatus.NOT_FOUND:
            return _unreachable(url, "HTTP 404: no such repository, or one that is shown with credentials only")
        if response.status != HTTPStatus.OK:
            return _unreachable(url, f"HTTP {response.status}")
        body = await bounded(response, MOST_BYTES)
    return Refs(commits=dict(_named(body)))


def _named(body: bytes) -> Iterator[tuple[str, str]]:
    """The named commits. A server without git's own protocol gives plain lines, which are read as they are."""
    for line in _lines(body) if re.match(rb"[0-9a-f]{4}# service=", body) else body.splitlines():
        if (found := _NAMED.match(line)) is not None:
            yield found[2].decode(errors="replace").strip(), found[1].decode()


def _lines(body: bytes) -> Iterator[bytes]:
    """The pkt-lines: four hex digits of length, themselves included, then the line; 0000 only separates."""
    at = 0
    while at + 4 <= len(body):
        length = int(body[at : at + 4], 16)
        if length >= 4:
            yield body[at + 4 : at + length]
        at += max(length, 4)


def _unreachable(url: str, why: str, more: str = "") -> Refs:
    what = f"Git repository {url} could not be asked: {why}."
    advice = f"Next: check spec.data.dvc.repoURL and that it answers from inside the cluster{more}."
    return Refs(reason=FailureReason.REPOSITORY_UNREACHABLE, message=f"{what} {advice}")


def _denied(url: str, status: int) -> Refs:
    what = f"Git repository {url} asks for credentials (HTTP {status})."
    advice = (
        "Next: set spec.data.dvc.credentialsSecretRef to a Secret with GIT_USERNAME and GIT_PASSWORD that may read it."
    )
    return Refs(reason=FailureReason.CREDENTIALS_DENIED, message=f"{what} {advice}")


def _absent(revision: str, url: str, commits: Mapping[str, str]) -> Head:
    known = sorted({name.split("/", 2)[2].removesuffix(_PEELED) for name in commits})[:8]
    return Head(
        reason=FailureReason.REVISION_NOT_FOUND,
        message=(
            f"Git repository {url} has no tag or branch {revision!r}; it has {', '.join(known) or 'none'}."
            " Next: push the revision, or correct spec.data.dvc.revision."
        ),
    )
