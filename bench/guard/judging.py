"""What a measured ratio means beside the recorded one. Functions of values: they must not know how it is measured."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.guard.timing import Pair, Seconds, time_in_turn

FACTOR = 1.5
"""Of the recorded ratio: more of it is a regression. Noise of the minima is a tenth."""
MORE = 4
"""Times as many rounds before anything is called a regression."""
TABLE = Path(__file__).with_name("ratios.json")


@dataclass(frozen=True)
class Verdict:
    """One path: its ratio now and when it was recorded."""

    name: str
    ratio: float
    recorded: float

    @property
    def slower(self) -> float:
        """How many times slower than recorded."""
        return self.ratio / self.recorded

    @property
    def regressed(self) -> bool:
        """Beyond what noise explains."""
        return self.slower > FACTOR

    def __str__(self) -> str:
        times = f"{self.name}: {self.ratio:.4f} of its reference's time, recorded {self.recorded:.4f}"
        if self.regressed:
            return (
                f"{times}: {self.slower:.1f} times slower than it was, {FACTOR} are allowed. Next: find the change with"
                f" `git bisect run` and `python -m bench.guard {self.name}`; if it is worth its price, record the new ratio"
                f" with `python -m bench.guard --record {self.name}`, and say in the commit what it bought"
            )
        if self.slower * FACTOR < 1:
            keep = f"`python -m bench.guard --record {self.name}`"
            return f"{times}: {1 / self.slower:.1f} times faster. Next: {keep}, so that it stays"
        return f"{times} ({self.slower:.2f} times)"


def judge(
    pair: Pair, recorded: Mapping[str, float], measure: Callable[[Pair, int | None], Seconds] = time_in_turn
) -> Verdict:
    """Measure once, and what seems to have become slower once more with more rounds. Raises KeyError for what was never
    recorded."""
    before, seconds = recorded[pair.name], measure(pair, None)
    verdict = Verdict(pair.name, seconds.ratio, before)
    if not verdict.regressed:
        return verdict
    return Verdict(pair.name, seconds.or_less(measure(pair, pair.rounds * MORE)).ratio, before)


def recorded_ratios() -> dict[str, float]:
    """Path → ratio."""
    return json.loads(TABLE.read_text(encoding="utf-8"))


def record(ratios: Mapping[str, float]) -> None:
    """Keep these beside those of the other paths."""
    told = {name: round(ratio, 5) for name, ratio in sorted({**_before(), **ratios}.items())}
    TABLE.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _before() -> dict[str, float]:
    return recorded_ratios() if TABLE.exists() else {}
