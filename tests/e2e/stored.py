"""Compiled models as they lie on MLflow's volume, which only the machine that is the node can touch."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from demo.installation import NAMESPACE as SYSTEM
from tests.e2e import node
from tests.e2e.shop import Shop


@contextmanager
def damaged(shop: Shop, version: str) -> Generator[None]:
    """For so long one byte of the version's model is another."""
    file = _artifact(shop.the("smrev", f"imdb.{version}")["spec"]["registry"]["runID"])
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        yield
    finally:
        file.write_bytes(whole)


def _artifact(run: str) -> Path:
    volume = node.volume(Shop(SYSTEM).the("pvc", "mlflow"))
    (file,) = [path for path in volume.rglob("model.rpm1") if _is_of(path, run)]
    return file


def _is_of(path: Path, run: str) -> bool:
    return run in str(path) or run in (path.parents[1] / "MLmodel").read_text()
