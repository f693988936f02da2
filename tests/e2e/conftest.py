"""The cluster `test` with the chart installed is there before the first test; each module gets a namespace of its own."""

import secrets
from collections.abc import Iterator

import pytest

from demo.data import NEARBY
from tests.e2e.shop import MORE, Shop, close_shop, data, model, open_shop

collect_ignore = [] if NEARBY.is_file() else ["test_real_reviews.py"]
"""Figures of the real reviews exist only where these are."""


LONG = ("stages", "story", "following", "autoscaling", "gates", "lifecycle", "rollouts")
"""Modules that take minutes, the longest first: begun last, one of them would run on alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which modules are dealt out to workers; within a module it stays."""
    order = {f"test_{name}.py": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.name, len(LONG)))


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A namespace with data and no model. The name is new each time: MLflow remembers what was trained in one."""
    opened = open_shop(f"e2e-{secrets.token_hex(4)}")
    yield opened
    close_shop(opened)


@pytest.fixture(scope="module")
def served(shop: Shop) -> Shop:
    """A namespace in which model `imdb` serves version 1."""
    shop.apply(model())
    shop.is_ready("imdb", "1")
    return shop


@pytest.fixture(scope="module")
def two_versions(served: Shop) -> Shop:
    """A namespace in which model `imdb` knows the versions 1 and 2 and serves 2."""
    served.patch("smod", "imdb", {"spec": {"version": "2", "data": data(MORE)}})
    served.is_ready("imdb", "2")
    return served
