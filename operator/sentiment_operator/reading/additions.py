"""What somebody set in the spec of a child although it is not desired: an env variable, a container, hostNetwork.

managedFields tell it: whoever sets a field owns it, while what the API server defaults or assigns and what admission
adds is owned by nobody. So neither has to be known here, whatever the server's version. Pure.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any, cast

from sentiment_operator.facts.observed import Manifest

Path = tuple[str, ...]

OF_OTHERS: frozenset[Path] = frozenset(
    {
        ("spec", "replicas"),
        ("spec", "template", "metadata"),
        ("spec", "clusterIP"),
        ("spec", "clusterIPs"),
        ("spec", "ipFamilies"),
        ("spec", "ipFamilyPolicy"),
        ("spec", "ports", "nodePort"),
    }
)
"""Not ours to take away: the autoscaler's replicas, labels and annotations (`kubectl rollout restart` writes one), and
the addresses of a Service, which the API server keeps once it has given them."""
DEFAULTS: dict[str, object] = {
    "dnsPolicy": "ClusterFirst",
    "externalTrafficPolicy": "Cluster",
    "internalTrafficPolicy": "Cluster",
    "paused": False,
    "protocol": "TCP",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "scheme": "HTTP",
    "sessionAffinity": "None",
    "successThreshold": 1,
    "terminationMessagePath": "/dev/termination-log",
}
"""Somebody who wrote a default down owns it, and whoever takes it away gets it back."""


def additions(desired: Manifest, live: Manifest) -> frozenset[Path]:
    """Where in the spec there is more than desired. Inside of a list it is the list that is named."""
    entries: list[Manifest] = live["metadata"].get("managedFields") or []
    owned: list[Manifest] = [entry.get("fieldsV1", {}).get("f:spec", {}) for entry in entries]
    wanted, found = desired.get("spec", {}), live.get("spec", {})
    return frozenset(path for fields in owned if fields for path in _added(fields, wanted, found, ("spec",)))


def overwriting(desired: Manifest, live: Manifest) -> Manifest:
    """The merge patch that leaves nothing but what is desired: it replaces lists as a whole and removes additions."""
    patch = copy.deepcopy(desired)
    for *parents, name in additions(desired, live):
        place = patch
        for parent in parents:
            place = place[parent]
        place.setdefault(name, None)
    return patch


def _added(fields: Manifest, desired: Manifest, live: Manifest, path: Path) -> Iterator[Path]:
    """Owned fields of a map. Where none is named in particular, the map is owned as a whole."""
    owned = fields or {f"f:{name}": {} for name in live}
    for field, inner in owned.items():
        name = field.removeprefix("f:")
        here = (*path, name)
        if name == field or here in OF_OTHERS or live.get(name) in (None, {}, [], "", DEFAULTS.get(name)):
            continue
        if name not in desired:
            yield here
        elif isinstance(live[name], list):
            if _has_additions(inner, desired[name], live[name], here):
                yield here
        elif isinstance(live[name], dict):
            yield from _added(inner, desired[name], cast("Manifest", live[name]), here)


def _has_additions(fields: Manifest, desired: list[Any], live: list[Any], path: Path) -> bool:
    """Owned entries of a list. Where none is named in particular, the list is owned as a whole."""
    if not fields:
        return desired != live
    for field, inner in fields.items():
        if not field.startswith("k:"):
            continue
        key: Manifest = json.loads(field.removeprefix("k:"))
        mine, theirs = _entry(desired, key), _entry(live, key)
        if theirs is not None and (mine is None or any(_added(inner, mine, theirs, path))):
            return True
    return False


def _entry(entries: list[Manifest], key: Manifest) -> Manifest | None:
    return next((entry for entry in entries if key.items() <= entry.items()), None)
