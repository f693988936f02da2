"""A part of this program as a process of its own, so that what it takes is counted for it alone.

It must not know what the process measures: it hands over words and reads back one JSON object.
"""

import json
import subprocess
import sys
from typing import Any


def figures_of(module: str, *words: str) -> dict[str, Any]:
    """What `python -m <module> <words>` wrote to its standard output as one JSON object; it fails as the process does."""
    command = [sys.executable, "-m", module, *words]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
