"""No field of spec is left unguarded: each is refused with a wrong type and beyond each of its bounds, by name.

The bounds themselves are stated in test_refused.py; here the definition says which fields there are.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.integration.admission.documents import HEX64, MISSING, ROOT, Edits, approval, model, try_to_create
from tests.support.api_server import ApiServer, Manifest

WRITTEN_BY_PEOPLE: dict[str, Callable[[Edits], Manifest]] = {
    "sentimentmodels": model,
    "sentimentmodelapprovals": approval,
}
GATE: Manifest = {"name": "good-enough", "metric": "accuracy", "threshold": "0.8"}
CANARY: Manifest = {"strategy": "Canary", "steps": [{"weightPercent": 20}]}
SOURCES: dict[str, Manifest] = {
    "dvc": {"repoURL": "https://git.example.com/reviews.git", "revision": "v1", "path": "data/train.csv"},
    "url": {"href": "https://data.example.com/reviews.csv", "sha256": HEX64},
    "volume": {"claimName": "reviews", "path": "reviews.csv"},
}


def spec_of(plural: str) -> Manifest:
    """The schema of spec."""
    definition = yaml.safe_load((ROOT / "crds" / f"{plural}.yaml").read_text(encoding="utf-8"))
    return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


def fields(schema: Manifest, path: str) -> Iterator[tuple[str, Manifest, bool]]:
    """Path, schema and whether it is required of every field below."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}", child, name in schema.get("required", ())
        if child.get("type") == "object":
            yield from fields(child, f"{path}.{name}")
        if "properties" in child.get("items", ()):
            yield from fields(child["items"], f"{path}.{name}[0]")


def wrong_values(field: Manifest, *, required: bool) -> Iterator[tuple[str, Any]]:
    """What is wrong, and a value that is so."""
    yield "a wrong type", 1.5 if field.get("type") != "object" else "text"
    if required:
        yield "missing", MISSING
    if "enum" in field:
        yield "an unknown choice", "unknown"
    if "minLength" in field:
        yield "empty", ""
    if "maxLength" in field:
        yield "too long", "a" * (field["maxLength"] + 1)
    if "pattern" in field:
        yield "a control character", "a" * field["minLength"] + "\x07"
    if "minimum" in field:
        yield "below", field["minimum"] - 1
    if "maximum" in field:
        yield "above", field["maximum"] + 1
    if "maxItems" in field:
        yield "too many", [{}] * (field["maxItems"] + 1)
    if field.get("type") == "object":
        yield "an unknown field", {"unheardOf": 1}


def cases() -> dict[str, tuple[str, str, Any]]:
    """Every field of every kind that people write, with every way to be wrong."""
    return {
        f"{plural}.{path}: {what}": (plural, path, value)
        for plural in WRITTEN_BY_PEOPLE
        for path, field, required in fields(spec_of(plural), "spec")
        for what, value in wrong_values(field, required=required)
    }


CASES = cases()


def around(path: str) -> Edits:
    """What has to be there so that nothing but the field itself is wrong."""
    if path.startswith("spec.gates[0]."):
        return {"spec.gates": [GATE]}
    if path.startswith("spec.notifications[0]."):
        return {"spec.notifications": [{"sink": "team-chat"}]}
    if path.startswith("spec.training.search."):
        return {"spec.training.search": {"parameters": {"ngramMax": [1]}}}
    if path.startswith("spec.rollout.steps[0]."):
        return {"spec.rollout": CANARY}
    source = path.split(".")[2] if path.startswith("spec.data.") else ""
    return {"spec.data": {source: SOURCES[source]}} if source in SOURCES else {}


@pytest.mark.parametrize(("plural", "path", "value"), CASES.values(), ids=CASES)
def test_a_wrong_value_is_refused_and_its_field_is_named(crds: ApiServer, plural: str, path: str, value: Any) -> None:
    answer = try_to_create(crds, WRITTEN_BY_PEOPLE[plural]({**around(path), path: value}))
    assert answer.status in {400, 422}, f"{answer.status} {answer.message}"
    assert path in answer.message
