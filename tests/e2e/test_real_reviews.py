"""How long it takes from `kubectl apply` to answers with ten thousand real reviews, as the demo's example asks."""

import secrets
import time

import pytest

from demo import repository
from demo.data import NEARBY, Reviews
from demo.installation import restricted_namespace
from demo.story import EXAMPLE
from tests.e2e.shop import CLUSTER, Shop, close_shop

pytestmark = [pytest.mark.e2e, pytest.mark.imdb, pytest.mark.campaign]
SECONDS = 45


def test_ten_thousand_real_reviews_answer_within_forty_five_seconds() -> None:
    shop = Shop(f"e2e-{secrets.token_hex(4)}")
    CLUSTER.kubectl("apply", "-f", "-", stdin=restricted_namespace(shop.namespace))
    try:
        repository.make(CLUSTER, shop.namespace, Reviews(NEARBY, "the real reviews"))
        began = time.monotonic()
        shop.kubectl("apply", "-f", str(EXAMPLE))
        shop.is_ready("imdb", "1")
        took = time.monotonic() - began
        accuracy = shop.the("smrev", "imdb.1")["spec"]["metrics"]
        print(f"\napply → Ready {took:.1f} s, {accuracy[0]}")
        assert shop.predict("imdb")[0]["sentiment"] == "positive"
        assert took <= SECONDS
    finally:
        close_shop(shop)
