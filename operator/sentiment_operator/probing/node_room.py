"""Looks at the nodes for previews: what each has left, summed up page by page so that a large cluster costs no memory.

An answer counts for half a minute, for all models together: a preview is a look at one moment anyway. It judges nothing.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from sentiment_operator.cluster.errors import Away, Refused
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.facts.observed import NodesSeen, NodesUnknown
from sentiment_operator.kinds import NODE, POD
from sentiment_operator.preview.room import Taken, node_of, node_room

COUNTS_SECONDS = 30.0
PLACED = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
NOT_SWITCHED_ON = NodesUnknown(
    "The operator may not look at nodes: that takes rights on the whole cluster. Next: helm upgrade with --set preview.nodes=true"
)


@dataclass(slots=True)
class Nodes:
    """The nodes, as far as the operator may look at them."""

    kube: Kube
    may_look: bool
    monotonic: Callable[[], float] = time.monotonic
    _seen: NodesSeen | None = None
    _until: float = 0.0

    async def room(self) -> NodesSeen | NodesUnknown:
        """What every node that takes pods of models has left."""
        if not self.may_look:
            return NOT_SWITCHED_ON
        if self._seen is not None and self.monotonic() < self._until:
            return self._seen
        try:
            self._seen = await self._look()
        except (Away, Refused) as error:
            return NodesUnknown(f"The nodes could not be looked at: {error}"[:1000])
        self._until = self.monotonic() + COUNTS_SECONDS
        return self._seen

    async def _look(self) -> NodesSeen:
        taken: dict[str, Taken] = defaultdict(Taken)
        async for pods in self.kube.pages_of(POD, PLACED):
            for pod in pods:
                taken[node_of(pod)] = taken[node_of(pod)].and_pod(pod)
        nodes = [node async for page in self.kube.pages_of(NODE) for node in page]
        rooms = (node_room(node, taken[node["metadata"]["name"]]) for node in nodes)
        return NodesSeen(tuple(room for room in rooms if room is not None))
