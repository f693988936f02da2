"""The serving process never loads what trained the model, nor anything that reads pickles of models."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sentiment_artifact import Linear, Tfidf, write_model
from sentiment_artifact.native.library import library

_FORBIDDEN = ("sklearn", "scipy", "mlflow", "joblib", "cloudpickle", "dill", "pandas", "torch", "skops")


_HEAVY = ("numpy", "fastapi", "starlette.responses")
"""What takes time and memory that a pod which predicts and is probed need not spend."""


def _loaded(names: tuple[str, ...], script: str) -> str:
    """Which of these modules the script leaves behind, as a list."""
    script += f"\nprint([name for name in {names!r} if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def test_the_server_imports_nothing_of_the_trainer() -> None:
    script = "import sys, sentiment_server.cli, sentiment_server.process, sentiment_server.web.api"
    assert _loaded(_FORBIDDEN, script) == "[]"


@pytest.mark.skipif(library() is None, reason="the native scorer was not built for this kind of machine")
def test_a_linear_model_is_served_without_what_is_heavy(tmp_path: Path) -> None:
    write_model(tmp_path / "m", Tfidf(["bad", "good"], np.ones(2), 1, True), Linear(np.array([-1.0, 1.0]), 0.0))
    script = f"""
import sys, sentiment_server.process, sentiment_server.web.app
from sentiment_artifact import CompiledModel
assert CompiledModel.load({str(tmp_path / "m")!r}).score("good").positive"""
    assert _loaded(_HEAVY, script) == "[]"
    assert _loaded(_HEAVY, f"{script}\nimport sentiment_server.web.api, sentiment_artifact.reference") != "[]"
