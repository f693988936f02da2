"""Where DVC keeps the bytes: an object store with a login, a server over http, and kinds that the trainer cannot read."""

import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sentiment_contract.data import DVCSource
from sentiment_contract.training import FailureReason, Fault, fault_of
from sentiment_trainer.data.dvc import fetch_dvc
from sentiment_trainer.data.files import FetchedFile, identify
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.generate import write_csv
from sentiment_trainer.settings import Settings
from tests.support.s3_server import KEY_ID, SECRET, S3Server, s3_server

FILE = "data/train.csv"


@dataclass(frozen=True)
class Repository:
    """A git repository on a volume with one file that DVC tracks, and nothing in its cache but that file."""

    volume: Path
    home: Path

    @property
    def folder(self) -> Path:
        return self.volume / "reviews"

    def call(self, *command: str, **variables: str) -> None:
        environment = {**os.environ, "HOME": str(self.home), "DVC_NO_ANALYTICS": "1", **variables}
        subprocess.run(command, cwd=self.folder, env=environment, check=True, capture_output=True, text=True)

    def dvc(self, *arguments: str, **variables: str) -> None:
        self.call(sys.executable, "-m", "dvc", *arguments, "--quiet", **variables)

    def name_remote(self, url: str, *options: str) -> None:
        """Make this the default remote, and commit."""
        lines = ["[core]", "remote = far", "['remote \"far\"']", f"url = {url}", *options]
        (self.folder / ".dvc" / "config").write_text("\n".join(lines) + "\n")
        self.call("git", "add", "--all")
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        self.call("git", *who, "commit", "--quiet", "--message", "a remote")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    root = tmp_path_factory.mktemp("remotes")
    repository = Repository(root / "volume", root / "home")
    (repository.folder / "data").mkdir(parents=True)
    repository.home.mkdir()
    repository.call("git", "init", "--quiet", "--initial-branch=main", ".")
    repository.dvc("init")
    write_csv(repository.folder / FILE, 50, seed=1)
    repository.dvc("add", FILE)
    return repository


@pytest.fixture
def repository(original: Repository, tmp_path: Path) -> Repository:
    shutil.copytree(original.volume, tmp_path / "copy", symlinks=True)
    return replace(original, volume=tmp_path / "copy")


@pytest.fixture
def store(repository: Repository) -> Iterator[S3Server]:
    """An object store that the file was pushed to."""
    with s3_server() as server:
        repository.name_remote("s3://reviews/of-films", f"endpointurl = {server.url}", "region = eu-central-1")
        repository.dvc("push", AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET)
        yield server


@pytest.fixture
def fetch(repository: Repository, settings: Settings, tmp_path: Path):
    def call() -> FetchedFile:
        source = DVCSource(repo_url="file:///data/reviews", revision="main", path=FILE, volume_claim_name="reviews")
        return fetch_dvc(source, replace(settings, data_root=repository.volume), tmp_path / "folder")

    return call


@pytest.fixture(autouse=True)
def _nobody_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a pod: no instance of a cloud whose role could be taken."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_file_in_s3_is_fetched_with_the_keys_of_the_environment(
    repository: Repository, store: S3Server, fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    [kept] = store.objects
    assert kept.startswith("reviews/of-films/files/md5/")
    assert fetch().sha256 == identify(repository.folder / FILE, "").sha256


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": "an old s3cret"},
        {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": SECRET},
    ],
    ids=["no keys", "another secret", "another key"],
)
@pytest.mark.usefixtures("store")
def test_s3_lets_nobody_in_without_the_right_keys(
    given: dict[str, str], fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TrainingError, match="credentialsSecretRef") as raised:
        fetch()
    assert raised.value.reason is FailureReason.CREDENTIALS_DENIED
    assert "s3cret" not in raised.value.message


@pytest.mark.parametrize("url", ["gs://reviews/films", "azure://reviews/films", "ssh://host/films", "ftp://host/films"])
def test_a_remote_of_another_kind_is_final_and_says_which_there_are(url: str, repository: Repository, fetch) -> None:
    repository.name_remote(url)
    with pytest.raises(TrainingError, match="S3, over http and https, and in a folder") as raised:
        fetch()
    assert fault_of(raised.value.reason) is Fault.DATA
    assert url.partition("://")[0] in raised.value.message
    assert "spec.data.dvc.remote" in raised.value.message


class _Guarded(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815  the names are http.server's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is http.server's
        del format, args


@pytest.fixture
def guarded() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Guarded)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/films"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_remote_over_http_that_asks_for_a_login_is_told_of(guarded: str, repository: Repository, fetch) -> None:
    repository.name_remote(guarded)
    with pytest.raises(TrainingError, match="asks for no login if it is read over http"):
        fetch()
