"""Calls of the large forges are taken, all others are not, and nobody learns anything from the answer."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from sentiment_operator.git.hooks import MOST_BYTES, PATH, Hooks, addresses, is_signed
from tests.support.ports import free_port

SECRET = b"it's a secret"
URL = "https://git.example.com/film/reviews.git"
GITHUB = {"ref": "refs/heads/main", "repository": {"clone_url": URL, "ssh_url": "git@git.example.com:film/reviews.git"}}
GITLAB = {"object_kind": "push", "project": {"git_http_url": URL}}
GITEA = {"repository": {"clone_url": URL, "owner": {"avatar_url": "https://git.example.com/a.png"}}}
BITBUCKET = {"repository": {"links": {"html": {"href": "https://git.example.com/film/reviews"}}}}
BITBUCKET_SERVER = {"repository": {"links": {"clone": [{"href": URL, "name": "http"}]}}}


def signature(body: bytes, secret: bytes = SECRET) -> str:
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


BODY = json.dumps(GITHUB).encode()
SIGNED = {
    "GitHub": {"X-Hub-Signature-256": f"sha256={signature(BODY)}"},
    "GitLab": {"X-Gitlab-Token": SECRET.decode()},
    "Gitea": {"X-Gitea-Signature": signature(BODY)},
    "Forgejo": {"X-Forgejo-Signature": signature(BODY)},
    "Bitbucket": {"X-Hub-Signature": f"sha256={signature(BODY)}"},
    "GitHub, which also sends the old one": {
        "X-Hub-Signature": f"sha1={hmac.new(SECRET, BODY, hashlib.sha1).hexdigest()}",
        "X-Hub-Signature-256": f"sha256={signature(BODY)}",
    },
}
UNSIGNED = {
    "nothing": {},
    "an empty signature": {"X-Hub-Signature-256": ""},
    "an empty digest": {"X-Hub-Signature-256": "sha256="},
    "another secret": {"X-Hub-Signature-256": f"sha256={signature(BODY, b'guess')}"},
    "a digest that does not say of which kind": {"X-Hub-Signature-256": signature(BODY)},
    "another body": {"X-Gitea-Signature": signature(b"{}")},
    "an old digest": {"X-Hub-Signature": f"sha1={hmac.new(SECRET, BODY, hashlib.sha1).hexdigest()}"},
    "another token": {"X-Gitlab-Token": "guess"},
    "an empty token": {"X-Gitlab-Token": ""},
    "letters that are no digits": {"X-Gitea-Signature": "é" * 64},
    "a wrong signature beside a token": {"X-Gitea-Signature": "0" * 64, "X-Gitlab-Token": SECRET.decode()},
}


@pytest.mark.parametrize("headers", SIGNED.values(), ids=SIGNED.keys())
def test_what_a_forge_signed_is_taken(headers: dict[str, str]) -> None:
    assert is_signed(headers, BODY, SECRET)


@pytest.mark.parametrize("headers", UNSIGNED.values(), ids=UNSIGNED.keys())
def test_what_nobody_signed_is_not(headers: dict[str, str]) -> None:
    assert not is_signed(headers, BODY, SECRET)


@pytest.mark.parametrize("headers", [*SIGNED.values(), {"X-Gitlab-Token": ""}])
def test_without_a_secret_nothing_is_signed(headers: dict[str, str]) -> None:
    assert not is_signed(headers, BODY, b"")


@pytest.mark.parametrize("payload", [GITHUB, GITLAB, GITEA, BITBUCKET_SERVER])
def test_the_repository_is_found_in_the_call_of_every_forge(payload: object) -> None:
    assert URL in addresses(json.dumps(payload).encode())


def test_bitbucket_names_its_page() -> None:
    assert addresses(json.dumps(BITBUCKET).encode()) == {"https://git.example.com/film/reviews"}


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"5", b"[" * 100_000, b"\xff"])
def test_what_is_no_call_of_a_forge_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError):
        addresses(body)


@dataclass
class Listener:
    """A server that listens, and what it told of."""

    url: str
    hooks: Hooks
    secret: Path
    leads: bool = True
    told: list[set[str]] = field(default_factory=list[set[str]])

    async def call(self, body: bytes, headers: dict[str, str]) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=body, headers=headers) as response,
        ):
            assert URL not in await response.text()
            return response.status


@pytest.fixture
async def listener(tmp_path: Path) -> AsyncIterator[Listener]:
    secret, port = tmp_path / "secret", free_port()
    secret.write_bytes(SECRET + b"\n")
    hooks = Hooks(secret, lambda: found.leads, lambda urls: found.told.append(urls) or 1, pause=3600)
    found = Listener(f"http://127.0.0.1:{port}{PATH}", hooks, secret)
    runner = await hooks.serve(port)
    yield found
    await runner.cleanup()


async def test_a_signed_call_is_passed_on_and_answered_alike_whether_or_not_anybody_follows(listener: Listener) -> None:
    assert await listener.call(BODY, SIGNED["GitHub"]) == 202
    assert listener.told == [{URL, "git@git.example.com:film/reviews.git"}]
    other = json.dumps({"repository": {}}).encode()
    assert await listener.call(other, {"X-Gitea-Signature": signature(other)}) == 202


async def test_an_unsigned_call_comes_to_nothing(listener: Listener) -> None:
    assert await listener.call(BODY, {}) == 401
    assert listener.told == []


async def test_a_renewed_secret_counts_at_once_and_a_lost_one_lets_nobody_in(listener: Listener) -> None:
    listener.secret.write_text("another")
    assert await listener.call(BODY, SIGNED["GitLab"]) == 401
    listener.secret.unlink()
    assert await listener.call(BODY, {"X-Gitlab-Token": ""}) == 401


async def test_a_body_without_measure_is_refused(listener: Listener) -> None:
    assert await listener.call(b"x" * (MOST_BYTES + 1), {"X-Gitlab-Token": SECRET.decode()}) == 413


async def test_a_push_of_many_commits_is_taken(listener: Listener) -> None:
    large = json.dumps(GITHUB | {"commits": ["x" * 1000] * 2500}).encode()
    assert await listener.call(large, {"X-Gitea-Signature": signature(large)}) == 202


async def test_a_signed_call_that_makes_no_sense_is_refused(listener: Listener) -> None:
    assert await listener.call(b"[]", {"X-Gitlab-Token": SECRET.decode()}) == 400


async def test_a_replica_that_only_waits_says_so(listener: Listener) -> None:
    listener.leads = False
    assert await listener.call(BODY, SIGNED["GitHub"]) == 503


async def test_many_calls_lead_to_few_looks_and_none_is_lost(listener: Listener) -> None:
    await listener.call(BODY, SIGNED["GitHub"])
    other = json.dumps({"project": {"git_http_url": "https://git.example.com/other"}}).encode()
    for _ in range(20):
        assert await listener.call(other, SIGNED["GitLab"]) == 202
    assert len(listener.told) == 1
    listener.hooks._pass_on()
    assert listener.told[1:] == [{"https://git.example.com/other"}]
    await asyncio.sleep(0)
