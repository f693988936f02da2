"""The serving process never loads what trained the model, nor anything that reads pickles of models."""

import os
import subprocess
import sys

_FORBIDDEN = ("sklearn", "scipy", "mlflow", "joblib", "cloudpickle", "dill", "pandas", "torch", "skops")


def test_the_server_imports_nothing_of_the_trainer() -> None:
    script = (
        "import sys, sentiment_server.cli, sentiment_server.process\n"
        f"print([name for name in {_FORBIDDEN!r} if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
