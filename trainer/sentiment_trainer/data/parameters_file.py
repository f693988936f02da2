"""Reads training parameters out of a file of the data repository, such as DVC's params.yaml.

The names are those of spec.training.parameters; what is not one of them is refused, so that a slip of the pen never
trains with the preset's value in silence.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from sentiment_contract.parameters import Parameters, ParametersFrom
from sentiment_contract.training import FailureReason
from sentiment_trainer.data.files import path_inside
from sentiment_trainer.failures import TrainingError

_LARGEST = 1 << 20
_DECIMALS = frozenset({"regularization_c", "regularizationC"})
"""Written as numbers by hand, and as decimal strings everywhere else, so that one value has one spelling."""


def read_parameters(folder: Path, reference: ParametersFrom, commit: str) -> Parameters:
    """The parameters in the checkout at `folder`. Raises ParametersInvalid with what is wrong and where."""
    called = f"{reference.path} at commit {commit[:12]}"
    section = _section(_document(path_inside(folder, reference.path, called), called), reference.key, called)
    try:
        return Parameters.model_validate({name: _spelt(name, value) for name, value in section.items()})
    except ValidationError as error:
        raise _invalid(f"{called}: {_faults(error)}", _advice()) from error


def _document(file: Path, called: str) -> Any:
    if not file.is_file():
        raise _invalid(f"{called} does not exist", "push the file, or correct spec.training.parametersFrom.path.")
    if file.stat().st_size > _LARGEST:
        raise _invalid(f"{called} is larger than 1 MiB", "name a file of parameters in spec.training.parametersFrom.")
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        said = " ".join(str(error).split())[:300]
        raise _invalid(f"{called} is no YAML: {said}", "correct the file, and push it.") from error


def _section(document: Any, key: str | None, called: str) -> dict[str, Any]:
    for name in key.split(".") if key else ():
        known = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
        if name not in known:
            there = ", ".join(sorted(str(one)[:40] for one in known)[:12]) or "none"
            raise _invalid(
                f"{called} has no key {name!r}; its keys there: {there}",
                "correct spec.training.parametersFrom.key, or the file.",
            )
        document = known[name]
    if not isinstance(document, dict):
        raise _invalid(f"{called} holds no names with values there", _advice())
    return {str(name): value for name, value in cast("dict[Any, Any]", document).items()}


def _spelt(name: str, value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return format(Decimal(str(value)), "f") if name in _DECIMALS and is_number else value


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: "
        + ("is no parameter" if fault["type"] == "extra_forbidden" else str(fault["msg"]))
        for fault in error.errors()[:5]
    )


def _advice() -> str:
    names = ", ".join(field.alias or name for name, field in Parameters.model_fields.items())
    return f"keep only these below spec.training.parametersFrom.key, and push the file: {names}."


def _invalid(what: str, advice: str) -> TrainingError:
    return TrainingError(FailureReason.PARAMETERS_INVALID, f"{what}.", advice)
