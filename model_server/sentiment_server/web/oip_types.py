"""Shapes of the Open Inference Protocol, version 2, as far as a model of texts needs them.

Requests may carry fields and parameters that this server has no use for: clients add their own, and they are ignored.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sentiment_server.web.schemas import BATCH_LIMIT, Text

LABEL = "label"
PROBABILITY = "probability"
Parameters = dict[str, Any]


class _Lenient(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class InputTensor(_Lenient):
    """The texts. Any name is taken, as there is only one input."""

    name: str = Field(max_length=256, examples=["text"])
    shape: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=2)] = Field(
        description="[n] or [n, 1].", examples=[[1]]
    )
    datatype: Literal["BYTES"]
    data: Annotated[list[Text], Field(min_length=1, max_length=BATCH_LIMIT)] = Field(examples=[["A wonderful film."]])
    parameters: Parameters | None = Field(default=None, description="content_type may be `str`; nothing else is read.")

    @model_validator(mode="after")
    def _shape_fits(self) -> Self:
        if self.shape[0] != len(self.data) or self.shape[1:] not in ([], [1]):
            raise ValueError("the shape is neither [n] nor [n, 1] for n texts")
        if (self.parameters or {}).get("content_type", "str") not in ("str", None):
            raise ValueError("the only content_type of an input is str")
        return self


class RequestedOutput(_Lenient):
    """One of the outputs."""

    name: Literal["label", "probability"]
    parameters: Parameters | None = None


class InferRequest(_Lenient):
    """Texts to score."""

    id: str | None = Field(default=None, max_length=256)
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=1)]
    outputs: Annotated[list[RequestedOutput], Field(max_length=8)] | None = Field(
        default=None, description="Which outputs to send; absent or empty: all."
    )
    parameters: Parameters | None = None


class OutputTensor(_Lenient):
    """One value for each text, in the shape of the input."""

    name: Literal["label", "probability"]
    shape: list[int]
    datatype: Literal["BYTES", "FP64"]
    data: list[str] | list[float]
    parameters: Parameters | None = None


class InferReply(_Lenient):
    """`label` is positive or negative, `probability` that of the label."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


class TensorMetadata(_Lenient):
    """Name, type and shape of an input or output."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters | None = None


class ModelMetadata(_Lenient):
    """What the model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ServerMetadata(_Lenient):
    """The server program."""

    name: str
    version: str
    extensions: list[str]


class Live(_Lenient):
    """The server answers."""

    live: bool


class Ready(_Lenient):
    """The server or model takes requests."""

    ready: bool


class ModelReady(Ready):
    """The model takes requests."""

    name: str
