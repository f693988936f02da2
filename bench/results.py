"""Where the figures of a run are kept, so that a part writes them alike and the report finds them.

It must not know what is measured.
"""

import json
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "build" / "bench"


def keep(name: str, figures: object) -> Path:
    """`figures` as JSON in `<name>.json`, printed as a path for whoever looks for it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{name}.json"
    file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(file, flush=True)
    return file
