"""Counts the requests of the operator from the audit log of the API server, which tells of each, whatever client sent it."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
LEASES = "leases"


@dataclass(frozen=True, slots=True)
class Requests:
    """How often something was asked: (verb, resource with its subresource) → count."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    @property
    def total(self) -> int:
        """All but those about Leases, which come with time and not with work."""
        return sum(count for (_, resource), count in self.counts.items() if resource != LEASES)

    @property
    def writes(self) -> int:
        """The writes among them."""
        return sum(count for (verb, resource), count in self.counts.items() if verb in WRITES and resource != LEASES)

    def status_writes(self, plural: str) -> int:
        """Writes of a status: those of the subresource, and where a kind has none, those of its models themselves."""
        return sum(
            count
            for (verb, resource), count in self.counts.items()
            if verb in WRITES and (resource.endswith("/status") or resource == plural)
        )

    def by_verb(self) -> dict[str, int]:
        """The same by verb."""
        verbs: Counter[str] = Counter()
        for (verb, resource), count in self.counts.items():
            if resource != LEASES:
                verbs[verb] += count
        return dict(sorted(verbs.items()))

    def named(self) -> dict[str, int]:
        """`verb resource` → count, the most frequent first."""
        return {f"{verb} {resource}": count for (verb, resource), count in self.counts.most_common()}


def counted(lines: Iterable[str]) -> Requests:
    """Of audit events, one a line. A watch counts once, when it begins; one that the server took up to end it does not."""
    counts: Counter[tuple[str, str]] = Counter()
    for line in lines:
        event = json.loads(line)
        place = event.get("objectRef")
        begins = event["stage"] == ("ResponseStarted" if event["verb"] == "watch" else "ResponseComplete")
        if place is None or not begins:
            continue
        subresource = place.get("subresource")
        counts[event["verb"], f"{place['resource']}/{subresource}" if subresource else place["resource"]] += 1
    return Requests(counts)


class AuditLog:
    """The log of one run, read piece by piece."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0

    def since_last(self) -> Requests:
        """What was asked since the last call."""
        if not self._file.exists():
            return Requests()
        with self._file.open("rb") as log:
            log.seek(self._read)
            content = log.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        return counted(whole.decode().splitlines())
