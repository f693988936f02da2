"""What a real git server says of its branches, and what is said of one that says something else."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from sentiment_contract.training import FailureReason
from sentiment_operator.facts.observed import Head
from sentiment_operator.git.git_server import MOST_BYTES, Refs, refs
from tests.support.git_server import GitServer, git_server
from tests.support.ports import free_port


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[GitServer]:
    with git_server(tmp_path) as server:
        yield server


def asked(url: str) -> Refs:
    async def ask() -> Refs:
        async with aiohttp.ClientSession() as session:
            return await refs(session, url)

    return asyncio.run(ask())


def test_a_branch_is_told_as_it_is_pushed(repository: GitServer) -> None:
    for content in "ab":
        commit = repository.push_data(content)
        assert asked(repository.url).head("main", repository.url) == Head(commit=commit)


def test_an_annotated_tag_is_told_by_its_commit_and_comes_before_a_branch(repository: GitServer) -> None:
    commit = repository.push({"a": "a"}, tag="v1")
    repository.push({"a": "b"})
    assert asked(repository.url).head("v1", repository.url) == Head(commit=commit)


def test_one_request_is_all_it_takes(repository: GitServer) -> None:
    repository.push_data("a")
    asked(repository.url)
    assert repository.asked == ["/reviews.git/info/refs?service=git-upload-pack"]


def test_a_branch_that_is_not_there_is_told_with_those_that_are(repository: GitServer) -> None:
    repository.push({"a": "a"}, tag="v1")
    head = asked(repository.url).head("gone", repository.url)
    assert head.reason == FailureReason.REVISION_NOT_FOUND
    assert "it has main, v1." in head.message


def test_an_empty_repository_has_no_branch(repository: GitServer) -> None:
    assert asked(repository.url).head("main", repository.url).reason == FailureReason.REVISION_NOT_FOUND


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, FailureReason.CREDENTIALS_DENIED),
        (403, FailureReason.CREDENTIALS_DENIED),
        (404, FailureReason.REPOSITORY_UNREACHABLE),
        (500, FailureReason.REPOSITORY_UNREACHABLE),
    ],
)
def test_a_server_that_declines_is_told_with_a_next_step(status: int, reason: str, repository: GitServer) -> None:
    repository.status = status
    said = asked(repository.url)
    assert (said.reason, said.message.count("Next:")) == (reason, 1)
    assert "gitPorts" not in said.message, "whoever answers can be reached"


def test_nobody_there_is_told() -> None:
    said = asked(f"http://127.0.0.1:{free_port()}/reviews.git")
    assert said.reason == FailureReason.REPOSITORY_UNREACHABLE
    assert "and that its port is in the chart's networkPolicy.gitPorts" in said.message


def answered(body: bytes) -> Refs:
    """What is made of a server that answers this."""

    async def ask() -> Refs:
        application = web.Application()
        application.router.add_get("/r/info/refs", _responding(body))
        runner = web.AppRunner(application)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            async with aiohttp.ClientSession() as session:
                return await refs(session, f"http://127.0.0.1:{port}/r")
        finally:
            await runner.cleanup()

    return asyncio.run(ask())


def _responding(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(body=body)

    return respond


def test_a_server_of_plain_files_is_understood() -> None:
    body = b"a" * 40 + b"\trefs/heads/main\n" + b"b" * 40 + b"\trefs/pull/1/head\n"
    assert answered(body).commits == {"refs/heads/main": "a" * 40}


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>secret</html>", b"001e# service=git-upload-pack\nzzzz", b"\xff" * 100],
    ids=["nothing", "a page", "broken lengths", "bytes"],
)
def test_what_is_no_answer_of_a_git_server_is_neither_an_error_nor_quoted(body: bytes) -> None:
    head = answered(body).head("main", "http://git.example.com/r")
    assert head.reason
    assert "secret" not in head.message


def test_an_answer_without_an_end_is_cut_off() -> None:
    assert answered(b"x" * (MOST_BYTES + 1)).reason == FailureReason.REPOSITORY_UNREACHABLE
