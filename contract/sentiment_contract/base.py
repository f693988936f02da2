"""One pydantic base, so that every shape between the components is camelCase on the wire, closed and frozen."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Wire(BaseModel):
    """A value that travels: camelCase JSON, unknown fields refused, never changed after it was made."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
    )
