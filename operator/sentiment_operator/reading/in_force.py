"""What is in force of how a model is served and rolled out: what the spec says, or said before it was suspended. Pure.

It stands on the model's Deployment, so that a suspended model is repaired to what it was, whoever looks first. Where that
Deployment is gone, the spec is all that is known. Which version serves is another matter.
"""

from dataclasses import replace

from pydantic import ValidationError

from sentiment_contract.base import Wire
from sentiment_operator import names
from sentiment_operator.api.model import Serving
from sentiment_operator.api.rollout import Rollout
from sentiment_operator.facts.observed import ChildKind, Model, Observed
from sentiment_operator.reading.raw import annotations_of


class InForce(Wire):
    """The parts of a spec that pods, their number and the addresses before them are made from."""

    serving: Serving = Serving()
    rollout: Rollout = Rollout()


def written(model: Model) -> str:
    """What is in force once the spec of the model is, as it stands on the Deployment. Defaults are left out."""
    return _of(model).model_dump_json(by_alias=True, exclude_defaults=True)


def as_in_force(model: Model, observed: Observed) -> Model:
    """The model as its children have to be: a suspended one keeps what it had."""
    before = _on_record(observed) if model.spec.suspend else None
    if before is None:
        return model
    kept = {"serving": before.serving, "rollout": before.rollout}
    return replace(model, spec=model.spec.model_copy(update=kept))


def held_back(model: Model, observed: Observed) -> tuple[str, ...]:
    """Fields of `spec.serving` that are others than those in force, as they are written in a spec."""
    before = (_on_record(observed) or _of(model)).serving
    fields = type(before).model_fields
    changed = (name for name in fields if getattr(before, name) != getattr(model.spec.serving, name))
    return tuple(f"spec.serving.{fields[name].alias or name}" for name in changed)


def serving_in_force(model: Model, observed: Observed) -> Serving:
    """How the pods that run are served."""
    return (_on_record(observed) or _of(model)).serving


def _of(model: Model) -> InForce:
    return InForce(serving=model.spec.serving, rollout=model.spec.rollout)


def _on_record(observed: Observed) -> InForce | None:
    """None: there is no Deployment of ours, or somebody made its record unreadable."""
    child = observed.children.get(ChildKind.DEPLOYMENT)
    if child is None or not child.ours:
        return None
    try:
        return InForce.model_validate_json(annotations_of(child.body).get(names.IN_FORCE_ANNOTATION, ""))
    except ValidationError:
        return None
