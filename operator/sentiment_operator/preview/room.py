"""Whether nodes have room for pods that are alike, by requests as the scheduler counts them. Pure, and coarse on purpose.

Tainted and cordoned nodes do not count, since pods of models tolerate nothing. Quotas, affinities, preemption and what a
cluster's autoscaler would add are not looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sentiment_operator.api.preview import Room
from sentiment_operator.facts.observed import Manifest, NodeRoom, NodesSeen, NodesUnknown
from sentiment_operator.preview.footprint import Footprint
from sentiment_operator.reading.difference import quantity

UNREADABLE = Decimal("Infinity")
"""A request in a form that is not known fills its node: rather too little room than too much."""
KEEPS_AWAY = frozenset({"NoSchedule", "NoExecute"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether there is room, and how much."""

    room: Room
    message: str


def has_room(nodes: NodesSeen | NodesUnknown | None, needs: Iterable[tuple[str, Footprint]]) -> Verdict:
    """Whether each of the needs finds room, one after the other and not all at once."""
    match nodes:
        case None:
            return Verdict(Room.UNKNOWN, "The nodes were not looked at yet.")
        case NodesUnknown(why):
            return Verdict(Room.UNKNOWN, why)
        case NodesSeen(nodes=seen):
            verdicts = [_fits(seen, what, need) for what, need in needs]
            lacking = [verdict for verdict in verdicts if verdict.room is not Room.ENOUGH]
            message = " ".join(verdict.message for verdict in lacking or verdicts)
            return Verdict(Room.NOT_ENOUGH if lacking else Room.ENOUGH, message)


def _fits(nodes: tuple[NodeRoom, ...], what: str, need: Footprint) -> Verdict:
    takes = [_pods_on(node, need) for node in nodes]
    told = f"{what} ({need.pods} {'pod' if need.pods == 1 else 'pods'}, {need.cpu_told()} CPU, {need.memory_told()})"
    if sum(takes) >= need.pods:
        where = next((node.name for node, pods in zip(nodes, takes, strict=True) if pods >= need.pods), "")
        return Verdict(Room.ENOUGH, f"Room for {told}: {f'node {where}' if where else 'on several nodes'}.")
    among = f"{len(nodes)} {'node that takes' if len(nodes) == 1 else 'nodes that take'} pods"
    return Verdict(Room.NOT_ENOUGH, f"No room for {told}: of {among}, {sum(takes) or 'none'} fit.")


def _pods_on(node: NodeRoom, need: Footprint) -> int:
    """So many of these pods fit on the node."""
    shares = [have // each for have, each in ((node.cpu, need.cpu), (node.memory, need.memory)) if each > 0]
    return max(0, int(min([Decimal(node.pods), *shares])))


@dataclass(frozen=True, slots=True)
class Taken:
    """What the pods of one node ask for."""

    cpu: Decimal = Decimal(0)
    memory: Decimal = Decimal(0)
    pods: int = 0

    def and_pod(self, pod: Manifest) -> "Taken":
        """With one pod more."""
        return Taken(self.cpu + _requested(pod, "cpu"), self.memory + _requested(pod, "memory"), self.pods + 1)


def node_room(node: Manifest, taken: Taken) -> NodeRoom | None:
    """What a node has left; None where it takes no pods of models."""
    spec: dict[str, Any] = node.get("spec") or {}
    taints: list[dict[str, str]] = spec.get("taints") or []
    if spec.get("unschedulable") or any(taint.get("effect") in KEEPS_AWAY for taint in taints):
        return None
    has: dict[str, str] = node.get("status", {}).get("allocatable") or {}
    cpu, memory, pods = (_amount(has.get(name, "0"), Decimal(0)) for name in ("cpu", "memory", "pods"))
    left = (max(Decimal(0), have - gone) for have, gone in ((cpu, taken.cpu), (memory, taken.memory)))
    return NodeRoom(node["metadata"]["name"], *left, pods=max(0, int(pods) - taken.pods))


def node_of(pod: Manifest) -> str:
    """The node that holds room for the pod; empty where none does."""
    is_over = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return "" if is_over else pod.get("spec", {}).get("nodeName", "")


def _requested(pod: Manifest, name: str) -> Decimal:
    """As the scheduler counts: what runs side by side adds up, what runs before counts where it is more."""
    spec: dict[str, Any] = pod["spec"]
    containers: list[Manifest] = spec.get("containers") or []
    first: list[Manifest] = spec.get("initContainers") or []
    beside = [one for one in first if one.get("restartPolicy") == "Always"]
    before = [one for one in first if one.get("restartPolicy") != "Always"]
    together = sum((_of(one, name) for one in (*containers, *beside)), Decimal(0))
    most = max((_of(one, name) for one in before), default=Decimal(0)) + sum(
        (_of(one, name) for one in beside), Decimal(0)
    )
    overhead: dict[str, str] = spec.get("overhead") or {}
    # Requests of the pod as a whole stand in place of those of its containers.
    of_pod = _of(spec, name) if name in _requests(spec) else max(together, most)
    return of_pod + _amount(overhead.get(name, "0"), UNREADABLE)


def _of(bearer: Manifest, name: str) -> Decimal:
    return _amount(_requests(bearer).get(name, "0"), UNREADABLE)


def _requests(bearer: Manifest) -> dict[str, str]:
    """Of a container, or of a pod as a whole."""
    resources: Manifest = bearer.get("resources") or {}
    return resources.get("requests") or {}


def _amount(text: str, otherwise: Decimal) -> Decimal:
    found = quantity(str(text))
    return found if isinstance(found, Decimal) else otherwise
