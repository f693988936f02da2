"""The API server and pydantic read one API: whatever is admitted, the operator can parse.

Documents are mutated at random from a fixed seed. What pydantic refuses and the server admits would stop the operator
at a model that was accepted; such a document fails the test and is printed.
"""

import json
import os
import random
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from sentiment_operator.api.approval import SentimentModelApprovalSpec
from sentiment_operator.api.model import SentimentModelSpec
from tests.integration.admission.documents import (
    APPROVAL_EXAMPLES,
    MISSING,
    MODEL_EXAMPLES,
    ROOT,
    approval,
    edited,
    example,
    model,
    steps,
    try_to_create,
)
from tests.support.api_server import ApiServer, Manifest

MUTATIONS = int(os.environ.get("ADMISSION_MUTATIONS", "1000"))
SEED = 20_261_121
NO_CONTENT: list[Any] = [MISSING, None, {}]
LETTERS = "aAzZ09._-/:@+= \t\n\r\x00\x0b\x1c\x85\u00a0\u2028\u0130\u0660\U0001f600"


def leaves(schema: Manifest, path: str) -> dict[str, Manifest]:
    """Every field below the schema, objects too."""
    found: dict[str, Manifest] = {}
    for name, child in schema.get("properties", {}).items():
        found[f"{path}.{name}"] = child
        if child.get("type") == "object":
            found |= leaves(child, f"{path}.{name}")
        if "properties" in child.get("items", ()):
            found |= leaves(child["items"], f"{path}.{name}[0]")
    return found


def fields(plural: str) -> dict[str, Manifest]:
    """Every field of spec."""
    definition = yaml.safe_load((ROOT / "crds" / f"{plural}.yaml").read_text(encoding="utf-8"))
    return leaves(definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"], "spec")


def present(document: Manifest, path: str) -> Any:
    """The value at the path, None if something on the way is not there."""
    place: Any = document
    try:
        for step in steps(path):
            place = place[step]
    except (KeyError, TypeError, IndexError):
        return None
    return place


def is_blocked(document: Manifest, path: str) -> bool:
    """True where something on the way is no object, or no list with such an entry."""
    *parents, _ = steps(path)
    place: Any = document
    for number, step in enumerate(parents):
        try:
            place = place[step]
        except KeyError:
            return not all(isinstance(later, str) for later in parents[number:])
        except (TypeError, IndexError):
            return True
    return not isinstance(place, dict)


def random_text(chance: random.Random, field: Manifest, current: object) -> str:
    """The current text with a letter put in, or a text at one of the bounds of its length."""
    if isinstance(current, str) and chance.random() < 0.7:
        place = chance.randint(0, len(current))
        return current[:place] + chance.choice(LETTERS) + current[place + chance.randint(0, 1) :]
    longest = field.get("maxLength", 20)
    size = chance.choice([0, 1, field.get("minLength", 1), longest, longest + 1])
    return "".join(chance.choice("a0" if chance.random() < 0.9 else LETTERS) for _ in range(size))


def random_value(chance: random.Random, field: Manifest, current: object) -> Any:
    """A value for the field: mostly of its type and near its bounds, now and then of another type."""
    if chance.random() < 0.15:
        return chance.choice([MISSING, None, "", "1", 0, -1, 1.0, 1.5, True, [], {}, {"unheardOf": 1}])
    match field.get("type", chance.choice(["integer", "string"])):
        case "integer":
            low, high = field["minimum"], field["maximum"]
            return chance.choice(
                [low - 1, low, low + 1, chance.randint(low, high), high - 1, high, high + 1, float(low)]
            )
        case "boolean":
            return chance.choice([True, False])
        case "string" if "enum" in field:
            return chance.choice([*field["enum"], field["enum"][0].lower()])
        case "string":
            return random_text(chance, field, current)
        case "array" if isinstance(current, list):
            # One entry less, one twice, or none.
            return chance.choice([current[1:], [*current, *current[:1]], []])
        case _:
            return chance.choice(NO_CONTENT)


def mutated(chance: random.Random, document: Manifest, known: dict[str, Manifest]) -> Manifest:
    """The document with one to three fields changed, rather those that are there."""
    written = [path for path in known if present(document, path) is not None]
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(written if chance.random() < 0.5 else list(known))
        if not is_blocked(document, path):
            document = edited(document, {path: random_value(chance, known[path], present(document, path))})
    return document


MODELS = [*map(example, MODEL_EXAMPLES), model({"spec.registry": {"modelName": "film.reviews"}})]
APPROVALS = [*map(example, APPROVAL_EXAMPLES), approval()]


@pytest.mark.parametrize(
    ("plural", "origins", "read", "mutations", "least"),
    [
        ("sentimentmodels", MODELS, SentimentModelSpec, MUTATIONS, 0.2),
        # Nearly every field of an approval is required and narrow.
        ("sentimentmodelapprovals", APPROVALS, SentimentModelApprovalSpec, MUTATIONS // 2, 0.05),
    ],
    ids=["models", "approvals"],
)
def test_whatever_the_api_server_admits_the_operator_can_read(
    crds: ApiServer, plural: str, origins: list[Manifest], read: type[BaseModel], mutations: int, least: float
) -> None:
    chance = random.Random(SEED)
    known = fields(plural)
    admitted = 0
    unreadable: list[str] = []
    for _ in range(mutations):
        document = mutated(chance, chance.choice(origins), known)
        answer = try_to_create(crds, document)
        assert answer.accepted or answer.status in {400, 422}, (
            f"{answer.status} {answer.message}: {json.dumps(document)}"
        )
        if not answer.accepted:
            continue
        admitted += 1
        try:
            read.model_validate(answer.body["spec"])
        except ValidationError as error:
            unreadable.append(f"{json.dumps(document)}: {error}")
    assert not unreadable, "\n".join(unreadable)
    assert mutations * least < admitted < mutations * 0.8, (
        f"{admitted} of {mutations} admitted: too lopsided to show much"
    )
