"""`python -m bench.guard [--record] [path …]`: the ratio of each path, beside the recorded one. Exit code 1 for a regression."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.guard.judging import judge, record, recorded_ratios
from bench.guard.paths import NAMES, pairs
from bench.guard.timing import Pair, time_in_turn
from sentiment_artifact.native.library import library


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the paths that are named, or all of them."""
    chosen = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        wanted = [
            pair for pair in pairs(Path(folder), native=library() is not None) if pair.name in (chosen.path or NAMES)
        ]
        return _record(wanted) if chosen.record else _judge(wanted)


def _judge(wanted: Sequence[Pair]) -> int:
    recorded = recorded_ratios()
    regressed = False
    for pair in wanted:
        verdict = judge(pair, recorded)
        print(verdict, flush=True)
        regressed |= verdict.regressed
    return int(regressed)


def _record(wanted: Sequence[Pair]) -> int:
    ratios = {pair.name: time_in_turn(pair, pair.rounds * 3).ratio for pair in wanted}
    record(ratios)
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.4f}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.guard", description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the ratios of now as those to compare with")
    parser.add_argument("path", nargs="*", help=f"one of {', '.join(NAMES)}; all without one")
    return parser


if __name__ == "__main__":
    sys.exit(main())
