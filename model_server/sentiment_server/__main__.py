"""`python -m sentiment_server` is `sentiment-server`.

Nearly all that a start makes lives as long as the process, so looking for garbage among it would be a tenth of the start.
"""

import gc
import sys


def main() -> int:
    """The exit code. The collector rests until the server serves."""
    gc.disable()
    from sentiment_server.cli import main as start  # which is most of what is made

    return start()


if __name__ == "__main__":
    sys.exit(main())
