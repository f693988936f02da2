"""JSON Schema as pydantic writes it, turned into the structural schema that a CustomResourceDefinition demands.

Structural means: one type per field, no references, no alternatives but that of integer or text. It knows nothing of our
resources: what a particular shape needs on top comes in as rules by the name of the shape.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

Schema = dict[str, Any]
Defaults = Literal["written", "left out"]
"""Whether the API server writes defaults into stored objects. A record of what happened has none."""

_KEPT = (
    "description",
    "type",
    "format",
    "enum",
    "default",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "maxItems",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
)


def structural_schema(
    model: type[BaseModel], rules: Mapping[str, Sequence[Schema]], defaults: Defaults = "written"
) -> Schema:
    """The structural schema of a model.

    `rules` holds the x-kubernetes-validations of a shape under the name of its class. Raises ValueError for an
    alternative of types or a field without description: neither has a place in the API.
    """
    document = model.model_json_schema(by_alias=True)
    return _Translation(document.get("$defs", {}), rules, defaults).structural(document, model.__name__)


class _Translation:
    """One document on its way; the definitions stay the same from the root to the leaves."""

    def __init__(self, definitions: Schema, rules: Mapping[str, Sequence[Schema]], defaults: Defaults) -> None:
        self._definitions = definitions
        self._rules = rules
        self._defaults = defaults

    def structural(self, node: Schema, where: str) -> Schema:
        """The node without references, alternatives and titles."""
        node, shape = self._resolved(node, where)
        if "description" not in node:
            raise ValueError(f"{where}: has no description; write one, it is what kubectl explain prints")
        result: Schema = {key: node[key] for key in _KEPT if key in node}
        match node["type"]:
            case "object":
                self._add_properties(result, node, where)
            case "array":
                self._add_items(result, node, where)
            case _:
                self._settle_default(result)
        if "x-kubernetes-int-or-string" in result:
            del result["type"]
        if rules := self._rules.get(shape or where):
            result["x-kubernetes-validations"] = list(rules)
        return result

    def _add_properties(self, result: Schema, node: Schema, where: str) -> None:
        properties = {
            name: self.structural(child, f"{where}.{name}") for name, child in node.get("properties", {}).items()
        }
        offered = result.pop("default", None) is not None
        # A default of a leaf reaches the stored object only where the object around it is there.
        if offered and any("default" in child for child in properties.values()):
            result["default"] = {}
        if required := node.get("required"):
            result["required"] = required
        result["properties"] = properties

    def _add_items(self, result: Schema, node: Schema, where: str) -> None:
        result.pop("default", None)
        result.setdefault("x-kubernetes-list-type", "atomic")
        items = self.structural({"description": "One entry.", **node["items"]}, f"{where}[]")
        result["items"] = {key: value for key, value in items.items() if key != "description"}

    def _settle_default(self, result: Schema) -> None:
        # An empty text is the way the API models say "not there".
        if self._defaults == "left out" or result.get("default") in (None, ""):
            result.pop("default", None)

    def _resolved(self, node: Schema, where: str) -> tuple[Schema, str | None]:
        """The node with its reference or its one real alternative drawn in; what stands beside it wins."""
        shape = None
        while {"$ref", "anyOf"} & node.keys():
            node = dict(node)
            if "anyOf" in node:
                [inner, *others] = [option for option in node.pop("anyOf") if option.get("type") != "null"]
                if others:
                    raise ValueError(f"{where}: has several types; the API server takes one type per field")
            else:
                shape = node.pop("$ref").rsplit("/", 1)[1]
                inner = self._definitions[shape]
            node = {**inner, **node}
        return node, shape
