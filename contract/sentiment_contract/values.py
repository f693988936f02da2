"""The spellings that fields of more than one part are held to: names, paths, hashes, decimal numbers.

They must not know what a field means: the model that has it says so.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import StringConstraints

DNS_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
RELATIVE_PATH = r"^[A-Za-z0-9_][A-Za-z0-9_.+=@ -]*(/\.?[A-Za-z0-9_+=@-][A-Za-z0-9_.+=@ -]*)*$"
"""No leading slash and no step upwards; a blank may stand inside, as in the name of Kaggle's IMDB file."""
SHA256 = r"^[0-9a-f]{64}$"
GIT_COMMIT = r"^[0-9a-f]{40}([0-9a-f]{24})?$"
"""A whole commit: it never means anything else, so nothing has to be looked up."""
DECIMAL = r"^[0-9]{1,6}(\.[0-9]{1,6})?$"
ObjectName = Annotated[str, StringConstraints(pattern=DNS_NAME, min_length=1, max_length=253)]
PathInside = Annotated[str, StringConstraints(pattern=RELATIVE_PATH, min_length=1, max_length=512)]
Sha256 = Annotated[str, StringConstraints(pattern=SHA256, min_length=64, max_length=64)]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", min_length=1, max_length=128)]
DecimalString = Annotated[str, StringConstraints(pattern=DECIMAL, min_length=1, max_length=13)]
GitCommit = Annotated[str, StringConstraints(pattern=GIT_COMMIT, min_length=40, max_length=64)]
DataContent = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+:[A-Za-z0-9.]+$", min_length=3, max_length=128)]
TrainerName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", min_length=1, max_length=63)
]


def canonical_decimal(text: str) -> str:
    """One spelling for one number: "30", "30.0" and "030" give "30"."""
    whole, _, fraction = format(Decimal(text), "f").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
