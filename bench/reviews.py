"""The reviews that are trained on and asked about: those of a person, or made-up ones.

It must not know who is measured with them.
"""

import os
from pathlib import Path

from sentiment_contract.data import Data, VolumeSource
from sentiment_trainer.data.checks import check
from sentiment_trainer.data.files import identify
from sentiment_trainer.data.read import read
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.generate import write_csv

MADE_UP = 10_000


def reviews_of(folder: Path) -> Reviews:
    """Those of DATA, or made-up ones."""
    given = os.environ.get("DATA")
    file = Path(given) if given else folder / "reviews.csv"
    if not given:
        write_csv(file, MADE_UP, seed=1)
    data = Data(volume=VolumeSource(claim_name="bench", path=file.name))
    columns = read(identify(file, file.name), data.text_column, data.label_column)
    return check(columns, data, file.name)[0]
