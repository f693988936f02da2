"""What this replica needs to know of, beside what it acts for: what a pass reads of other models than its own.

Asked of each object that was read, and of each line of a watch before it is read. It holds no object and no Lease.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sentiment_operator.cluster.foreign import namespaces_in, still_deployment
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import DEPLOYMENT, KNOWN_OF_ALL, Kind
from sentiment_operator.reading.raw import is_rolling


@dataclass(frozen=True, slots=True)
class Interest:
    """`is_elsewhere`: whether a namespace is another replica's. `knows`: whether the object of that kind, namespace and name is
    known here."""

    is_elsewhere: Callable[[str], bool]
    knows: Callable[[Kind, str, str], bool]

    def keeps(self, kind: Kind, body: Manifest) -> bool:
        """Whether the object has to be known. Of other replicas' Deployments those have to be that replace pods."""
        if kind in KNOWN_OF_ALL or not self.is_elsewhere(body["metadata"]["namespace"]):
            return True
        return kind == DEPLOYMENT and body["metadata"].get("generation", 0) > 1 and is_rolling(body)

    def reads(self, kind: Kind, line: bytes) -> bool:
        """False where the line certainly tells of nothing that is kept, and of nothing that was.

        Where a shard is taken over later, everything is listed then, after this was asked: nothing is missed.
        """
        if kind in KNOWN_OF_ALL:
            return True
        namespaces = namespaces_in(line)
        if not namespaces or not all(map(self.is_elsewhere, namespaces)):
            return True
        if kind != DEPLOYMENT:
            return False
        still = still_deployment(line)
        return still is None or self.knows(kind, *still)
