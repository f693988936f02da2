"""Fetches a file that DVC tracks: git for the pointer, DVC for the bytes.

DVC runs as a program of its own, with its home, caches and configuration in the scratch folder, so that neither the
read-only volume nor the rest of this process is touched.
"""

import configparser
import subprocess
import sys
from pathlib import Path

import yaml

from sentiment_contract.data import DVCSource
from sentiment_contract.training import FailureReason
from sentiment_trainer.data.files import FetchedFile, identify, path_inside
from sentiment_trainer.data.git import Checkout, clone, environment_in
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.settings import MOUNT, Settings

_PUSH_AGAIN = "run `dvc push` again from a machine with the right file."
_NOISE = ("WARNING: failed to collect", "Having any troubles?")
_OTHER_KIND = ("is supported, but requires", "unsupported url type")
_DENIED = ("credential", "forbidden", "access denied", "unauthorized", "permission")


def fetch_dvc(source: DVCSource, settings: Settings, folder: Path) -> FetchedFile:
    """The tracked file at the revision, with the commit that the revision meant and who wrote it.

    Raises RepositoryUnreachable, RevisionNotFound, CredentialsDenied, DataNotFound, DataUnreachable, DataHashMismatch.
    """
    environment = environment_in(folder / "home")
    url = on_this_machine(source.repo_url, settings.data_root)
    checkout = clone(url, source.revision, folder / "repository", environment, settings.fetch_timeout_seconds)
    called = f"File {source.path} at revision {source.revision} (commit {checkout.commit[:12]})"
    path = path_inside(checkout.folder, source.path, called)
    # A small file may lie in git itself; then there is nothing to pull.
    if not path.is_file():
        _configure(checkout, source.remote, url)
        _pull(checkout, source, called, environment, settings.fetch_timeout_seconds)
    file = identify(path_inside(checkout.folder, source.path, called), called, checkout.commit, checkout.author)
    _require_tracked_content(file, checkout.folder / f"{source.path}.dvc")
    return file


def on_this_machine(url: str, data_root: Path) -> str:
    """The repository's address, with the volume where it is mounted here."""
    volume = f"file://{MOUNT}/"
    return f"file://{data_root}/{url.removeprefix(volume)}" if url.startswith(volume) else url


def _configure(checkout: Checkout, remote: str | None, url: str) -> None:
    """Write .dvc/config.local: quiet, and a relative local remote seen from where the repository really is."""
    committed = _read(checkout.folder / ".dvc" / "config")
    name = remote or committed.get("core", "remote", fallback="").strip("\"' ")
    section = f"'remote \"{name}\"'"
    local = configparser.RawConfigParser()
    local["core"] = {"analytics": "false", "check_update": "false", "autostage": "false"}
    # Linking saves a second copy in the working tree where the file system can.
    local["cache"] = {"type": "reflink,hardlink,copy"}
    location = committed.get(section, "url", fallback="")
    if url.startswith("file://") and location and "://" not in location and not location.startswith("/"):
        local[section] = {"url": str((Path(url.removeprefix("file://")) / ".dvc" / location).resolve())}
    with (checkout.folder / ".dvc" / "config.local").open("w") as file:
        local.write(file)


def _read(path: Path) -> configparser.RawConfigParser:
    parsed = configparser.RawConfigParser(strict=False)
    if not path.is_file():
        raise TrainingError(
            FailureReason.DATA_NOT_FOUND,
            "The git repository holds no .dvc folder at this revision: it is not a DVC repository.",
            "name a revision after `dvc init`, or commit the file to git itself.",
        )
    parsed.read(path, encoding="utf-8")
    return parsed


def _require_tracked_content(file: FetchedFile, pointer: Path) -> None:
    # DVC trusts a write-protected file in a remote to hold what its name says.
    # Only pointers of DVC 3 name the plain MD5 of the bytes; older ones normalise line ends first.
    if not pointer.is_file():
        return
    outputs = yaml.safe_load(pointer.read_text(encoding="utf-8")).get("outs", [])
    expected = {output.get("md5") for output in outputs if output.get("hash") == "md5"}
    if expected and file.md5 not in expected:
        raise TrainingError(
            FailureReason.DATA_HASH_MISMATCH,
            f"{file.called} has md5 {file.md5}, its .dvc file says {', '.join(map(str, expected))}: the remote holds"
            " another content.",
            _PUSH_AGAIN,
        )


def _pull(
    checkout: Checkout, source: DVCSource, called: str, environment: dict[str, str], timeout_seconds: int
) -> None:
    home = Path(environment["HOME"])
    places = {"DVC_SITE_CACHE_DIR": "site", "DVC_GLOBAL_CONFIG_DIR": "global", "DVC_SYSTEM_CONFIG_DIR": "system"}
    environment = environment | {name: str(home / place) for name, place in places.items()} | {"DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-m", "dvc", "pull", *(["--remote", source.remote] if source.remote else [])]
    try:
        pulled = subprocess.run(
            [*command, "--", source.path],
            cwd=checkout.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _unreachable(called, f"no end within {timeout_seconds} s") from error
    if pulled.returncode != 0 or not path_inside(checkout.folder, source.path, called).is_file():
        raise _pull_failure(called, pulled.stderr, source)


def _pull_failure(called: str, stderr: str, source: DVCSource) -> TrainingError:
    lines = [line.removeprefix("ERROR:").strip() for line in stderr.splitlines()]
    said = " ".join(line for line in lines if line and not line.startswith(_NOISE))[-500:].rstrip(".")
    lowered = said.lower()
    if any(sign in lowered for sign in _OTHER_KIND):
        return TrainingError(
            FailureReason.DATA_NOT_FOUND,
            f"{called} lies in a DVC remote of a kind that this trainer cannot read: {said}. It reads remotes in S3, over http"
            " and https, and in a folder of the volume.",
            "push the data to such a remote and name that in spec.data.dvc.remote, or build a trainer with the package that"
            " DVC asks for and name it in spec.training.trainer.",
        )
    if any(
        sign in lowered for sign in ("does not exist as an output", "no such file or directory", "not found in repo")
    ):
        return TrainingError(
            FailureReason.DATA_NOT_FOUND,
            f"{called} is not tracked there: {said}.",
            "correct spec.data.dvc.path, or `dvc add` the file and push the .dvc file.",
        )
    if any(sign in lowered for sign in _DENIED):
        return TrainingError(
            FailureReason.CREDENTIALS_DENIED,
            f"{called} may not be read from the DVC remote: {said}.",
            "put the remote's credentials into the Secret of spec.data.dvc.credentialsSecretRef.",
        )
    if "read-only file system" in lowered:
        # DVC removes what it finds damaged, even from a remote, and the volume does not let it.
        return TrainingError(
            FailureReason.DATA_HASH_MISMATCH, f"{called} is damaged in the DVC remote: {said}.", _PUSH_AGAIN
        )
    if source.remote and "remote" in lowered and ("not found" in lowered or "doesn't exist" in lowered):
        return _unreachable(called, said, "correct spec.data.dvc.remote.")
    return _unreachable(called, said)


def _unreachable(
    called: str,
    said: str,
    # DVC takes a remote over http that asks for a login for one that is empty.
    advice: str = "check the DVC remote, that `dvc push` was run for it, and that it asks for no login if it is read over http.",
) -> TrainingError:
    return TrainingError(
        FailureReason.DATA_UNREACHABLE, f"{called} could not be pulled from the DVC remote: {said}.", advice
    )
