"""Every path that was made fast is as fast as it was. This tier runs alone: neighbours would make the figures worse.

What to do about a failure stands in its message; `python -m bench.guard` measures by hand.
"""

from collections.abc import Mapping

import pytest

from bench.guard.judging import judge, recorded_ratios
from bench.guard.paths import NAMES, pairs
from bench.guard.timing import Pair
from sentiment_artifact.native.library import library


@pytest.fixture(scope="module")
def measurable(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Pair]:
    found = pairs(tmp_path_factory.mktemp("guard"), native=library() is not None)
    return {pair.name: pair for pair in found}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_as_fast_as_it_was(name: str, measurable: Mapping[str, Pair]) -> None:
    if name not in measurable:
        pytest.skip("the native code was not built here")
    verdict = judge(measurable[name], recorded_ratios())
    assert not verdict.regressed, str(verdict)
