"""Orders, data files and a real MLflow server for the trainer's tests."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sentiment_contract.data import Data, VolumeSource
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe
from sentiment_contract.training import TrainingOrder
from sentiment_trainer.generate import write_csv
from sentiment_trainer.settings import Settings
from tests.support.mlflow_server import mlflow_server

MakeOrder = Callable[..., TrainingOrder]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client gives up at once: the tests that take the server away must not wait a minute."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A volume, a scratch folder and a termination message below tmp_path."""
    for name in ("volume", "scratch"):
        (tmp_path / name).mkdir()
    return Settings(
        data_root=tmp_path / "volume",
        scratch=tmp_path / "scratch",
        termination_log=tmp_path / "termination-log",
        max_data_bytes=50_000_000,
        fetch_timeout_seconds=60,
    )


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 made-up reviews as CSV."""
    path = tmp_path_factory.mktemp("corpus") / "reviews.csv"
    write_csv(path, rows=600, seed=7)
    return path


@pytest.fixture
def on_volume(settings: Settings, corpus: Path) -> str:
    """The corpus on the volume; its path there."""
    (settings.data_root / "reviews.csv").write_bytes(corpus.read_bytes())
    return "reviews.csv"


@pytest.fixture
def make_order(request: pytest.FixtureRequest) -> MakeOrder:
    """Builds orders; every test has a registered model of its own."""
    model = f"model-{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"

    def build(
        data: Data | None = None,
        label: str = "1",
        tracking_url: str = "http://127.0.0.1:9",
        preset: Preset = Preset.FAST,
        **parameters: object,
    ) -> TrainingOrder:
        reference = data or Data(volume=VolumeSource(claim_name="reviews", path="reviews.csv"))
        recipe = Recipe(data=reference, parameters=effective_parameters(preset, Parameters.model_validate(parameters)))
        return TrainingOrder(
            namespace="tests",
            model=model,
            model_uid="5e5a6e3c-0000-4000-8000-000000000001",
            label=label,
            recipe=recipe,
            recipe_hash=recipe.recipe_hash(),
            registered_model=f"tests.{model}",
            trackingURL=tracking_url,
        )

    return build


@pytest.fixture(scope="session")
def mlflow_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MLflow server on a loopback port, SQLite and proxied artifacts, as the chart runs it."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as url:
        yield url
