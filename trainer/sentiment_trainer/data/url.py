"""Downloads the data file over http or https: bounded in size, time and number of attempts."""

import http.client
import logging
import time
import urllib.error
import urllib.request
from pathlib import Path

from sentiment_contract.data import URLSource
from sentiment_contract.training import FailureReason
from sentiment_trainer.addresses import without_secrets
from sentiment_trainer.data.files import BLOCK, FetchedFile, identify, require_hash
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.settings import Settings

log = logging.getLogger(__name__)

PAUSES_SECONDS = (1, 2, 4, 8)
SOCKET_TIMEOUT_SECONDS = 30


class _PassingError(Exception):
    """A fault that another attempt may not meet."""


def fetch_url(source: URLSource, settings: Settings, folder: Path) -> FetchedFile:
    """Download into `folder` and compare with the pinned hash.

    Raises DataNotFound, CredentialsDenied, DataUnreachable, DataCheckFailed (too large) or DataHashMismatch.
    """
    called = f"File {without_secrets(source.href)}"
    target = folder / "download"
    deadline = time.monotonic() + settings.fetch_timeout_seconds
    for pause in (*PAUSES_SECONDS, None):
        try:
            _download(source.href, called, target, settings.max_data_bytes, deadline)
            return require_hash(identify(target, called), source.sha256, "spec.data.url.sha256")
        except _PassingError as fault:
            if pause is None or time.monotonic() + pause > deadline:
                raise TrainingError(
                    FailureReason.DATA_UNREACHABLE,
                    f"{called} could not be downloaded: {fault}.",
                    "check that the address answers from inside the cluster.",
                ) from fault
            log.warning("%s: %s; again in %d s", called, fault, pause)
            time.sleep(pause)
    raise AssertionError("unreachable: the last pause is None")


def _download(href: str, called: str, target: Path, limit: int, deadline: float) -> None:
    # The recipe allows http and https only, and urllib follows no redirect to a local file.
    request = urllib.request.Request(href, headers={"User-Agent": "sentiment-train"})
    try:
        with (
            urllib.request.urlopen(request, timeout=SOCKET_TIMEOUT_SECONDS) as answer,
            target.open("wb") as file,
        ):
            while block := answer.read(BLOCK):
                file.write(block)
                if file.tell() > limit:
                    raise _too_large(called, limit)
                if time.monotonic() > deadline:
                    raise _PassingError("the download takes too long")
            if answer.length:
                raise _PassingError("the connection broke before the end of the file")
    except urllib.error.HTTPError as error:
        raise _refusal(called, error.code) from error
    except (OSError, http.client.HTTPException) as error:
        raise _PassingError(str(getattr(error, "reason", None) or error or type(error).__name__)) from error


def _refusal(called: str, code: int) -> Exception:
    match code:
        case 404 | 410:
            return TrainingError(
                FailureReason.DATA_NOT_FOUND,
                f"{called} does not exist: the server answered {code}.",
                "correct spec.data.url.href.",
            )
        case 401 | 403:
            return TrainingError(
                FailureReason.CREDENTIALS_DENIED,
                f"{called} may not be read: the server answered {code}.",
                "use an address that needs no login, or the dvc source with credentialsSecretRef.",
            )
        case _:
            return _PassingError(f"the server answered {code}")


def _too_large(called: str, limit: int) -> TrainingError:
    return TrainingError(
        FailureReason.DATA_CHECK_FAILED,
        f"{called} is larger than the limit of {limit} bytes.",
        "train on a smaller file, or raise SENTIMENT_MAX_DATA_BYTES of the trainer.",
    )
