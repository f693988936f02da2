"""Clones a git repository at one revision with the git program, and tells its many failures apart.

Credentials come from GIT_USERNAME and GIT_PASSWORD and reach git through an askpass program: never a URL, an argument,
a file with a secret in it, or a log line.
"""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sentiment_contract.training import FailureReason
from sentiment_trainer.addresses import without_credentials
from sentiment_trainer.failures import TrainingError

_ASKPASS = '#!/bin/sh\ncase "$1" in Username*) printf "%s" "$GIT_USERNAME";; *) printf "%s" "$GIT_PASSWORD";; esac\n'
# The repository on a mounted volume belongs to another user. Git takes this permission only from a configuration file:
# what is given by argument or environment does not reach the process that serves the clone.
_CONFIGURATION = (
    "[safe]\n\tdirectory = *\n[http]\n\tlowSpeedLimit = 1000\n\tlowSpeedTime = 30\n[advice]\n\tdetachedHead = false\n"
)
_DENIED = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|terminal prompts disabled"
    r"|returned error: 40[13]|access denied|invalid credentials",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_ADDRESS_LENGTH = 254
"""No mailbox has a longer address, and a record of a version has no room for one."""
_NAMES, _REFS = "--format=%(refname:lstrip=-1)", ("refs/remotes/origin", "refs/tags")


GitCall = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Checkout:
    """A working tree at one commit."""

    folder: Path
    commit: str
    author: str
    """E-mail address of who wrote the commit, in lower case; empty where git tells none."""


def environment_in(home: Path) -> dict[str, str]:
    """The environment for git and DVC with everything they write kept in `home`; made ready on the way."""
    home.mkdir(parents=True, exist_ok=True)
    askpass, configuration = home / "askpass", home / "gitconfig"
    askpass.write_text(_ASKPASS)
    askpass.chmod(0o700)
    configuration.write_text(_CONFIGURATION)
    return os.environ | {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(configuration),
        "GIT_ASKPASS": str(askpass),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file:http:https",
        "LC_ALL": "C.UTF-8",
    }


def clone(url: str, revision: str, folder: Path, environment: dict[str, str], timeout_seconds: int) -> Checkout:
    """Check out `revision` (commit, tag or branch) of the repository at `url` into `folder`.

    Raises RepositoryUnreachable, CredentialsDenied or RevisionNotFound.
    """

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            # Commits hold what people wrote, in whichever encoding.
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )

    shown = without_credentials(url)
    try:
        # Without blobs: the history of a repository may be far larger than the few .dvc files that are read.
        cloned = git("clone", "--quiet", "--no-checkout", "--filter=blob:none", "--", url, str(folder))
        if cloned.returncode != 0:
            raise _clone_failure(shown, cloned.stderr)
        commit = next(filter(None, (_resolve(git, folder, name) for name in _candidates(revision))), None)
        if commit is None:
            raise _no_revision(shown, revision, git("-C", str(folder), "for-each-ref", _NAMES, *_REFS).stdout)
        checked_out = git("-C", str(folder), "checkout", "--quiet", "--detach", commit)
        if checked_out.returncode != 0:
            raise _clone_failure(shown, checked_out.stderr)
        author = _author(git, folder, commit)
    except subprocess.TimeoutExpired as error:
        raise _clone_failure(shown, f"no answer within {timeout_seconds} s") from error
    return Checkout(folder, commit, author)


def _candidates(revision: str) -> list[str]:
    named = [f"refs/tags/{revision}", f"refs/remotes/origin/{revision}"]
    return [*named, revision] if re.fullmatch(r"[0-9a-f]{4,64}", revision) else named


def _resolve(git: GitCall, folder: Path, name: str) -> str | None:
    found = git("-C", str(folder), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return found.stdout.strip() if found.returncode == 0 else None


def _author(git: GitCall, folder: Path, commit: str) -> str:
    # Git takes anything for an address. What is none cannot be held against a user name, and is not kept.
    address = git("-C", str(folder), "show", "--no-patch", "--format=%ae", commit).stdout.strip().lower()
    is_one = len(address) <= _ADDRESS_LENGTH and address.isprintable() and _ADDRESS.fullmatch(address)
    return address if is_one else ""


def _clone_failure(shown: str, stderr: str) -> TrainingError:
    said = without_credentials(" ".join(stderr.split()))[-400:].rstrip(".")
    if _DENIED.search(stderr):
        return TrainingError(
            FailureReason.CREDENTIALS_DENIED,
            f"Git repository {shown} refused the credentials: {said}.",
            "set spec.data.dvc.credentialsSecretRef to a Secret with GIT_USERNAME and GIT_PASSWORD that may read it.",
        )
    return TrainingError(
        FailureReason.REPOSITORY_UNREACHABLE,
        f"Git repository {shown} could not be cloned: {said}.",
        "check spec.data.dvc.repoURL and that it answers from inside the cluster.",
    )


def _no_revision(shown: str, revision: str, known: str) -> TrainingError:
    names = sorted(set(known.split()) - {"HEAD"})[:8]
    return TrainingError(
        FailureReason.REVISION_NOT_FOUND,
        f"Git repository {shown} has no commit, tag or branch {revision!r}; it has {', '.join(names) or 'none'}.",
        "push the revision, or correct spec.data.dvc.revision.",
    )
