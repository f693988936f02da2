"""Objects as kubectl prints them, and a clock that stands still."""

from datetime import UTC, datetime
from typing import Any

from kubectl_rotten.objects_model import Model
from kubectl_rotten.objects_revision import Revision
from kubectl_rotten.why import STATIONS

Manifest = dict[str, Any]
NOW = datetime(2026, 1, 10, 12, 0, 0, tzinfo=UTC)
ADA, BOB = "ada@example.com", "bob@example.com"


def condition(kind: str, status: str = "True", reason: str = "Recorded", message: str = "") -> Manifest:
    """A condition."""
    return {"type": kind, "status": status, "reason": reason, "message": message}


def way(until: str = "", status: str = "False", reason: str = "", message: str = "") -> list[Manifest]:
    """Stations that are True up to the one that is named, and not reached behind it; Ready as the operator says it."""
    names = list(STATIONS)
    place = names.index(until) if until else len(names)
    ready = condition("Ready", "False", reason, message) if until else condition("Ready", "True", "Serving")
    here = [condition(until, status, reason, message)] if until else []
    behind = [condition(name, "Unknown", "NotReached") for name in names[place + 1 :]]
    return [ready, *(condition(name) for name in names[:place]), *here, *behind]


def model(conditions: list[Manifest] | None = None, spec: Manifest | None = None, **status: Any) -> Manifest:
    """The SentimentModel imdb, of which version 2 is wanted and 1 serves."""
    return {
        "apiVersion": "rottenpotatoes.com/v1alpha1",
        "kind": "SentimentModel",
        "metadata": {
            "name": "imdb",
            "namespace": "reviews",
            "generation": 3,
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"version": "2", **(spec or {})},
        "status": {
            "observedGeneration": 3,
            "wantedVersion": "2",
            "servingVersion": "1",
            "conditions": way() if conditions is None else conditions,
            **status,
        },
    }


def revision(version: str = "1", created: str = "2026-01-01T09:00:00Z", **status: Any) -> Manifest:
    """The SentimentModelRevision imdb.<version>."""
    return {
        "apiVersion": "rottenpotatoes.com/v1alpha1",
        "kind": "SentimentModelRevision",
        "metadata": {"name": f"imdb.{version}", "namespace": "reviews", "creationTimestamp": created},
        "spec": {
            "modelRef": {"name": "imdb"},
            "version": version,
            "dataHash": "da" * 32,
            "gitCommit": "9f2c1e7d",
            "registry": {
                "trackingURL": "http://mlflow:5000",
                "modelName": "reviews.imdb",
                "version": version,
                "runID": "0f" * 16,
            },
            "artifactDigest": "a1" * 32,
            "imageDigest": "sha256:beef",
            "metrics": [{"name": "f1", "value": "0.9"}, {"name": "accuracy", "value": "0.9052"}],
        },
        "status": status,
    }


def promoted(version: str, namespace: str = "staging", **status: Any) -> Manifest:
    """A version that was taken over from imdb of that namespace."""
    plain, origin = revision(version, **status), {"modelRef": {"name": "imdb"}, "namespace": namespace}
    return {**plain, "spec": {**plain["spec"], "promotedFrom": origin}}


def began(since: str, reason: str = "Wanted") -> Manifest:
    """A beginning, as the status of a revision records it; `revisions` puts its label in."""
    return {"since": since, "reason": reason}


def gate(name: str = "no-worse", verdict: str = "Passed", **others: Any) -> Manifest:
    """Evidence of a gate that compares."""
    figures = {"metric": "accuracy", "value": "0.91", "baselineVersion": "1", "baselineValue": "0.90", "low": "0.002"}
    return {"name": name, "verdict": verdict, "time": "2026-01-01T09:30:00Z", **figures, **others}


def said(by: str = ADA, decision: str = "Approve", time: str = "2026-01-01T09:40:00Z", note: str = "") -> Manifest:
    """A person's answer."""
    return {
        "approval": f"imdb.1-{by[:3]}",
        "uid": time,
        "approvedBy": by,
        "decision": decision,
        "time": time,
        "note": note,
    }


def seen(document: Manifest) -> Model:
    """The model as the plugin reads it."""
    return Model.model_validate(document)


def revisions(*documents: Manifest) -> list[Revision]:
    """Revisions as the plugin reads them."""
    return [Revision.model_validate({**one, "status": _with_labels(one)}) for one in documents]


def _with_labels(document: Manifest) -> Manifest:
    label = document["spec"]["version"]
    serving = [{**entry, "version": label} for entry in document["status"].get("serving", [])]
    return {**document["status"], "serving": serving}
