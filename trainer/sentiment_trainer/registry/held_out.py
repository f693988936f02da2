"""Keeps the reviews that a version was judged by, so that later versions can be judged by them too, whatever becomes of
the data. It must not know how a model is fitted or compared.
"""

# pyarrow ships no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

import hashlib
from pathlib import Path
from typing import cast

from sentiment_trainer.data.reviews import Reviews, key_of

FOLDER = "held_out"
FILE = "reviews.parquet"
MOST_REVIEWS = 25_000
"""Enough to tell a third of a percentage point, and some 15 MB."""


def keep(reviews: Reviews, reports: Path) -> str:
    """Write them below the folder of the reports, of too many those with the smallest key; returns the file's SHA-256."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    chosen = reviews.at(sorted(range(len(reviews)), key=reviews.keys.__getitem__)[:MOST_REVIEWS])
    file = reports / FOLDER / FILE
    file.parent.mkdir(parents=True)
    table = pa.table({"text": list(chosen.texts), "positive": list(chosen.positive)})
    pq.write_table(table, file, compression="zstd")
    return digest_of_file(file)


def read_kept(file: Path) -> Reviews:
    """What `keep` wrote."""
    import pyarrow.parquet as pq

    columns = pq.read_table(file).to_pydict()
    texts = cast("list[str]", columns["text"])
    return Reviews(texts, cast("list[bool]", columns["positive"]), [key_of(text) for text in texts], None)


def digest_of_file(file: Path) -> str:
    """SHA-256 of its bytes, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
