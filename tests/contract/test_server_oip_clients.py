"""The Python clients of KServe and MLServer, as they come from the package index, against this server.

Each client gets a virtual environment of its own, kept between runs: both pin much that the project does not want.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

_VENVS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sentiment-operator-tests"
_TEXTS = ["a wonderful film", "an awful, boring film", "not good, naïve 映画"]

Run = Callable[[str, str], object]


@pytest.fixture(scope="module")
def way() -> str:
    """As users get it: nothing here depends on who answers."""
    return "direct"


def _python(package: str) -> Path:
    """The interpreter of a virtual environment that holds this package. Skips when it cannot be had."""
    folder = _VENVS / f"{package.replace('==', '-')}-py{sys.version_info.major}{sys.version_info.minor}"
    python = folder / "bin/python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _install(package, folder, python)
        (folder / "complete").touch()
    return python


def _install(package: str, folder: Path, python: Path) -> None:
    uv = shutil.which("uv")
    make = [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    install = (
        [uv, "pip", "install", "--quiet", "--python", str(python)]
        if uv
        else [str(python), "-m", "pip", "install", "--quiet"]
    )
    for command in ([*make, str(folder)], [*install, package]):
        ended = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        if ended.returncode:
            pytest.skip(
                f"{package} cannot be installed (is the package index out of reach?): {ended.stderr.strip()[-300:]}"
            )


@pytest.fixture(scope="module")
def run() -> Run:
    """`run(package, script)`: what the script prints as JSON, run where the package is installed."""

    def run_script(package: str, script: str) -> object:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [str(_python(package)), "-c", script]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stderr[-3000:]
        return json.loads(ended.stdout.splitlines()[-1])

    return run_script


_KSERVE = """
import asyncio, json
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

async def main():
    url, texts = {url!r}, {texts!r}
    client = InferenceRESTClient(config=RESTConfig(protocol="v2"))
    tensor = InferInput("text", {shape!r}, "BYTES")
    tensor.set_data_from_numpy(np.array(texts, dtype=object).reshape({shape!r}), binary_data={binary!r})
    reply = await client.infer(url, InferRequest("imdb", [tensor]), model_name="imdb")
    outputs = {{output.name: output.as_numpy().reshape(-1).tolist() for output in reply.outputs}}
    ready = [await client.is_server_live(url), await client.is_server_ready(url)]
    ready.append(await client.is_model_ready(url, "imdb"))
    print(json.dumps({{"ready": ready, "outputs": outputs, "version": reply.model_version}}))

asyncio.run(main())
"""

_MLSERVER_CODECS = """
import json, urllib.request
from mlserver.codecs import StringCodec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse

def call(path, body=None):
    request = urllib.request.Request({url!r} + path, body, {{"Content-Type": "application/json"}})
    return urllib.request.urlopen(request).read()

asked = InferenceRequest(inputs=[StringCodec.encode_input("text", {texts!r}, use_bytes={use_bytes!r})])
reply = InferenceResponse.model_validate_json(call("/v2/models/imdb/infer", asked.model_dump_json().encode()))
metadata = MetadataModelResponse.model_validate_json(call("/v2/models/imdb"))
label, probability = reply.outputs
print(json.dumps({{
    "outputs": {{
        label.name: StringCodec.decode_output(label),
        probability.name: NumpyCodec.decode_output(probability).reshape(-1).tolist(),
    }},
    "version": reply.model_version,
    "inputs": [tensor.name for tensor in metadata.inputs],
}}))
"""

_MLSERVER_INFER = """
import json, pathlib, subprocess, sys, tempfile
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest

folder = pathlib.Path(tempfile.mkdtemp())
lines = [InferenceRequest(inputs=[StringCodec.encode_input("text", [text])]).model_dump_json() for text in {texts!r}]
(folder / "in").write_text("\\n".join(lines) + "\\n")
subprocess.run(
    [pathlib.Path(sys.executable).parent / "mlserver", "infer", "-u", {address!r}, "-m", "imdb"]
    + ["-i", folder / "in", "-o", folder / "out"],
    check=True, stdout=sys.stderr,
)
replies = [json.loads(line) for line in (folder / "out").read_text().splitlines()]
replies.sort(key=lambda reply: reply["parameters"]["batch_index"])
print(json.dumps({{"labels": [reply["outputs"][0]["data"][0] for reply in replies]}}))
"""


def _expected(compiled) -> dict[str, list[object]]:
    scores = compiled.score_many(_TEXTS)
    return {"label": [score.sentiment for score in scores], "probability": [score.probability for score in scores]}


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("shape", [[3], [3, 1]])
def test_the_client_of_kserve_predicts(server, compiled, run: Run, shape: list[int], binary: bool) -> None:
    script = _KSERVE.format(url=f"http://127.0.0.1:{server.port}", texts=_TEXTS, shape=shape, binary=binary)
    answer = run("kserve==0.21.0", script)
    assert answer["ready"] == [True, True, True]
    assert answer["outputs"] == _expected(compiled)


@pytest.mark.parametrize("use_bytes", [True, False], ids=["bytes", "strings"])
def test_the_types_and_codecs_of_mlserver_predict(server, compiled, run: Run, use_bytes: bool) -> None:
    script = _MLSERVER_CODECS.format(url=f"http://127.0.0.1:{server.port}", texts=_TEXTS, use_bytes=use_bytes)
    assert run("mlserver==1.7.1", script) == {"outputs": _expected(compiled), "version": "2", "inputs": ["text"]}


def test_the_command_line_client_of_mlserver_predicts(server, compiled, run: Run) -> None:
    script = _MLSERVER_INFER.format(address=f"127.0.0.1:{server.port}", texts=_TEXTS)
    assert run("mlserver==1.7.1", script) == {"labels": _expected(compiled)["label"]}
