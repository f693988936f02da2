"""The program `sentiment-train`. It listens for SIGTERM before it imports anything that takes time: with little processor that is
seconds, in which the first process of a container would not hear that it has to end.
"""

import sys
from typing import TYPE_CHECKING

from sentiment_trainer.stopping import end_when_asked

if TYPE_CHECKING:
    from sentiment_trainer.own import OwnTrainer


def main(arguments: list[str] | None = None, own: "OwnTrainer | None" = None) -> int:
    """Run the command line, for a team's own program too; returns the exit code."""
    end_when_asked()
    from sentiment_trainer.command_line import main as run

    return run(arguments, own)


if __name__ == "__main__":
    sys.exit(main())
