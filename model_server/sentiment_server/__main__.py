"""`python -m sentiment_server` is `sentiment-server`.

Nearly all that a start makes lives as long as the process, so looking for garbage among it would be a tenth of the start.
"""

import gc
import os
import sys

from sentiment_server.port import open_early


def main() -> int:
    """The exit code. The collector rests until the server serves; the port is open, where the environment alone names it."""
    gc.disable()
    early = open_early(os.environ) if len(sys.argv) == 1 else None
    from sentiment_server.cli import main as start  # which is most of what is made

    return start(early=early)


if __name__ == "__main__":
    sys.exit(main())
