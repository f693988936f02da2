"""A rule in CEL as a value, for the API server to check before anything is stored. It knows none of our fields."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """One x-kubernetes-validations entry."""

    expression: str
    message: str
    field: str = ""
    """Path below the object that the rule stands at, with a leading dot; empty: the object itself."""
    detail: str = ""
    """CEL for a message that names values; `message` stands in where it cannot be computed."""
    reason: str = "FieldValueInvalid"

    def manifest(self) -> dict[str, Any]:
        """The entry as the API server reads it."""
        entry: dict[str, Any] = {"rule": self.expression, "message": self.message, "reason": self.reason}
        if self.field:
            entry["fieldPath"] = self.field
        if self.detail:
            entry["messageExpression"] = self.detail
        return entry
