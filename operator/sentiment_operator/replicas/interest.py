"""What this replica needs to know of, beside what it acts for: what a pass reads of other models than its own.

Asked of each object that was read, and of each line of a watch before it is read. It holds no object and no Lease.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sentiment_operator.cluster.foreign import namespaces_in
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import KNOWN_OF_ALL, Kind


@dataclass(frozen=True, slots=True)
class Interest:
    """`is_elsewhere`: whether a namespace is another replica's. `extent`: which shards are this one's, always the same where
    there is one."""

    is_elsewhere: Callable[[str], bool]
    extent: Callable[[], frozenset[int]]

    def keeps(self, kind: Kind, body: Manifest) -> bool:
        """Whether the object has to be known."""
        return kind in KNOWN_OF_ALL or not self.is_elsewhere(body["metadata"]["namespace"])

    def reads(self, kind: Kind, line: bytes) -> bool:
        """False where the line certainly tells of nothing that is kept.

        Where a shard is taken over later, everything is listed then, after this was asked: nothing is missed. A list that
        was made of another extent must not be compared with what is known.
        """
        if kind in KNOWN_OF_ALL:
            return True
        namespaces = namespaces_in(line)
        return not namespaces or not all(map(self.is_elsewhere, namespaces))
