"""Chooses the reviews of the demo: a given file, the real set if it is at hand or can be fetched, else made-up ones."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from demo.target import ROOT
from local_cluster.console import ClusterError, say
from local_cluster.settings import cache_directory

NEARBY = ROOT.parent / "shared" / "data" / "imdb50k.parquet"
ARCHIVE = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
ARCHIVE_SHA256 = "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"
GENERATED_ROWS = 30_000
SUFFIXES = (".csv", ".parquet", ".tar.gz")


@dataclass(frozen=True, slots=True)
class Reviews:
    """Where the reviews come from."""

    file: Path | None
    """A CSV, parquet or the authors' archive; None: they are generated."""
    description: str

    def fingerprint(self) -> str:
        """What two sources of the same reviews have in common, whatever they are called."""
        if self.file is None:
            return f"generator:{GENERATED_ROWS}"
        with self.file.open("rb") as content:
            return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def choose() -> Reviews:
    """The first that can be had: DATA, the real file nearby, the authors' archive, the generator."""
    if given := os.environ.get("DATA"):
        return _given(Path(given))
    if NEARBY.is_file():
        return Reviews(NEARBY, "the Large Movie Review Dataset (Maas et al., ACL 2011), found nearby")
    try:
        return Reviews(_downloaded(), "the Large Movie Review Dataset (Maas et al., ACL 2011), from its authors")
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        say(f"  the authors' archive cannot be reached ({error}): the reviews are MADE UP by a seeded generator")
        say("  Next, for real figures: DATA=<the Kaggle CSV, the authors' aclImdb_v1.tar.gz, or parquet> make demo")
        return Reviews(None, f"{GENERATED_ROWS} made-up reviews from a seeded generator")


def _given(file: Path) -> Reviews:
    if not file.is_file():
        raise ClusterError(f"DATA={file} is no file. Next: give the path of a CSV, a parquet file or aclImdb_v1.tar.gz")
    if not file.name.endswith(SUFFIXES):
        raise ClusterError(f"DATA={file} ends in none of {', '.join(SUFFIXES)}. Next: rename or convert it")
    return Reviews(file, f"your file {file.name}")


def _downloaded() -> Path:
    file = cache_directory() / "data" / "aclImdb_v1.tar.gz"
    if file.is_file():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    partial, digest = file.with_suffix(".partial"), hashlib.sha256()
    with urllib.request.urlopen(ARCHIVE, timeout=15) as response, partial.open("wb") as target:
        size, done, told = int(response.headers.get("Content-Length") or 0), 0, -10
        while block := response.read(1 << 20):
            target.write(block)
            digest.update(block)
            done += len(block)
            percent = done * 100 // size if size else 0
            if percent >= told + 10:
                told = percent
                say(f"    download {percent:3} % of {size >> 20} MiB")
    if done < size:
        raise ConnectionError(f"it broke off after {done} of {size} bytes")
    if digest.hexdigest() != ARCHIVE_SHA256:
        partial.unlink()
        raise ClusterError(
            f"{ARCHIVE} is not the file it was: sha256 {digest.hexdigest()}. Next: give your own with DATA=<file>"
        )
    partial.rename(file)
    return file
