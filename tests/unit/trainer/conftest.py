"""Orders, data files and a real MLflow server for the trainer's tests."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sentiment_contract.recipe import Data, Parameters, Preset, Recipe, VolumeSource, effective_parameters
from sentiment_contract.training import TrainingOrder
from sentiment_trainer.generate import write_csv
from sentiment_trainer.settings import Settings
from tests.support.ports import free_port

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
    folder = tmp_path_factory.mktemp("mlflow")
    url = f"http://127.0.0.1:{free_port()}"
    log = (folder / "log").open("w")
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            url.rsplit(":", 1)[1],
            "--workers",
            "1",
            "--backend-store-uri",
            f"sqlite:///{folder}/mlflow.db",
            "--artifacts-destination",
            str(folder / "artifacts"),
        ],
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
        cwd=folder,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        _await_health(url, server, folder / "log")
        yield url
    finally:
        # Its database and artifacts go with the temporary folder, so there is nothing to close gracefully.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=20)
        log.close()


def _await_health(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=2).close()
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"MLflow did not start:\n{log.read_text()[-2000:]}")
