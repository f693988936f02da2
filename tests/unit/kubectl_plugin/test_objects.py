"""What is read of an object is what the API has: a name that is written wrong would read nothing for ever."""

from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import pytest
import yaml

from kubectl_rotten.objects import Seen
from kubectl_rotten.objects_model import Model
from kubectl_rotten.objects_revision import Revision

ROOT = Path(__file__).parents[3]
KINDS: dict[str, type[Seen]] = {"sentimentmodels": Model, "sentimentmodelrevisions": Revision}


def schema_of(plural: str) -> dict[str, Any]:
    """The schema of the newest version of a definition, without metadata, which is Kubernetes' own."""
    definition = yaml.safe_load((ROOT / "crds" / f"{plural}.yaml").read_text(encoding="utf-8"))
    schema = definition["spec"]["versions"][-1]["schema"]["openAPIV3Schema"]
    del schema["properties"]["metadata"]
    return schema


def unknown(read: type[Seen], schema: dict[str, Any], path: str = "") -> list[str]:
    """Fields that are read and that the schema does not have."""
    found: list[str] = []
    for name, field in read.model_fields.items():
        alias = field.alias or name
        there = schema["properties"].get(alias)
        if there is None:
            found.append(f"{path}.{alias}")
        elif (inner := _inner(field.annotation)) is not None:
            found += unknown(inner, there.get("items", there), f"{path}.{alias}")
    return found


def _inner(annotation: Any) -> type[Seen] | None:
    if get_origin(annotation) in (tuple, UnionType):
        return next(filter(None, map(_inner, get_args(annotation))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, Seen) else None


@pytest.mark.parametrize("plural", KINDS)
def test_every_field_that_is_read_exists(plural: str) -> None:
    assert unknown(KINDS[plural], schema_of(plural)) == [".metadata"]
