"""Random histories: a few of them in every run, all of them in the campaign."""

from typing import Any

import pytest


def seeds(quick: int, in_all: int) -> list[Any]:
    """The parameters `0 … in_all - 1`; only the first `quick` belong to every run."""
    return [pytest.param(seed, marks=[pytest.mark.campaign] if seed >= quick else []) for seed in range(in_all)]
