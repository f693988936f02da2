"""Where the figures of a run are kept, so that a part writes them alike and the report finds them, with what they were measured on.

It must not know what is measured.
"""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "build" / "bench"
_TOLD = ("scikit-learn", "numpy", "fastapi", "uvicorn", "pydantic", "kopf", "mlflow")


@dataclass(frozen=True)
class Machine:
    """What figures were measured on, and when. `mib` is its memory, `busy` how many processes wanted to run just then, where that
    is known."""

    processor: str
    cores: int
    mib: int
    system: str
    python: str
    versions: Mapping[str, str]
    day: str
    busy: float | None


@dataclass(frozen=True)
class Kept:
    """The figures of one file, as the part that wrote them shapes them."""

    figures: Any
    machine: Machine


def keep(name: str, figures: object) -> Path:
    """`figures` as JSON in `<name>.json`, printed as a path for whoever looks for it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{name}.json"
    document = {"machine": asdict(this_machine()), "figures": figures}
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(file, flush=True)
    return file


def kept(name: str, folder: Path = RESULTS) -> Kept | None:
    """What was kept under that name. None where nothing was."""
    file = folder / f"{name}.json"
    if not file.exists():
        return None
    document = json.loads(file.read_text(encoding="utf-8"))
    return Kept(document["figures"], Machine(**document["machine"]))


def this_machine() -> Machine:
    """As it is now."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,  # a part may have pinned itself to one
        mib=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions={name: found for name in _TOLD if (found := _version(name))},
        day=datetime.now(UTC).date().isoformat(),
        busy=os.getloadavg()[0],
    )


def _processor() -> str:
    names = (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    return next((name.partition(":")[2].strip() for name in names), platform.machine())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
