"""Good documents and edits of them, from which the admission tests make good and bad ones."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sentiment_operator.api.model import API_VERSION
from tests.support.api_server import Answer, ApiServer, Manifest

ROOT = Path(__file__).resolve().parents[3]
HEX64 = "a1" * 32


class Missing:
    """Stands in an edit for a field that is not there."""


MISSING = Missing()
Edits = dict[str, Any]
"""Dotted path → value, or MISSING. `gates[0]` is the first entry of a list."""


class Example(NamedTuple):
    """One document of an example."""

    name: str
    document: Manifest


def example(one: Example) -> Manifest:
    """The document, to be created in any namespace."""
    return edited(one.document, {"metadata.namespace": MISSING})


def _examples(kind: str) -> list[Example]:
    files = sorted((ROOT / "examples").glob("*.yaml"))
    documents = [(file.name, list(yaml.safe_load_all(file.read_text(encoding="utf-8")))) for file in files]
    return [Example(name, one) for name, every in documents for one in every if one["kind"] == kind]


MODEL_EXAMPLES = _examples("SentimentModel")
APPROVAL_EXAMPLES = _examples("SentimentModelApproval")


def steps(path: str) -> list[str | int]:
    """The names and places that a path leads over."""
    return [int(step) if step.isdigit() else step for step in path.replace("[", ".").replace("]", "").split(".")]


def edited(document: Manifest, edits: Edits) -> Manifest:
    """A copy of the document with the edits made; objects on the way are created."""
    result = copy.deepcopy(document)
    for path, value in edits.items():
        *parents, leaf = steps(path)
        place: Any = result
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(parent, str) else place[parent]
        if isinstance(value, Missing):
            place.pop(leaf, None)
        else:
            place[leaf] = copy.deepcopy(value)
    return result


def model(edits: Edits | None = None) -> Manifest:
    """A SentimentModel with a DVC source."""
    dvc = {"repoURL": "https://git.example.com/reviews.git", "revision": "v1", "path": "data/train.csv"}
    document: Manifest = {
        "apiVersion": API_VERSION,
        "kind": "SentimentModel",
        "metadata": {"name": "imdb"},
        "spec": {"version": "1", "data": {"dvc": dvc}},
    }
    return edited(document, edits or {})


def revision(edits: Edits | None = None) -> Manifest:
    """The SentimentModelRevision imdb.1."""
    document: Manifest = {
        "apiVersion": API_VERSION,
        "kind": "SentimentModelRevision",
        "metadata": {"name": "imdb.1"},
        "spec": {
            "modelRef": {"name": "imdb"},
            "version": "1",
            "recipe": {
                "data": model()["spec"]["data"],
                "parameters": {
                    "classifier": "LogisticRegression",
                    "ngramMax": 2,
                    "minDocumentFrequency": 2,
                    "sublinearTF": True,
                    "regularizationC": "30",
                    "maxIterations": 200,
                    "seed": 42,
                },
            },
            "recipeHash": HEX64,
            "fingerprint": HEX64,
            "dataHash": HEX64,
            "gitCommit": "9f2c1e7d",
            "registry": {
                "trackingURL": "http://mlflow.sentiment-system:5000",
                "modelName": "default.imdb",
                "version": "1",
                "runID": "0f" * 16,
            },
            "artifactDigest": HEX64,
            "metrics": [{"name": "accuracy", "value": "0.9052"}],
        },
    }
    return edited(document, edits or {})


def approval(edits: Edits | None = None) -> Manifest:
    """A SentimentModelApproval of imdb.1."""
    document: Manifest = {
        "apiVersion": API_VERSION,
        "kind": "SentimentModelApproval",
        "metadata": {"name": "imdb.1-ada"},
        "spec": {
            "modelRef": {"name": "imdb"},
            "version": "1",
            "revisionDigest": HEX64,
            "decision": "Approve",
            "approvedBy": "ada@example.com",
        },
    }
    return edited(document, edits or {})


def collection(namespace: str, document: Manifest) -> str:
    """The path that documents of this kind are created under."""
    return f"/apis/{API_VERSION}/namespaces/{namespace}/{document['kind'].lower()}s"


def create(server: ApiServer, namespace: str, document: Manifest, **query: str) -> Answer:
    """Create the document; unknown fields are refused."""
    return server.request("POST", collection(namespace, document), document, fieldValidation="Strict", **query)


def try_to_create(server: ApiServer, document: Manifest) -> Answer:
    """Admit the document without storing it."""
    return create(server, "default", document, dryRun="All")


@dataclass(frozen=True, slots=True)
class Bad:
    """Edits that make a good document bad, the field that the refusal has to name and what it has to say."""

    edits: Edits
    field: str
    says: str = ""


def one(field: str, value: Any, says: str = "") -> Bad:
    """A document that is bad in one field."""
    return Bad({field: value}, field, says)
