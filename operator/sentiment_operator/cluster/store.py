"""What the operator last heard of every object it watches, so that a pass costs no reads.

Filled by watch events, by the answers to the operator's own writes, and by the lists of a sweep. The newest
resourceVersion wins, whichever way it came. It decides nothing and knows no client.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sentiment_contract.names import VERSION_LABEL
from sentiment_operator.cluster.errors import Rewound
from sentiment_operator.facts.observed import Manifest, Model
from sentiment_operator.kinds import DEPLOYMENT, JOB, MODEL, Kind
from sentiment_operator.reading import extract
from sentiment_operator.reading.raw import (
    instance_of,
    is_controlled_by,
    is_look_up,
    is_of_a_model,
    is_rolling,
    is_unfinished,
    labels_of,
    resource_version,
    uid_of,
)

REMEMBERED_DELETIONS = 10_000


class Key(NamedTuple):
    """Names one model."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Store:
    """Bodies by kind and name, and by the model they belong to."""

    def __init__(self, registered_as: Callable[[Manifest], tuple[str, str]]) -> None:
        self._registered_as = registered_as
        self._bodies: dict[Kind, dict[tuple[str, str], Manifest]] = {}
        self._of_model: dict[Kind, dict[Key, dict[str, Manifest]]] = {}
        self._peers: dict[tuple[str, str], set[Key]] = {}
        self._followers: dict[tuple[str, str], set[Key]] = {}
        self._unfinished_jobs: dict[str, tuple[Manifest, Key]] = {}
        self._unasked_rollouts: set[Key] = set()
        self._look_ups: dict[str, tuple[Manifest, Key]] = {}
        self._deleted_at: OrderedDict[str, int] = OrderedDict()

    def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """The object of that name."""
        return self._bodies.get(kind, {}).get((namespace, name))

    def model(self, key: Key) -> Manifest | None:
        """The model itself."""
        return self.get(MODEL, key.namespace, key.name)

    def of_model(self, kind: Kind, key: Key) -> list[Manifest]:
        """Everything of that kind that is labelled as the model's, in the order of names."""
        owned = self._of_model.get(kind, {}).get(key, {})
        return [owned[name] for name in sorted(owned)]

    def models(self) -> list[Key]:
        """Every model there is."""
        return [Key(*name) for name in self._bodies.get(MODEL, {})]

    def peers(self, body: Manifest) -> list[Manifest]:
        """Other models that name the same registered model as this one does, or did when it was last heard of."""
        keys = self._peers.get(self._registered_as(body), set[Key]()) - {owner_of(MODEL, body)}
        return [peer for peer in map(self.model, sorted(keys)) if peer is not None]

    def followers(self, key: Key) -> list[Key]:
        """Models that follow this one, or compare with it."""
        return sorted(self._followers.get(key, set[Key]()))

    def unfinished_jobs(self) -> list[tuple[Manifest, Key]]:
        """Training Jobs of models that are not finished, each with its model."""
        return [(body, owner) for body, owner in self._unfinished_jobs.values() if self._controls(owner, body)]

    def unfinished_jobs_elsewhere(self, key: Key) -> int:
        """How many training Jobs of other models are not finished."""
        return sum(owner != key for _, owner in self.unfinished_jobs())

    def look_ups(self, namespace: str) -> list[Manifest]:
        """Jobs of any model of the namespace that look up what a branch holds."""
        found = ((body, owner) for body, owner in self._look_ups.values() if owner.namespace == namespace)
        return [body for body, owner in found if self._controls(owner, body)]

    def unfinished_look_ups_elsewhere(self, key: Key) -> int:
        """How many of them, of other models anywhere, are not finished."""
        others = (body for body, owner in self._look_ups.values() if owner != key and self._controls(owner, body))
        return sum(map(is_unfinished, others))

    def unasked_rollouts(self) -> frozenset[Key]:
        """Models whose Deployment rolls although it stays at the version that serves: the operator changed it."""
        return frozenset(self._unasked_rollouts)

    def put(self, kind: Kind, body: Manifest) -> bool:
        """Remember the object. False if nothing newer than what is known came."""
        if self.knows(kind, body):
            return False
        if (known := self.get(kind, *_name(body))) is not None:
            self._drop(kind, known)
        self._keep(kind, body)
        return True

    def kept(self, kind: Kind, body: Manifest) -> Manifest:
        """The object as it stands here already, where it is of the same version; else as it came."""
        known = self.get(kind, *_name(body))
        is_same = known is not None and uid_of(known) == uid_of(body)
        return known if known is not None and is_same and resource_version(known) == resource_version(body) else body

    def knows(self, kind: Kind, body: Manifest) -> bool:
        """Whether the object, or a newer one of that uid, was heard of already."""
        return resource_version(body) <= self._heard_of(kind, body)

    def _heard_of(self, kind: Kind, body: Manifest) -> int:
        """The latest version of this very object that was heard of, or at which it was gone; -1 where nothing was."""
        known, gone_at = self.get(kind, *_name(body)), self._deleted_at.get(uid_of(body), -1)
        if known is None or uid_of(known) != uid_of(body):
            return gone_at
        return max(resource_version(known), gone_at)

    def remove(self, kind: Kind, body: Manifest) -> bool:
        """Forget the object: it is gone, or no longer labelled. False if it was not known.

        An answer that was given before and comes late does not bring it back; a newer one does.
        """
        self._deleted_at[uid_of(body)] = resource_version(body)
        if len(self._deleted_at) > REMEMBERED_DELETIONS:
            self._deleted_at.popitem(last=False)
        known = self.get(kind, *_name(body))
        if known is None or uid_of(known) != uid_of(body):
            return False
        self._drop(kind, known)
        return True

    def leave(self, kind: Kind, is_left: Callable[[Manifest], bool]) -> None:
        """Forget these objects: nobody tells of them any more. They are not held to be gone."""
        for body in [body for body in self._bodies.get(kind, {}).values() if is_left(body)]:
            self._drop(kind, body)

    def lags(self, kind: Kind, listed: Sequence[Manifest], namespace: str = "") -> bool:
        """True where a complete list, of one namespace or of all, does not agree with what is known."""
        known = {uid_of(body): resource_version(body) for body in self._within(kind, namespace)}
        return known != {uid_of(body): resource_version(body) for body in listed}

    def sweep(self, kind: Kind, listed: Sequence[Manifest], version: int, namespace: str = "") -> list[Manifest]:
        """Take over a complete list, of one namespace or of all; gives the objects that the watch had not told of.

        What the list does not hold is gone, unless it came after the list was made at that resourceVersion.
        """
        return self._take_over(kind, listed, version, self._within(kind, namespace))

    def sweep_model(self, kind: Kind, listed: Sequence[Manifest], version: int, key: Key) -> None:
        """Take over a complete list of what is labelled as one model's."""
        self._take_over(kind, listed, version, self.of_model(kind, key))

    def newest(self, kind: Kind) -> int:
        """The highest resourceVersion that is known of the kind: a list that is begun now is at least of that version."""
        return max(map(resource_version, self._bodies.get(kind, {}).values()), default=0)

    def _controls(self, key: Key, body: Manifest) -> bool:
        """Whether the object belongs to a model that is there, and not to one of before, or to nobody."""
        model = self.model(key)
        return model is not None and is_controlled_by(body, uid_of(model))

    def _within(self, kind: Kind, namespace: str) -> list[Manifest]:
        return [body for name, body in self._bodies.get(kind, {}).items() if namespace in ("", name[0])]

    def _take_over(
        self, kind: Kind, listed: Sequence[Manifest], version: int, known: Sequence[Manifest]
    ) -> list[Manifest]:
        if any(version >= self._heard_of(kind, body) > resource_version(body) for body in listed):
            raise Rewound(f"{kind.plural}: a newer version is known than the list holds, and the list is newer")
        missed = [body for body in listed if self.put(kind, body)]
        present = {uid_of(body) for body in listed}
        gone = [body for body in known if uid_of(body) not in present and resource_version(body) <= version]
        for body in gone:
            self.remove(kind, body)
        return missed + gone

    def _keep(self, kind: Kind, body: Manifest) -> None:
        self._bodies.setdefault(kind, {})[_name(body)] = body
        owner = owner_of(kind, body)
        if kind == MODEL:
            self._peers.setdefault(self._registered_as(body), set()).add(owner)
            for other in extract.looks_at(body):
                self._followers.setdefault(other, set()).add(owner)
        else:
            self._of_model.setdefault(kind, {}).setdefault(owner, {})[_name(body)[1]] = body
        if kind == JOB and is_of_a_model(body):
            self._keep_job(body, owner)
        if kind in (MODEL, DEPLOYMENT):
            self._note_rollout(owner)

    def _keep_job(self, body: Manifest, owner: Key) -> None:
        if is_look_up(body):
            self._look_ups[uid_of(body)] = body, owner
        elif is_unfinished(body):
            self._unfinished_jobs[uid_of(body)] = body, owner

    def _drop(self, kind: Kind, body: Manifest) -> None:
        del self._bodies[kind][_name(body)]
        owner = owner_of(kind, body)
        if kind == MODEL:
            _discard(self._peers, self._registered_as(body), owner)
            for other in extract.looks_at(body):
                _discard(self._followers, other, owner)
        else:
            owned = self._of_model[kind][owner]
            del owned[_name(body)[1]]
            if not owned:
                del self._of_model[kind][owner]
        self._unfinished_jobs.pop(uid_of(body), None)
        self._look_ups.pop(uid_of(body), None)
        if kind in (MODEL, DEPLOYMENT):
            self._note_rollout(owner)

    def _note_rollout(self, key: Key) -> None:
        body = self.model(key)
        serves = extract.serves(body) if body is not None else ""
        own = self._of_model.get(DEPLOYMENT, {}).get(key, {}).values()
        if any(is_rolling(one) and labels_of(one).get(VERSION_LABEL) == serves for one in own if serves):
            self._unasked_rollouts.add(key)
        else:
            self._unasked_rollouts.discard(key)


def followed_by(model: Model) -> Key | None:
    """The model that this one follows."""
    source = model.spec.promotion.source
    return Key(source.namespace or model.namespace, source.model_ref.name) if source is not None else None


def owner_of(kind: Kind, body: Manifest) -> Key:
    """The model that an object belongs to by its name or label; ownership proper is checked by uid elsewhere."""
    namespace, name = _name(body)
    return Key(namespace, name if kind == MODEL else instance_of(body))


def _name(body: Manifest) -> tuple[str, str]:
    metadata = body["metadata"]
    return metadata["namespace"], metadata["name"]


def _discard(index: dict[tuple[str, str], set[Key]], at: tuple[str, str], key: Key) -> None:
    keys = index.get(at, set[Key]())
    keys.discard(key)
    if not keys:
        index.pop(at, None)
