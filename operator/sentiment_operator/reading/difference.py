"""Says whether a live object already is what is desired, so that nothing is written when nothing would change.

The API server adds defaults: only what is desired is compared, and what others set besides it comes from managedFields.
Pure.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from sentiment_operator.facts.observed import Manifest
from sentiment_operator.reading.additions import additions

QUANTITY = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(?:([eE][+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i))?$")
SCALES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}
SELECTORS = frozenset({"matchLabels", "selector"})
QUANTITY_MAPS = frozenset({"requests", "limits"})
QUANTITY_FIELDS = frozenset({"sizeLimit"})
LIST_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "name",
    "ownerReferences": "uid",
    "imagePullSecrets": "name",
}
"""Lists that the API server keeps as maps: entries of others between ours are additions, if anything. Clusters with a registry
of their own put a Secret of theirs on each service account, again and again."""


def is_as_desired(desired: Manifest, live: Manifest) -> bool:
    """True where the live object holds every desired field, and its spec nothing that somebody set besides."""
    return is_subset(desired, live) and not additions(desired, live)


def is_subset(desired: Manifest, live: Manifest) -> bool:
    """True where every desired field stands in the live object with that value."""
    return _holds(desired, live, "", quantities=False)


def _holds(desired: object, live: object, field: str, *, quantities: bool) -> bool:
    match desired:
        case dict():
            return isinstance(live, dict) and _map_holds(cast("Manifest", desired), cast("Manifest", live), field)
        case list():
            return isinstance(live, list) and _list_holds(cast("list[Any]", desired), cast("list[Any]", live), field)
        case str() if quantities or field in QUANTITY_FIELDS:
            return quantity(desired) == quantity(str(live))
        case _:
            return type(desired) is type(live) and desired == live


def _map_holds(desired: Mapping[str, Any], live: Mapping[str, Any], field: str) -> bool:
    quantities = field in QUANTITY_MAPS
    for key, value in desired.items():
        if key not in live:
            if value not in ({}, [], None, "", False):
                return False
        elif not _holds(value, live[key], key, quantities=quantities):
            return False
    # A request or limit that we no longer want must go, and so must a label in a selector.
    return len(desired) == len(live) if quantities or field in SELECTORS else True


def _list_holds(desired: list[Any], live: list[Any], field: str) -> bool:
    key = LIST_KEYS.get(field)
    if key is None or not all(isinstance(entry, dict) and key in entry for entry in (*desired, *live)):
        return len(desired) == len(live) and all(
            _holds(mine, theirs, field, quantities=False) for mine, theirs in zip(desired, live, strict=True)
        )
    by_key = {entry[key]: entry for entry in live}
    return all(entry[key] in by_key and _holds(entry, by_key[entry[key]], "", quantities=False) for entry in desired)


def quantity(text: str) -> Decimal | str:
    """The number a Kubernetes quantity stands for; the text itself where it is none."""
    found = QUANTITY.match(text)
    return Decimal(found[1] + (found[2] or "")) * SCALES[found[3] or ""] if found else text
