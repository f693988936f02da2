"""Several simulated worlds, one behind the other: each is a namespace with a model that follows that of the one before.

The operator of a stage sees of the stage before what its store would hold: the model, and the versions on record.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.facts.observed import Model, Observed, Source
from sentiment_operator.kinds import MODEL, REVISION
from sentiment_operator.promoting import stage
from sentiment_operator.reading import extract
from tests.support.builders import spec
from tests.unit.operator.simulated_world import NAME, Operator, turn

DEVELOPMENT, STAGING, PRODUCTION = "development", "staging", "production"
SOAK = 60
PATIENCE = 200
"""Turns within one second after which something goes round in circles."""


@dataclass
class Stage(Operator):
    """The operator as it looks after the model of one stage."""

    name: str = ""
    before: "Stage | None" = None
    seen: int = -1
    """Changes of the stage before that a pass has looked at."""

    def is_due(self) -> bool:
        """A change of the followed model wakes those that follow it."""
        return super().is_due() or (self.before is not None and self.seen < self.before.world.changes)

    def run_pass(self) -> None:
        """The pass knows what the stage before had done by then."""
        self.seen = self.before.world.changes if self.before is not None else -1
        super().run_pass()

    def _observed(self, model: Model) -> Observed:
        seen = replace(super()._observed(model), source=self._source())
        return replace(seen, answers=self._answers(seen.revisions.get(stage.on_record(model, seen))))

    def _source(self) -> Source | None:
        followed = self.before.world.objects.get((MODEL, NAME)) if self.before is not None else None
        if self.before is None or followed is None:
            return None
        return extract.source(followed, self.before.world.of(REVISION), self.name)


def follower(of: str, label: str | None = None, **more: Any) -> SentimentModelSpec:
    """A spec that follows the model of that stage."""
    source = {"modelRef": {"name": NAME}, "namespace": of, "soakSeconds": more.pop("soak", SOAK)}
    promotion = {"from": source, **more.pop("promotion", {})}
    return SentimentModelSpec.model_validate({"promotion": promotion, **({"version": label} if label else {}), **more})


def trained(label: str, *allowed: str, **more: Any) -> SentimentModelSpec:
    """A spec that trains, and lets these namespaces follow it."""
    return spec(label, rows=1000 + int(label), promotion={"allowedNamespaces": list(allowed)}, **more)


def for_seconds(stages: tuple[Stage, ...], seconds: int) -> None:
    """Let all of them go on for so long, side by side."""
    for _ in range(seconds):
        end = stages[0].world.now + timedelta(seconds=1)
        for _ in range(PATIENCE):
            if not any(turn(stage, end) for stage in stages):
                break
        else:
            raise AssertionError(f"it does not rest: {[stage.writes[-10:] for stage in stages]}")
