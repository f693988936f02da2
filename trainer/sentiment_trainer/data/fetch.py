"""Brings the data file to this machine, whichever source the recipe names."""

from pathlib import Path

from sentiment_contract.data import Data
from sentiment_trainer.data.dvc import fetch_dvc
from sentiment_trainer.data.files import FetchedFile
from sentiment_trainer.data.url import fetch_url
from sentiment_trainer.data.volume import fetch_volume
from sentiment_trainer.settings import Settings


def fetch(data: Data, settings: Settings, folder: Path) -> FetchedFile:
    """The data file, its hashes and, for DVC, its commit. What has to be written goes into `folder`."""
    if data.dvc is not None:
        return fetch_dvc(data.dvc, settings, folder)
    if data.url is not None:
        return fetch_url(data.url, settings, folder)
    if data.volume is not None:
        return fetch_volume(data.volume, settings.data_root)
    raise AssertionError("unreachable: the recipe has exactly one source")
