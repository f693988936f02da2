"""Which reviews are taken, in which order, and what is said when they cannot be had."""

import hashlib
import io
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

import pytest

from demo import data
from demo.data import Reviews, choose
from local_cluster.console import ClusterError

ARCHIVE = b"the authors' archive" * 1000


class Network:
    """Stands in for the authors' server."""

    def __init__(self) -> None:
        self.asked = 0
        self.content = ARCHIVE
        self.length = len(ARCHIVE)
        self.fault: Exception | None = None

    def open(self, url: str, timeout: float) -> "Response":
        self.asked += 1
        assert url == data.ARCHIVE
        if self.fault:
            raise self.fault
        return Response(self.content, self.length)


class Response(io.BytesIO):
    """What urlopen answers."""

    def __init__(self, content: bytes, length: int) -> None:
        super().__init__(content)
        self.headers = Message()
        self.headers["Content-Length"] = str(length)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    played = Network()
    monkeypatch.setattr(urllib.request, "urlopen", played.open)
    monkeypatch.setattr(data, "ARCHIVE_SHA256", hashlib.sha256(ARCHIVE).hexdigest())
    return played


@pytest.fixture(autouse=True)
def nearby(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the real file would be; it is not."""
    monkeypatch.setattr(data, "NEARBY", tmp_path / "imdb50k.parquet")
    return tmp_path / "imdb50k.parquet"


@pytest.mark.parametrize("name", ["mine.csv", "mine.parquet", "aclImdb_v1.tar.gz"])
def test_a_given_file_comes_first(
    monkeypatch: pytest.MonkeyPatch, network: Network, nearby: Path, tmp_path: Path, name: str
) -> None:
    nearby.touch()
    (tmp_path / name).touch()
    monkeypatch.setenv("DATA", str(tmp_path / name))
    assert choose() == Reviews(tmp_path / name, f"your file {name}")
    assert network.asked == 0


def test_a_given_file_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch, nearby: Path) -> None:
    nearby.touch()
    monkeypatch.setenv("DATA", "/no/such.csv")
    with pytest.raises(ClusterError, match=r"DATA=/no/such\.csv is no file\. Next: "):
        choose()


def test_a_given_file_of_another_format_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.xlsx").touch()
    monkeypatch.setenv("DATA", str(tmp_path / "mine.xlsx"))
    with pytest.raises(ClusterError, match=r"ends in none of \.csv, \.parquet, \.tar\.gz\. Next: "):
        choose()


def test_the_file_nearby_comes_before_the_download(network: Network, nearby: Path) -> None:
    nearby.touch()
    assert choose().file == nearby
    assert network.asked == 0


def test_the_archive_is_downloaded_once(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    file = choose().file
    assert file is not None
    assert file.read_bytes() == ARCHIVE
    assert "download 100 %" in capsys.readouterr().err
    assert choose().file == file
    assert network.asked == 1


def test_an_archive_with_another_checksum_is_refused_and_not_kept(network: Network) -> None:
    network.content = ARCHIVE[:-1] + b"!"
    for _ in range(2):
        with pytest.raises(ClusterError, match=r"not the file it was: sha256 \w{64}\. Next: .*DATA"):
            choose()
    assert network.asked == 2


@pytest.mark.parametrize(
    "fault", [urllib.error.URLError("no route"), TimeoutError("too slow"), ConnectionResetError("cut")], ids=repr
)
def test_offline_the_reviews_are_made_up_and_it_says_so(
    network: Network, capsys: pytest.CaptureFixture[str], fault: Exception
) -> None:
    network.fault = fault
    assert choose() == Reviews(None, "30000 made-up reviews from a seeded generator")
    told = capsys.readouterr().err
    assert "MADE UP" in told
    assert "Next, for real figures: DATA=" in told


def test_a_download_that_breaks_off_is_told_as_such(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    network.content = ARCHIVE[:5000]
    assert choose().file is None
    assert f"broke off after 5000 of {len(ARCHIVE)} bytes" in capsys.readouterr().err
    network.content = ARCHIVE
    assert choose().file is not None


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    for name, content in {"a.csv": "1", "b.csv": "1", "c.csv": "2"}.items():
        (tmp_path / name).write_text(content)
    one, same, other = (Reviews(tmp_path / name, name).fingerprint() for name in ("a.csv", "b.csv", "c.csv"))
    assert one == same != other
    assert Reviews(None, "x").fingerprint() == Reviews(None, "y").fingerprint() not in (one, other)
