"""What counting comes to: a row for each text."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Rows:
    """As in a CSR matrix: row i has the columns from ends[i] to ends[i + 1], ascending, and how often each stands there."""

    ends: NDArray[np.int64]
    columns: NDArray[np.int32]
    counts: NDArray[np.float64]
