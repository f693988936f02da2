"""The API server and pydantic read one API: whatever is admitted, the operator can parse.

Documents are mutated at random from a fixed seed. What pydantic refuses and the server admits would stop the operator
at a model that was accepted; such a document fails the test and is printed.
"""

import json
import os
import random
from typing import Any

import yaml
from pydantic import ValidationError

from sentiment_operator.api import SentimentModelSpec
from tests.integration.admission.documents import EXAMPLES, MISSING, ROOT, edited, example, model, try_to_create
from tests.integration.api_server import ApiServer, Manifest

MUTATIONS = int(os.environ.get("ADMISSION_MUTATIONS", "1000"))
SEED = 20_261_121
DEFINITION = yaml.safe_load((ROOT / "crds" / "sentimentmodels.yaml").read_text(encoding="utf-8"))
SPEC = DEFINITION["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
NO_CONTENT: list[Any] = [MISSING, None, {}]
LETTERS = "aAzZ09._-/:@+= \t\n\r\x00\x0b\x1c\x85\u00a0\u2028\u0130\u0660\U0001f600"


def leaves(schema: Manifest, path: str) -> dict[str, Manifest]:
    """Every field below the schema, objects too."""
    found: dict[str, Manifest] = {}
    for name, child in schema["properties"].items():
        found[f"{path}.{name}"] = child
        if child["type"] == "object":
            found |= leaves(child, f"{path}.{name}")
    return found


FIELDS = leaves(SPEC, "spec")


def present(document: Manifest, path: str) -> Any:
    """The value at the path, None if something on the way is not there."""
    place: Any = document
    try:
        for step in path.split("."):
            place = place[step]
    except (KeyError, TypeError):
        return None
    return place


def is_blocked(document: Manifest, path: str) -> bool:
    """True where an earlier mutation left something on the way that is no object."""
    place: Any = document
    for step in path.split(".")[:-1]:
        try:
            place = place[step]
        except KeyError:
            return False
        except TypeError:
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
    match field["type"]:
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
        case _:
            return chance.choice(NO_CONTENT)


def mutated(chance: random.Random, document: Manifest) -> Manifest:
    """The document with one to three fields changed, rather those that are there."""
    written = [path for path in FIELDS if present(document, path) is not None]
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(written if chance.random() < 0.5 else list(FIELDS))
        if not is_blocked(document, path):
            document = edited(document, {path: random_value(chance, FIELDS[path], present(document, path))})
    return document


def test_whatever_the_api_server_admits_the_operator_can_read(crds: ApiServer) -> None:
    chance = random.Random(SEED)
    origins = [*map(example, EXAMPLES), model({"spec.registry": {"modelName": "film.reviews"}})]
    admitted = 0
    unreadable: list[str] = []
    for _ in range(MUTATIONS):
        document = mutated(chance, chance.choice(origins))
        answer = try_to_create(crds, document)
        assert answer.accepted or answer.status in {400, 422}, (
            f"{answer.status} {answer.message}: {json.dumps(document)}"
        )
        if not answer.accepted:
            continue
        admitted += 1
        try:
            SentimentModelSpec.model_validate(answer.body["spec"])
        except ValidationError as error:
            unreadable.append(f"{json.dumps(document)}: {error}")
    assert not unreadable, "\n".join(unreadable)
    assert MUTATIONS * 0.2 < admitted < MUTATIONS * 0.8, (
        f"{admitted} of {MUTATIONS} admitted: too lopsided to show much"
    )
