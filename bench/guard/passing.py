"""Passes of the operator over a model at rest, without a cluster: parse, observe, decide, build the children, compare, status.

The reference is what such a pass is made of, done with documents of no operator: copied, compared, checked and written as JSON.
"""

import copy
import json
from typing import Any

from pydantic import BaseModel

from bench.guard.timing import Work
from tests.support.builders import spec
from tests.unit.operator.simulated_world import Operator, World, until_quiet

_DOCUMENT: dict[str, Any] = {
    "metadata": {"name": "document", "labels": {f"label-{number}": str(number) for number in range(20)}},
    "spec": {
        "parts": [{"name": f"part-{number}", "values": {"size": number, "kind": "small"}} for number in range(25)]
    },
}


class _Values(BaseModel):
    size: int
    kind: str


class _Part(BaseModel):
    name: str
    values: _Values


class _Spec(BaseModel):
    parts: list[_Part]


def settled_passes(times: int) -> Work:
    """A version serves and another one served before: nothing is left to do, and each pass has to find that out."""
    world = World()
    operator = Operator(world)
    for version in ("1", "2"):
        world.edit(spec(version))
        until_quiet(operator)
    writes = len(operator.writes)

    def run() -> None:
        for _ in range(times):
            operator.hear_and_pass()
        assert len(operator.writes) == writes, "nothing was left to do"

    return run


def documents(times: int) -> Work:
    """So many turns of the reference."""

    def run() -> None:
        for _ in range(times):
            copied = copy.deepcopy(_DOCUMENT)
            assert copied == _DOCUMENT
            checked = _Spec.model_validate(copied["spec"])
            json.loads(json.dumps({**copied, "spec": checked.model_dump()}, sort_keys=True))

    return run
