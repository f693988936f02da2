"""An artifact was changed after it was recorded: no pod serves it, the old version goes on, and mending it heals."""

from collections.abc import Iterator

import pytest

from tests.e2e import stored
from tests.e2e.shop import Shop
from tests.support.eventually import never

pytestmark = pytest.mark.e2e


@pytest.fixture
def damaged(two_versions: Shop) -> Iterator[Shop]:
    """Version 2 serves, and one byte of version 1 is another."""
    with stored.damaged(two_versions, "1"):
        yield two_versions


def test_it_is_refused_and_the_old_version_goes_on(damaged: Shop) -> None:
    damaged.patch("smod", "imdb", {"spec": {"version": "1"}})
    found = damaged.becomes("imdb", "LineageVerified", "DigestMismatch", status="False")
    assert "Next:" in found["message"]
    assert damaged.condition("imdb", "Ready")["status"] == "False"
    never("a damaged version answered", lambda: damaged.predict("imdb")[0]["version"] != "2", 5)
    damaged.patch("smod", "imdb", {"spec": {"version": "2"}})
    damaged.is_ready("imdb", "2")


def test_mended_it_serves(served: Shop) -> None:
    served.patch("smod", "imdb", {"spec": {"version": "1"}})
    served.is_ready("imdb", "1")
