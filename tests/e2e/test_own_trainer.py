"""The example of a team's own trainer: built from the release's image, listed in the chart, and chosen by a model."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.installation import CHART, RELEASE, ROOT
from demo.installation import NAMESPACE as SYSTEM
from images.engine import Order, engine_of_this_machine
from tests.e2e.shop import CLUSTER, Shop, model, trainer_image

pytestmark = [pytest.mark.e2e, pytest.mark.campaign, pytest.mark.exclusive, pytest.mark.timeout(900)]
REFERENCE = "localhost/nb-svm:example"
EXAMPLE = ROOT / "examples" / "custom_trainer"


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[str]:
    """The name that models may choose it by."""
    engine, archive = engine_of_this_machine(), tmp_path / "nb-svm.tar"
    engine.build(Order(REFERENCE, EXAMPLE, EXAMPLE / "Dockerfile", "", {"TRAINER": trainer_image()}, {}), _run)
    engine.export(REFERENCE, archive, _run)
    CLUSTER.load(archive)
    try:
        _upgrade("trainers.nb-svm", REFERENCE)
        yield "nb-svm"
    finally:
        _upgrade("trainers.nb-svm", "null")
        engine.forget(REFERENCE)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True)


def _upgrade(name: str, value: str) -> None:
    chart = ("upgrade", RELEASE, CHART, "-n", SYSTEM, "--reuse-values", "--wait", "--timeout", "4m")
    CLUSTER.helm(*chart, "--set", f"{name}={value}")


def test_it_learns_in_its_own_way_and_the_result_is_served(shop: Shop, listed: str) -> None:
    shop.apply(model(training={"trainer": listed, "preset": "Fast"}))
    shop.is_ready("imdb", "1")
    (job,) = shop.every("jobs", "app.kubernetes.io/instance=imdb")
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == REFERENCE
    answer, _ = shop.predict("imdb")
    assert answer["sentiment"] == "positive"


def test_a_name_that_the_chart_does_not_list_is_refused_with_those_that_it_lists(shop: Shop, listed: str) -> None:
    shop.apply(model("unlisted", training={"trainer": "no-such", "preset": "Fast"}))
    found = shop.becomes("unlisted", "Stalled", "UnknownTrainer")
    assert listed in found["message"]
