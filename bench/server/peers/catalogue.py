"""The servers that others use for a model of scikit-learn, each as its own documentation runs it in production.

What the documentation leaves to its reader is left as it is by default; what makes a peer slower than it need be is told here:
- MLServer: uvloop 0.21, since with later ones each of its worker processes ends as soon as it starts.
- mlflow finds the server that it starts, uvicorn, on the PATH.
- KServe: without gRPC, which nobody asks here.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.server import wire
from bench.server.figures import MLFLOW, MLSERVERS
from bench.server.peers.environments import Unavailable, environment, versions
from bench.server.servers import Server
from tests.support.ports import free_port

_HERE = Path(__file__).parent
_FRAMEWORKS = ("fastapi", "starlette", "uvicorn", "uvloop", "scikit-learn", "numpy")
_TOLD = ("mlserver", "mlserver-sklearn", "mlflow", "bentoml", "kserve", *_FRAMEWORKS)


@dataclass(frozen=True)
class Peer:
    """`make` gives the server, from the programs of its environment, the pickled pipeline and a folder of its own."""

    name: str
    pins: Sequence[str]
    make: Callable[[Path, Path, Path], Server]

    def server(self, pipeline: Path, folder: Path) -> Server:
        """Raises Unavailable."""
        programs = environment(self.pins)
        own = folder / self.name.replace(" ", "-").replace(",", "")
        own.mkdir()
        try:
            return self.make(programs, pipeline, own)
        except subprocess.CalledProcessError as error:
            raise Unavailable(f"its model cannot be saved: {(error.stderr or b'')[-300:]!r}") from error


def _server(
    name: str,
    programs: Path,
    folder: Path,
    command: Callable[[int], Sequence[str]],
    asked: wire.Wire,
    environment: Mapping[str, str] | None = None,
) -> Server:
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "PYTHONPATH": "", **(environment or {})}
    return Server(name, command, folder, own, asked, versions(programs, _TOLD))


def _mlserver(name: str, processes: int) -> Callable[[Path, Path, Path], Server]:
    def make(programs: Path, pipeline: Path, folder: Path) -> Server:
        (folder / "model.pickle").write_bytes(pipeline.read_bytes())
        model = {
            "name": "sentiment",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": "./model.pickle", "extra": {"predict_fn": "predict_proba"}},
        }
        (folder / "model-settings.json").write_text(json.dumps(model))

        def command(port: int) -> Sequence[str]:
            settings = {
                "host": "127.0.0.1",
                "http_port": port,
                "grpc_port": free_port(),
                "metrics_port": free_port(),
                "parallel_workers": processes,
            }
            (folder / "settings.json").write_text(json.dumps(settings))
            return (str(programs / "mlserver"), "start", ".")

        return _server(name, programs, folder, command, wire.OPEN_INFERENCE)

    return make


def _mlflow(programs: Path, pipeline: Path, folder: Path) -> Server:
    model = folder / "model"
    save = [programs / "python", _HERE / "mlflow_model.py", pipeline, model]
    subprocess.run(save, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": ""}, cwd=folder)

    def command(port: int) -> Sequence[str]:
        serve = ("models", "serve", "--env-manager", "local", "--host", "127.0.0.1")
        return (str(programs / "mlflow"), *serve, "--model-uri", str(model), "--port", str(port))

    return _server(MLFLOW, programs, folder, command, wire.INVOCATIONS)


def _bentoml(programs: Path, pipeline: Path, folder: Path) -> Server:
    (folder / "service.py").write_bytes((_HERE / "bento_service.py").read_bytes())

    def command(port: int) -> Sequence[str]:
        return (str(programs / "bentoml"), "serve", "service:Sentiment", "--host", "127.0.0.1", "--port", str(port))

    own = {"BENCH_PIPELINE": str(pipeline), "BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder / "home")}
    return _server("BentoML", programs, folder, command, wire.BENTO, own)


def _kserve(programs: Path, pipeline: Path, folder: Path) -> Server:
    def command(port: int) -> Sequence[str]:
        options = ("--http_port", str(port), "--enable_grpc", "false", "--workers", "1")
        return (str(programs / "python"), str(_HERE / "kserve_server.py"), *options)

    return _server(
        "KServe's Python server", programs, folder, command, wire.KSERVE_V1, {"BENCH_PIPELINE": str(pipeline)}
    )


_MLSERVER_PINS = ("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "uvloop==0.21.0")
PEERS = (
    Peer(MLSERVERS[0], _MLSERVER_PINS, _mlserver(MLSERVERS[0], 1)),
    Peer(MLSERVERS[1], _MLSERVER_PINS, _mlserver(MLSERVERS[1], 0)),
    Peer(MLFLOW, ("mlflow==3.17.2", "cloudpickle==3.1.2"), _mlflow),
    Peer("BentoML", ("bentoml==1.4.39",), _bentoml),
    Peer("KServe's Python server", ("kserve==0.21.0",), _kserve),
)
