"""A real git and DVC repository with a remote beside it on a volume, made as a user makes one."""

import base64
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sentiment_contract.data import Data, DVCSource
from sentiment_contract.look_up import LookUpOrder
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Pin, Recipe
from sentiment_contract.training import FailureReason
from sentiment_trainer.data.dvc import fetch_dvc
from sentiment_trainer.data.files import identify
from sentiment_trainer.data.look_up import look_up
from sentiment_trainer.data.prepare import prepare
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.generate import write_csv
from sentiment_trainer.progress import Progress
from sentiment_trainer.settings import Settings


@dataclass(frozen=True)
class Volume:
    """A folder with `reviews` (git and DVC), `store` (the DVC remote), and the hashes of what was committed."""

    root: Path
    sha256: dict[str, str]
    commits: dict[str, str]


AUTHORS = {"v1": "Dana@Example.org", "v2": "colin@example.org"}
"""Who wrote what was committed; somebody else put it in."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Volume:
    root = tmp_path_factory.mktemp("volume")
    repository, data = root / "reviews", root / "reviews" / "data" / "train.csv"
    data.parent.mkdir(parents=True)
    environment = os.environ | {
        "HOME": str(root),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(root / "site"),
        "GIT_AUTHOR_NAME": "a",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }

    def call(*command: str) -> str:
        done = subprocess.run(command, cwd=repository, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def dvc(*arguments: str) -> None:
        call(sys.executable, "-m", "dvc", *arguments, "--quiet")

    call("git", "init", "--quiet", "--initial-branch=main", ".")
    dvc("init")
    # What two calls of `dvc remote add` write, without the two seconds they take.
    (repository / ".dvc" / "config").write_text(
        "[core]\n    remote = store\n['remote \"store\"']\n    url = ../../store\n"
        "['remote \"absent\"']\n    url = /nowhere/at/all\n"
    )
    (repository / "in_git.csv").write_text("review,sentiment\n")
    sha256: dict[str, str] = {}
    commits: dict[str, str] = {}
    for tag, rows in (("v1", 50), ("v2", 80)):
        write_csv(data, rows, seed=1)
        dvc("add", "data/train.csv")
        dvc("push")
        call("git", "add", "--all")
        call("git", "commit", "--quiet", "--message", tag, f"--author=a <{AUTHORS[tag]}>")
        call("git", "tag", tag)
        sha256[tag], commits[tag] = identify(data, "").sha256, call("git", "rev-parse", "HEAD")
    shutil.rmtree(repository / ".dvc" / "cache")
    return Volume(root, sha256, commits)


@pytest.fixture
def volume(original: Volume, tmp_path: Path) -> Volume:
    """A copy that a test may damage."""
    shutil.copytree(original.root, tmp_path / "copy")
    return replace(original, root=tmp_path / "copy")


@pytest.fixture
def fetch(settings: Settings, tmp_path: Path):
    """Fetches from a volume, into a folder of its own."""

    def call(volume: Volume, **source: str):
        given = {
            "repoURL": "file:///data/reviews",
            "revision": "main",
            "path": "data/train.csv",
            "volumeClaimName": "reviews",
        }
        return fetch_dvc(
            DVCSource.model_validate(given | source), replace(settings, data_root=volume.root), tmp_path / "folder"
        )

    return call


@pytest.mark.parametrize(
    ("revision", "version"), [("v1", "v1"), ("v2", "v2"), ("main", "v2")], ids=["a tag", "another tag", "a branch"]
)
def test_a_name_of_a_revision_gives_its_data_and_commit(revision: str, version: str, original: Volume, fetch) -> None:
    file = fetch(original, revision=revision)
    assert (file.sha256, file.git_commit) == (original.sha256[version], original.commits[version])


@pytest.mark.parametrize(("revision", "author"), [("v1", "dana@example.org"), ("main", "colin@example.org")])
def test_who_wrote_the_commit_is_told_by_their_address_in_lower_case(
    revision: str, author: str, original: Volume, fetch
) -> None:
    assert fetch(original, revision=revision).git_author == author


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"dana", id="a word"),
        pytest.param(b"dana at example.org", id="words"),
        pytest.param(b"dana@build@example.org", id="two at signs"),
        pytest.param(b"dana\x1b[2J@example.org", id="a control character"),
        pytest.param(b"d" * 243 + b"@example.org", id="longer than any"),
    ],
)
def test_what_is_no_address_is_not_told(address: bytes, volume: Volume, fetch) -> None:
    assert fetch(volume, revision=commit_by(address, volume)).git_author == ""


def test_the_longest_address_is_told(volume: Volume, fetch) -> None:
    address = "d" * 242 + "@example.org"
    assert fetch(volume, revision=commit_by(address.encode(), volume)).git_author == address


def test_an_author_in_another_encoding_stops_nothing(volume: Volume, fetch) -> None:
    file = fetch(volume, revision=commit_by("dän@example.org".encode("latin-1"), volume))
    assert file.git_author == "d\N{REPLACEMENT CHARACTER}n@example.org"


def commit_by(address: bytes, volume: Volume) -> str:
    """Names, on a branch, the content of `main` in a commit as no git would write it by itself."""
    repository = volume.root / "reviews"

    def git(*arguments: str, standard_input: bytes = b"") -> str:
        command = ["git", "-c", "safe.directory=*", *arguments]
        return (
            subprocess.run(command, cwd=repository, input=standard_input, check=True, capture_output=True)
            .stdout.decode()
            .strip()
        )

    tree = git("rev-parse", "main^{tree}").encode()
    people = b"author a <%s> 1700000000 +0000\ncommitter a <a@example.org> 1700000000 +0000\n" % address
    commit = git(
        "hash-object",
        "-t",
        "commit",
        "-w",
        "--stdin",
        "--literally",
        standard_input=b"tree %s\n%s\nodd\n" % (tree, people),
    )
    git("update-ref", "refs/heads/odd", commit)
    return "odd"


@pytest.mark.parametrize("digits", [40, 8])
def test_a_commit_may_be_named_whole_or_short(digits: int, original: Volume, fetch) -> None:
    assert fetch(original, revision=original.commits["v1"][:digits]).sha256 == original.sha256["v1"]


def test_a_recipe_that_was_looked_up_is_trained_from_its_commit_wherever_the_branch_is(
    original: Volume, settings: Settings, tmp_path: Path
) -> None:
    source = {"repoURL": "file:///data/reviews", "path": "data/train.csv", "volumeClaimName": "reviews"}
    data = {"dvc": source | {"revision": "main"}, "checks": {"minRows": 10}}
    order = {"namespace": "a", "model": "b", "source": source | {"revision": "v1"}}
    found = look_up(LookUpOrder.model_validate(order), replace(settings, data_root=original.root))
    assert found.commit == original.commits["v1"]
    recipe = Recipe(
        data=Data.model_validate(data),
        parameters=effective_parameters(Preset.FAST, Parameters()),
        pin=Pin(commit=found.commit, content=found.content),
    )
    prepared = prepare(recipe, replace(settings, data_root=original.root), tmp_path / "folder", Progress())
    assert (prepared.file.sha256, prepared.file.git_commit) == (original.sha256["v1"], original.commits["v1"])
    assert found.content == f"md5:{prepared.file.md5}"


def test_the_remote_may_be_named(original: Volume, fetch) -> None:
    assert fetch(original, remote="store").sha256 == original.sha256["v2"]


def test_a_file_in_git_itself_needs_no_remote(original: Volume, fetch) -> None:
    assert fetch(original, path="in_git.csv").size == len("review,sentiment\n")


def test_the_volume_is_only_read(original: Volume, fetch) -> None:
    def state() -> dict[Path, tuple[int, int, int]]:
        return {
            path: (stat.st_mtime_ns, stat.st_size, stat.st_mode)
            for path in original.root.rglob("*")
            for stat in [path.stat()]
        }

    before = state()
    fetch(original)
    assert state() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give the repository to another user")
def test_a_repository_of_another_user_is_read(volume: Volume, fetch) -> None:
    for path in [volume.root, *volume.root.rglob("*")]:
        os.chown(path, 12345, 12345)
    assert fetch(volume).sha256 == volume.sha256["v2"]


def _damage(volume: Volume) -> None:
    for path in (volume.root / "store").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_text("another content")
            path.chmod(0o444)


def _empty(volume: Volume) -> None:
    shutil.rmtree(volume.root / "store")


def _no_dvc(volume: Volume) -> None:
    subprocess.run(
        [
            "git",
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "-c",
            "safe.directory=*",
            "rm",
            "-rq",
            "--cached",
            ".dvc",
        ],
        cwd=volume.root / "reviews",
        check=True,
    )
    subprocess.run(
        [
            "git",
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "-c",
            "safe.directory=*",
            "commit",
            "-qm",
            "no DVC",
        ],
        cwd=volume.root / "reviews",
        check=True,
    )


BROKEN: dict[str, tuple[dict[str, str], Callable[[Volume], None] | None, FailureReason, str]] = {
    "the repository is not there": (
        {"repoURL": "file:///data/none"},
        None,
        FailureReason.REPOSITORY_UNREACHABLE,
        "/none could not be cloned",
    ),
    "nobody answers": (
        {"repoURL": "http://127.0.0.1:9/reviews.git"},
        None,
        FailureReason.REPOSITORY_UNREACHABLE,
        "127.0.0.1",
    ),
    "the revision is unknown": (
        {"revision": "v9"},
        None,
        FailureReason.REVISION_NOT_FOUND,
        "'v9'; it has main, v1, v2",
    ),
    "the commit is unknown": (
        {"revision": "0123456789abcdef"},
        None,
        FailureReason.REVISION_NOT_FOUND,
        "0123456789abcdef",
    ),
    "the path is not tracked": (
        {"path": "data/none.csv"},
        None,
        FailureReason.DATA_NOT_FOUND,
        "data/none.csv at revision main",
    ),
    "the remote is unknown": ({"remote": "none"}, None, FailureReason.DATA_UNREACHABLE, "spec.data.dvc.remote"),
    "the remote is away": ({"remote": "absent"}, None, FailureReason.DATA_UNREACHABLE, "dvc push"),
    "the remote has lost the file": ({}, _empty, FailureReason.DATA_UNREACHABLE, "dvc push"),
    "the remote holds another content": ({}, _damage, FailureReason.DATA_HASH_MISMATCH, "its .dvc file says"),
    "the repository knows no DVC": ({}, _no_dvc, FailureReason.DATA_NOT_FOUND, "not a DVC repository"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_source_is_named_when(case: str, volume: Volume, fetch) -> None:
    source, damage, reason, told = BROKEN[case]
    if damage is not None:
        damage(volume)
    with pytest.raises(TrainingError) as raised:
        fetch(volume, **source)
    assert raised.value.reason is reason
    assert told in raised.value.message
    assert " Next: " in raised.value.message


class _Guarded(http.server.BaseHTTPRequestHandler):
    """A git server that lets nobody in, and remembers with which credentials they tried."""

    seen: list[str]

    def do_GET(self) -> None:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            self.seen.append(base64.b64decode(given).decode())
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is http.server's
        del format, args


@pytest.fixture
def guarded() -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Guarded,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/reviews.git", seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_denied_credentials_are_named_and_never_shown(
    guarded: tuple[str, list[str]], original: Volume, fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, seen = guarded
    monkeypatch.setenv("GIT_USERNAME", "robot")
    monkeypatch.setenv("GIT_PASSWORD", "s3cret word's $HOME")
    with pytest.raises(TrainingError) as raised:
        fetch(original, repoURL=address)
    assert raised.value.reason is FailureReason.CREDENTIALS_DENIED
    assert set(seen) == {"robot:s3cret word's $HOME"}
    assert "s3cret" not in raised.value.message


def test_missing_credentials_are_denied_without_a_question(
    guarded: tuple[str, list[str]], original: Volume, fetch
) -> None:
    with pytest.raises(TrainingError, match="credentialsSecretRef") as raised:
        fetch(original, repoURL=guarded[0])
    assert raised.value.reason is FailureReason.CREDENTIALS_DENIED


def test_credentials_within_an_address_are_not_repeated(
    guarded: tuple[str, list[str]], original: Volume, fetch
) -> None:
    with pytest.raises(TrainingError) as raised:
        fetch(original, repoURL=guarded[0].replace("http://", "http://robot:hidden@"))
    assert "hidden" not in raised.value.message
