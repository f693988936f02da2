"""The command line of the demo: python3 -m demo up | install | down | kubeconfig."""

import argparse
import sys
import time

from demo.data import choose
from demo.installation import install
from demo.removal import remove
from demo.story import tell
from demo.target import BUILD, chosen
from local_cluster.console import ClusterError, say
from local_cluster.ownership import handed_over

AGAIN = "Next: see to that, then the same command; it goes on from here"


def main() -> int:
    """Exit code 0 when the story was told to its end; 1 with what stands in the way and what to do."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("command", choices=("up", "install", "down", "kubeconfig"))
    command = parser.parse_args().command
    try:
        with handed_over(BUILD):
            _perform(command)
    except ClusterError as error:
        say(f"error: {error}" if "Next:" in str(error) else f"error: {error}\n{AGAIN}")
        return 1
    except OSError as error:
        say(f"error: this machine or its network refuses: {error}\n{AGAIN}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        return 130
    return 0


def _perform(command: str) -> None:
    """Whatever can be told at once is told before anything is built."""
    began, target = time.monotonic(), chosen()
    match command:
        case "up":
            target.check()
            reviews = choose()
            install(target)
            tell(target, reviews)
        case "install":
            target.check()
            install(target)
        case "down":
            remove(target)
        case _:
            print(target.kubeconfig())
            return
    say(f"done in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
