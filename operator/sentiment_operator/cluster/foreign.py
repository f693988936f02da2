"""Which namespaces a line of a watch can be of, told from its bytes: kopf need not see those of other replicas.

What people write may hold the same words before the place where the namespace stands, and the order of the fields differs
between kinds. So no place is looked for: all places are, and one of them is the object's. It knows no shard.
"""

import re

_CHANGES = (b'{"type":"ADDED",', b'{"type":"MODIFIED",', b'{"type":"DELETED",')
_NAMESPACE = re.compile(rb'"namespace"(?::"([a-z0-9-]+)")?')
"""A key of that name with its value. Within a string each of these quotes would stand behind a backslash, so that only its
closing one can match: that adds a name at most. Whatever else follows the key matches without a name."""


def namespaces_in(line: bytes) -> frozenset[str]:
    """All namespaces that the object of this line can be in; none where that is not certain, or where it is no object at all.

    For lines as the API server writes them: no blanks, and no letter of a key written as an escape.
    """
    if not line.startswith(_CHANGES):
        return frozenset()
    found = frozenset[bytes](_NAMESPACE.findall(line))
    return frozenset() if b"" in found else frozenset(name.decode() for name in found)
