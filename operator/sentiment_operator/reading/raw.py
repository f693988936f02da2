"""What is read from an object as the API server sent it, without knowing more than its metadata."""

from typing import Any

from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import APPROVAL, JOB, MODEL, POD, REVISION, SERVING
from sentiment_operator.names import FIELD_MANAGER, INSTANCE_LABEL, LOOK_UP_ANNOTATION

_CHILDREN = frozenset(kind.name for kind in SERVING.values())
_NAMES_ITS_MODEL = frozenset({REVISION.name, APPROVAL.name})
_READ_BY_STATUS = frozenset({POD.name, JOB.name})
"""Of these nobody asks what they were to do, only how they fare; their specs are most of what would be kept."""


def slim(body: Manifest) -> Manifest:
    """The object without what is never read: most of many objects.

    Of managedFields a model's times are read, and of a child what others set in its spec and when it was written here. Of what
    a Job was to do only a queue's word is read, that it may not begin.
    """
    metadata, kind = dict(body["metadata"]), body.get("kind")
    entries: list[Manifest] = metadata.pop("managedFields", None) or []
    if kind in _READ_BY_STATUS:
        held = {"spec": {"suspend": True}} if body.get("spec", {}).get("suspend") else {}
        return {field: value for field, value in body.items() if field != "spec"} | {"metadata": metadata, **held}
    metadata["managedFields"] = _of_a_child(entries) if kind in _CHILDREN else [_times(entry) for entry in entries]
    return {**body, "metadata": metadata}


def _times(entry: Manifest) -> Manifest:
    return {key: value for key, value in entry.items() if key != "fieldsV1"}


def _of_a_child(entries: list[Manifest]) -> list[Manifest]:
    kept = list[Manifest]()
    for entry in entries:
        spec = entry.get("fieldsV1", {}).get("f:spec")
        if "subresource" in entry or not spec:
            continue
        is_own = entry.get("manager") == FIELD_MANAGER
        kept.append(_times(entry) if is_own else {**_times(entry), "fieldsV1": {"f:spec": spec}})
    return kept


def uid_of(body: Manifest) -> str:
    """The object's uid."""
    return body["metadata"]["uid"]


def resource_version(body: Manifest) -> int:
    """The object's version as a number that grows with time."""
    return int(body["metadata"].get("resourceVersion") or 0)


def labels_of(body: Manifest) -> dict[str, str]:
    """The object's labels."""
    return body["metadata"].get("labels") or {}


def annotations_of(body: Manifest) -> dict[str, str]:
    """The object's annotations."""
    return body["metadata"].get("annotations") or {}


def instance_of(body: Manifest) -> str:
    """Name of the model that the object is labelled as belonging to, or that a revision or an approval names; empty without one."""
    if body.get("kind") in _NAMES_ITS_MODEL:
        return body.get("spec", {}).get("modelRef", {}).get("name", "")
    return labels_of(body).get(INSTANCE_LABEL, "")


def is_deleting(body: Manifest) -> bool:
    """True once the object's deletion was asked for."""
    return "deletionTimestamp" in body["metadata"]


def controller_uid(body: Manifest) -> str:
    """Uid of the object's controller, empty without one."""
    references: list[Manifest] = body["metadata"].get("ownerReferences") or []
    return next((reference["uid"] for reference in references if reference.get("controller")), "")


def is_controlled_by(body: Manifest, uid: str) -> bool:
    """True where the controller ownerReference names that uid."""
    return controller_uid(body) == uid


def is_of_a_model(body: Manifest) -> bool:
    """True where a model controls the object: its labels anybody may give to anything."""
    references: list[Manifest] = body["metadata"].get("ownerReferences") or []
    return any(reference.get("controller") and reference.get("kind") == MODEL.name for reference in references)


def last_writer(child: Manifest) -> str:
    """The field manager beside the operator that last wrote to the child's spec."""
    entries: list[Manifest] = child["metadata"].get("managedFields") or []
    others = [entry for entry in entries if entry.get("manager") != FIELD_MANAGER]
    last = max(others, key=lambda entry: entry.get("time", ""), default=Manifest())
    return last.get("manager") or "unknown"


def is_finished(pod: Manifest) -> bool:
    """True for a pod that will never run again, such as one that was evicted: its object stays."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def condition(body: Manifest, kind: str) -> dict[str, Any] | None:
    """The entry of that type in status.conditions, if it is True."""
    conditions: list[dict[str, Any]] = body.get("status", {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == kind and entry.get("status") == "True"), None)


def is_unfinished(job: Manifest) -> bool:
    """True while a Job may still run pods."""
    return not is_deleting(job) and condition(job, "Complete") is None and condition(job, "Failed") is None


def is_look_up(job: Manifest) -> bool:
    """Whether the Job looks up what a branch holds; else it trains or scores."""
    return LOOK_UP_ANNOTATION in annotations_of(job)


def is_rolling(deployment: Manifest) -> bool:
    """True while pods of an older template are being replaced, or the change was not yet seen."""
    status: dict[str, Any] = deployment.get("status", {})
    seen = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return not seen or status.get("updatedReplicas", 0) < status.get("replicas", 0)
