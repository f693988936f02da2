"""Which children somebody changes back as often as they are restored, so that two controllers do not write for ever.

Remembered by this process alone: after a restart it takes a few writes until it is known again. It writes nothing, and does
not know what is desired or why.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from sentiment_operator.facts.observed import Manifest, Refusal
from sentiment_operator.kinds import Kind
from sentiment_operator.reading.raw import last_writer

RESTORED_TIMES = 3
WITHIN_SECONDS = 30.0
REST_SECONDS = 10.0
"""Between two writes of what is contested: each may start pods anew."""


class _Restored(NamedTuple):
    """`desired`: what was written, in place of `found`. Another of the two is no contest, but somebody at work."""

    desired: Manifest
    found: Manifest
    rival: str
    times: tuple[float, ...]


class Contests:
    """Children that were written lately, by the uid of their model."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of: OrderedDict[str, dict[tuple[Kind, str], _Restored]] = OrderedDict()
        """The model that was written for last stands at the end."""

    def note(self, uid: str, kind: Kind, desired: Manifest, live: Manifest) -> None:
        """The live child was brought back to what is desired."""
        self._forget_old()
        of_model, address = self._of.setdefault(uid, {}), (kind, desired["metadata"]["name"])
        known, found = of_model.get(address), _content(live)
        is_again = known is not None and (known.desired, known.found) == (desired, found)
        times = known.times if known is not None and is_again else ()
        of_model[address] = _Restored(desired, found, last_writer(live), (*times, self._clock())[-RESTORED_TIMES:])
        self._of.move_to_end(uid)

    def of(self, uid: str) -> tuple[Refusal, ...]:
        """Children of the model that were restored again and again, lately."""
        found = self._of.get(uid, {}).items()
        return tuple(
            Refusal(kind.name, name, "", restored.rival)
            for (kind, name), restored in found
            if len(restored.times) == RESTORED_TIMES and not self._is_old(restored.times[0])
        )

    def __len__(self) -> int:
        """How many models are remembered."""
        return len(self._of)

    def _forget_old(self) -> None:
        while self._of:
            uid, oldest = next(iter(self._of.items()))
            if not all(self._is_old(restored.times[-1]) for restored in oldest.values()):
                return
            del self._of[uid]

    def _is_old(self, at: float) -> bool:
        return self._clock() - at > WITHIN_SECONDS


def _content(body: Manifest) -> Manifest:
    return {field: value for field, value in body.items() if field not in ("metadata", "status")}
