"""Says for people what would follow: why, and all of it in one sentence. Pure texts."""

from sentiment_operator.api.preview import Action, GateOutlook, Preview, Room
from sentiment_operator.deciding.plan import Blocked, Queued, Record, Search, Train
from sentiment_operator.explaining.next_step import sentence, without_step
from sentiment_operator.facts.observed import Model, RegisteredVersion, Revision
from sentiment_operator.preview.foresee import Foreseen
from sentiment_operator.promoting.explain import called

CHARACTERS = 1000


def why(ahead: Foreseen) -> str:
    """Why the version would be had in this way."""
    stop = ahead.ends.step
    if ahead.serves_already:
        return f"It serves already, and was suspended before {_changed(ahead)} came into force."
    told = [] if isinstance(stop, Blocked) and ahead.revision is None else _reasons(ahead)
    if isinstance(stop, Blocked):
        told.append(_said(stop))
    elif ahead.changed:
        told.append(f"With it {_changed(ahead)} would come into force.")
    return " ".join(told)[:CHARACTERS]


def _changed(ahead: Foreseen) -> str:
    return " and ".join(ahead.changed)


def _said(step: Blocked) -> str:
    return sentence(without_step(step.message))


def _reasons(ahead: Foreseen) -> list[str]:
    step = ahead.begins.step
    if ahead.cannot_be_recorded:
        return ["MLflow holds it with tags that cannot be recorded here: they are too long, or no text."]
    if isinstance(step, Record):
        return [_known_as(ahead.model, step.known)]
    if ahead.revision is not None:
        served = " and served before: gates and people are not asked again" if ahead.is_proven else ""
        return [f"It exists{served}."]
    return _of_training(ahead)


def _known_as(model: Model, known: RegisteredVersion | Revision) -> str:
    if isinstance(known, Revision):
        return f"{called(model)} has proven it, and the same artifact would serve."
    return f"MLflow holds it as model version {known.number}, trained from the same recipe."


def _of_training(ahead: Foreseen) -> list[str]:
    step = ahead.begins.step
    told = ["It is not known here, nor to MLflow."]
    if isinstance(step, Train | Search) and step.attempt > 1:
        told = [f"It is not known yet; the training would be attempt {step.attempt} at this recipe."]
    if isinstance(step, Search):
        told.append("Its parameters would be searched for first.")
    if isinstance(step, Queued):
        told.append(f"{step.running} Jobs run and {step.limit} is the limit, so it waits for one to end.")
    recipe = ahead.model.spec.recipe_hash()
    same = sorted(label for label, one in ahead.observed.revisions.items() if one.spec.recipe_hash == recipe)
    if same:
        told.append(f"Version {same[0]} came from the same recipe: on the same data its result is taken over.")
    return told


_BEGIN = {
    Action.SERVE: "Version {} would serve as recorded",
    Action.REUSE: "Version {} would be taken from MLflow without a training",
    Action.PROMOTE: "Version {} would be promoted from the followed model without a training",
    Action.TRAIN: "Version {} would be trained",
    Action.NOTHING: "Nothing would be done for {}",
    Action.UNKNOWN: "What would follow for {} cannot be told",
}


def summary(ahead: Foreseen, found: Preview) -> str:
    """All of it."""
    label = ahead.wanted
    if ahead.serves_already:
        return f"Version {label} would go on with another {_changed(ahead)}, by {_takes_over(found)}."[:CHARACTERS]
    is_open = found.action in (Action.NOTHING, Action.UNKNOWN)
    begin = _BEGIN[Action(found.action)].format(_whatever_comes(label) if is_open else label)
    if ahead.obstacle is not None or is_open:
        return f"{begin}: {found.why}"[:CHARACTERS]
    parts = [begin, *filter(None, (_gates(found), _approvals(found)))]
    return f"{', '.join(parts)}, and take over by {_takes_over(found)}."[:CHARACTERS]


def _whatever_comes(label: str) -> str:
    """No label is known where a branch was not looked at yet, or the followed model has served nothing."""
    return f"version {label}" if label else "the version to come"


def _gates(found: Preview) -> str:
    of = {outlook: [gate.name for gate in found.gates if gate.outlook == outlook] for outlook in GateOutlook}
    if to_come := of[GateOutlook.OPEN]:
        return f"have to pass gate{'s' if len(to_come) > 1 else ''} {' and '.join(to_come)}"
    if warned := [*of[GateOutlook.FAILED], *of[GateOutlook.INCONCLUSIVE]]:
        return f"be let through in spite of gate{'s' if len(warned) > 1 else ''} {' and '.join(warned)}"
    return "with its gates passed" if of[GateOutlook.PASSED] else ""


def _approvals(found: Preview) -> str:
    have, _, need = found.approvals.partition("/")
    return f"need approval ({have} of {need})" if need and int(have) < int(need) else ""


def _takes_over(found: Preview) -> str:
    pods = f"{found.surge_pods} more {'pod' if found.surge_pods == 1 else 'pods'}"
    asked = f"up to {pods} ({found.surge_cpu} CPU, {found.surge_memory})" if found.surge_pods else "no more pods"
    room = {
        Room.ENOUGH: "nodes have room",
        Room.NOT_ENOUGH: "nodes have no room",
        Room.UNKNOWN: "whether nodes have room is not known",
    }
    refused = ", but the API server refuses the first write" if found.refused else ""
    return f"{found.strategy} with {asked}: {room[Room(found.room)]}{refused}"
