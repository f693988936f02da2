"""Bad data through a real Job: the reason by its name, one Job, and healing by another recipe."""

import pytest

from tests.e2e.shop import GOOD, Shop, data, model

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("name", "path", "reason"),
    [
        ("missing", "nowhere.csv", "DataNotFound"),
        ("header", "header.csv", "DataNoRows"),
        ("one-class", "one-class.csv", "DataOneClass"),
        ("no-column", "no-column.csv", "DataColumnMissing"),
        ("latin1", "latin1.csv", "DataNotUTF8"),
    ],
)
def test_bad_data_is_called_by_its_name_and_not_tried_again(shop: Shop, name: str, path: str, reason: str) -> None:
    shop.apply(model(name, path=path))
    stalled = shop.becomes(name, "Stalled", reason)
    assert "Next:" in stalled["message"]
    assert "Traceback" not in stalled["message"]
    found = shop.the("smod", name)
    assert found["status"]["lastFailure"]["exitCode"] >= 10
    assert len([job for job in shop.jobs() if job.startswith(f"{name}-train-")]) == 1


def test_another_recipe_heals_it(shop: Shop) -> None:
    shop.apply(model("missing", path="nowhere.csv"))
    shop.becomes("missing", "Stalled", "DataNotFound")
    shop.patch("smod", "missing", {"spec": {"data": data(GOOD)}})
    shop.is_ready("missing", "1")
    found = shop.the("smod", "missing")
    assert "lastFailure" not in found["status"]


def test_the_retry_annotation_tries_again(shop: Shop) -> None:
    shop.apply(model("header", path="header.csv"))
    shop.becomes("header", "Stalled", "DataNoRows")
    before = shop.jobs()
    shop.kubectl("annotate", "smod", "header", "--overwrite", "rottenpotatoes.com/retry=once-more")
    failed = "{.status.lastFailure.retry}"
    shop.kubectl("wait", f"--for=jsonpath={failed}=once-more", "smod/header", "--timeout=60s")
    assert len(shop.jobs() - before) == 1
