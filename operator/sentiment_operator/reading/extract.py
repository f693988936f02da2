"""Raw bodies of models, revisions and children → facts. Pure: no clock, no client.

What pods and Jobs say is read in workload.py.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sentiment_contract.names import RETRY_ANNOTATION
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.notifications import Notification
from sentiment_operator.api.revision import SentimentModelRevisionSpec, SentimentModelRevisionStatus
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.facts.observed import Child, Manifest, Model, Origin, Revision, Source
from sentiment_operator.reading.pinning import pinned, question_of
from sentiment_operator.reading.raw import annotations_of, is_controlled_by, is_deleting, uid_of
from sentiment_operator.remembered import remembered

RETRY_CHARACTERS = 256
"""As much of the annotation as a status can hold. Nobody tells two retries apart by what comes later."""
_NOTIFICATIONS = TypeAdapter(tuple[Notification, ...])
_EPOCH = datetime.fromtimestamp(0, UTC)


class Invalid(Exception):
    """A spec that admission should have refused: written before the schema was, or past it."""


def model(body: Manifest) -> Model:
    """The model as a value. Raises Invalid with what is wrong and where."""
    metadata, spec, status = body["metadata"], _spec(body), model_status(body)
    return Model(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=uid_of(body),
        generation=int(metadata.get("generation", 1)),
        spec=pinned(spec, status.followed),
        status=status,
        created_at=time_of(metadata.get("creationTimestamp")) or _EPOCH,
        edited_at=edited_at(body),
        retry=annotations_of(body).get(RETRY_ANNOTATION, "")[:RETRY_CHARACTERS],
        deleting=is_deleting(body),
    )


def question_key(body: Manifest) -> str:
    """Names what has to be looked up for the model; empty where nothing has, or where its spec cannot be read."""
    if "dvc" not in (body.get("spec", {}).get("data") or {}):
        return ""
    try:
        question = question_of(_spec(body))
    except Invalid:
        return ""
    return question.key() if question is not None else ""


def _spec(body: Manifest) -> SentimentModelSpec:
    try:
        return SentimentModelSpec.model_validate(body.get("spec", {}))
    except ValidationError as error:
        raise Invalid(explained(error)) from error


@remembered
def model_status(body: Manifest) -> SentimentModelStatus:
    """The status as it stands; empty where it cannot be read, so that it is written anew."""
    try:
        return SentimentModelStatus.model_validate(body.get("status") or {})
    except ValidationError:
        return SentimentModelStatus()


def serves(body: Manifest) -> str:
    """The label that the model serves, empty before the first."""
    status: Manifest = body.get("status") or {}
    return status.get("servingVersion") or ""


def conditions(body: Manifest) -> list[tuple[str, str]]:
    """Type and status of the model's conditions."""
    status: Manifest = body.get("status") or {}
    entries: list[dict[str, str]] = status.get("conditions") or []
    return [(entry["type"], entry["status"]) for entry in entries]


def origin(body: Manifest) -> Origin:
    """As much of a model as can be read whatever its spec says."""
    metadata, retry = body["metadata"], annotations_of(body).get(RETRY_ANNOTATION, "")[:RETRY_CHARACTERS]
    return Origin(metadata["namespace"], metadata["name"], uid_of(body), int(metadata.get("generation", 1)), retry)


def notifications(body: Manifest) -> tuple[Notification, ...]:
    """Whom the model wants told, also where the rest of its spec cannot be read."""
    spec: Manifest = body.get("spec") or {}
    try:
        return _NOTIFICATIONS.validate_python(spec.get("notifications") or ())
    except ValidationError:
        return ()


def explained(error: ValidationError) -> str:
    """What is wrong and where, in one line, for a person who wrote YAML."""
    problems = [f"{'.'.join(('spec', *map(str, problem['loc'])))}: {problem['msg']}" for problem in error.errors()]
    return "; ".join(problems)[:2000]


def edited_at(body: Manifest) -> datetime:
    """Last change of anything but status, whole seconds, from managedFields; the creation where they say nothing."""
    entries: list[dict[str, Any]] = body["metadata"].get("managedFields") or []
    times = [time_of(entry.get("time")) for entry in entries if entry.get("subresource") != "status"]
    known = [time for time in times if time is not None]
    return max(known, default=time_of(body["metadata"].get("creationTimestamp")) or _EPOCH)


def time_of(text: str | None) -> datetime | None:
    """An RFC 3339 time."""
    return datetime.fromisoformat(text) if text else None


def revisions(bodies: Sequence[Manifest], owner: str) -> dict[str, Revision]:
    """The revisions that the model of that uid controls, by label. What cannot be read does not count."""
    found = (_revision(body) for body in bodies if is_controlled_by(body, owner) and not is_deleting(body))
    return {revision.spec.version: revision for revision in found if revision is not None}


@remembered
def _revision(body: Manifest) -> Revision | None:
    try:
        return Revision(
            name=body["metadata"]["name"],
            uid=uid_of(body),
            spec=SentimentModelRevisionSpec.model_validate(body.get("spec", {})),
            status=SentimentModelRevisionStatus.model_validate(body.get("status") or {}),
            created_at=time_of(body["metadata"].get("creationTimestamp")) or _EPOCH,
        )
    except ValidationError:
        return None


def source(body: Manifest, bodies: Sequence[Manifest], namespace: str) -> Source:
    """A model as those of that namespace see it that follow it: nothing where it does not let them."""
    named: list[str] = _promotion(body).get("allowedNamespaces") or []
    if namespace not in (body["metadata"]["namespace"], *named):
        return Source(allows=False)
    return Source(allows=True, status=model_status(body), revisions=revisions(bodies, uid_of(body)))


def followed(body: Manifest) -> tuple[str, str] | None:
    """Namespace and name of the model that this one follows."""
    source: dict[str, Any] = _promotion(body).get("from") or {}
    reference: dict[str, str] = source.get("modelRef") or {}
    namespace: str = source.get("namespace") or body["metadata"]["namespace"]
    return (namespace, reference["name"]) if "name" in reference else None


def named_of(source: Model, body: Manifest) -> str:
    """The label that this follower names of the model that it follows; empty where it names none, or may have none."""
    spec: dict[str, Any] = body.get("spec", {})
    allowed = (source.namespace, *source.spec.promotion.allowed_namespaces)
    may_have = followed(body) == (source.namespace, source.name) and body["metadata"]["namespace"] in allowed
    return (spec.get("version") or "") if may_have else ""


def looks_at(body: Manifest) -> set[tuple[str, str]]:
    """Namespace and name of every other model that decides on this one: the one it follows, and those it compares with."""
    gates: list[dict[str, Any]] = body.get("spec", {}).get("gates") or []
    named = [str(gate.get("compareWith") or "").partition("Stage:")[2].partition("/") for gate in gates]
    compared = {(namespace, name or body["metadata"]["name"]) for namespace, _, name in named if namespace}
    source = followed(body)
    return compared if source is None else compared | {source}


def _promotion(body: Manifest) -> dict[str, Any]:
    spec: dict[str, Any] = body.get("spec", {})
    return spec.get("promotion") or {}


def child(body: Manifest | None, owner: str) -> Child | None:
    """A live object under a child's name, and whether the model of that uid controls it."""
    return None if body is None else Child(body=body, ours=is_controlled_by(body, owner))


def registry_of(body: Manifest, default_url: str) -> tuple[str, str]:
    """Tracking URL and registered model that a model writes to. Two models that answer the same are rivals."""
    metadata = body["metadata"]
    registry: dict[str, str] = body.get("spec", {}).get("registry") or {}
    url = registry.get("trackingURL") or default_url
    return url.rstrip("/"), registry.get("modelName") or f"{metadata['namespace']}.{metadata['name']}"


def registered_as(body: Manifest, default_url: str) -> tuple[str, str]:
    """The registered model that belongs to a model alone. One that follows another registers nothing, so it is no rival."""
    return registry_of(body, default_url) if followed(body) is None else ("", uid_of(body))


def elder(body: Manifest, peers: Sequence[Manifest]) -> str:
    """namespace/name of the oldest of the peers that is older than the model; empty if the model is the oldest."""
    older = [peer for peer in peers if _age(peer) < _age(body)]
    first = min(older, key=_age, default=None)
    return f"{first['metadata']['namespace']}/{first['metadata']['name']}" if first else ""


def _age(body: Manifest) -> tuple[str, str]:
    return body["metadata"].get("creationTimestamp", ""), uid_of(body)
