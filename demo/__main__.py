"""The command line of the demo: python3 -m demo up | install | down."""

import argparse
import sys
import time

from demo.data import choose
from demo.installation import install
from demo.story import tell
from demo.target import chosen
from local_cluster import Cluster
from local_cluster.console import ClusterError, say
from local_cluster.settings import CLUSTERS


def main() -> int:
    """Exit code 0 when the story was told to its end; 1 with what stands in the way and what to do."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("command", choices=("up", "install", "down"))
    began = time.monotonic()
    try:
        match parser.parse_args().command:
            case "up":
                target = chosen()
                install(target)
                tell(target, choose())
            case "install":
                install(chosen())
            case _:
                for name in CLUSTERS:
                    Cluster.named(name).down()
    except ClusterError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        return 130
    say(f"done in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
