"""Why a model is not ready, or what serves where it is. Pure: the object in, lines out; the clock is a parameter."""

from dataclasses import dataclass
from datetime import datetime

from kubectl_rotten.evidence import answer_lines, answers, gate_lines, verdicts
from kubectl_rotten.moments import with_age
from kubectl_rotten.objects import accuracy
from kubectl_rotten.objects_model import Condition, LastFailure, Model
from kubectl_rotten.text import INDENT, NEXT, Page, clean, step_of, table, without_step, wrapped

STATIONS = (
    "Accepted",
    "DependenciesReady",
    "DataVerified",
    "Trained",
    "Registered",
    "GatesPassed",
    "RolledOut",
    "LineageVerified",
)
"""The way of a version, in the order it is gone."""
NOT_PROVEN_YET = frozenset({"Soaking", "AwaitingSource"})
"""What the operator says of a version that the followed model serves and has still to prove."""
LOOK_AT_OPERATOR = "kubectl get pods -A -l app.kubernetes.io/name=sentiment-operator"


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a model."""

    ready: bool
    lines: list[str]


def why(model: Model, page: Page, now: datetime) -> Told:
    """Why it is ready or not."""
    if is_ready(model):
        return Told(ready=True, lines=_ready(model, page, now))
    return Told(ready=False, lines=[*_not_ready(model, page, now), "", NEXT, next_step(model)])


def is_ready(model: Model) -> bool:
    """Whether the wanted version serves, and the operator says so of the latest edit."""
    return model.condition("Ready").status == "True" and not _is_behind(model)


def _is_behind(model: Model) -> bool:
    return not model.status.conditions or model.status.observed_generation < model.metadata.generation


def next_step(model: Model) -> str:
    """The one thing to do now."""
    if _is_behind(model):
        return LOOK_AT_OPERATOR
    told = [model.condition(kind).message for kind in ("Ready", "Stalled", "AwaitingApproval")]
    held = _held_up(model)
    steps = [step_of(message) for message in (*told, held.message if held else "")]
    wait = f"kubectl -n {model.metadata.namespace} wait --for=condition=Ready smod/{model.metadata.name} --timeout=10m"
    return next(filter(None, steps), wait)


def _ready(model: Model, page: Page, now: datetime) -> list[str]:
    status = model.status
    began = next((entry for entry in status.history[:1] if entry.version == status.serving_version), None)
    facts = {
        "Since": f"{with_age(began.since, now)}" if began is not None else "",
        "Follows": _followed(model),
        "Accuracy": accuracy(status.training.metrics),
        "Lineage": status.lineage.summary,
        "Pods": f"{status.ready_replicas} of {status.replicas} ready",
        "URL": status.url,
    }
    known = [(name, fact) for name, fact in facts.items() if fact]
    return [
        *wrapped(f"{model.metadata.name} is ready: version {status.serving_version} serves.", page, ""),
        "",
        *table(known, INDENT),
        *_gates(model, page),
        *_approvals(model, page, now),
        *_newer(model, page),
    ]


def _followed(model: Model) -> str:
    followed = model.spec.promotion.followed
    return followed.told(otherwise=model.metadata.namespace) if followed is not None else ""


def _newer(model: Model, page: Page) -> list[str]:
    """That the recipe has changed, or what the followed model serves by now and this one does not."""
    up_to_date = model.condition("UpToDate")
    is_news = up_to_date.status == "False" or up_to_date.reason in NOT_PROVEN_YET
    return ["", *wrapped(without_step(up_to_date.message), page, "")] if is_news else []


def _not_ready(model: Model, page: Page, now: datetime) -> list[str]:
    ready = model.condition("Ready")
    name = model.metadata.name
    if not model.status.conditions:
        return wrapped(f"{name} is not ready: the operator has not looked at it yet.", page, "")
    if _is_behind(model):
        edit, seen = model.metadata.generation, model.status.observed_generation
        late = f"{name} is not ready: the operator has not looked at its latest edit yet (generation {edit})."
        return [*wrapped(late, page, ""), f"What follows is of generation {seen}:", *_state(model, ready, page, now)]
    head = wrapped(f"{name} is not ready: {ready.reason or 'nobody says why'}", page, "")
    return [*head, *_state(model, ready, page, now)]


def _state(model: Model, ready: Condition, page: Page, now: datetime) -> list[str]:
    return [
        *wrapped(without_step(ready.message), page),
        *wrapped(_versions(model), page),
        *_plan(model, page),
        "",
        *_way(model, page),
        *_held_up_lines(model, ready, page),
        *_gates(model, page),
        *_approvals(model, page, now),
        *_failure(model, page, now),
    ]


def _versions(model: Model) -> str:
    wanted, serving = model.status.wanted_version, model.status.serving_version
    if wanted and wanted == serving:
        return f"Version {wanted} is wanted, and answers."
    serves = f"version {serving} serves" if serving else "nothing serves"
    return f"Version {wanted} is wanted, {serves}." if wanted else f"{serves[0].upper()}{serves[1:]}."


def _plan(model: Model, page: Page) -> list[str]:
    """What would follow if the model were not suspended."""
    plan = model.status.plan
    if plan is None:
        return []
    refused = f"The API server refuses the first write: {plan.refused}" if plan.refused else ""
    told = filter(None, (plan.summary, plan.room_message, refused))
    back = [f"{INDENT}Back: {clean(plan.go_back)}"] if plan.go_back else []
    return ["", "If it went on:", *(line for text in told for line in wrapped(text, page)), *back]


def _way(model: Model, page: Page) -> list[str]:
    stations = [model.condition(kind) for kind in STATIONS]
    stalled = model.condition("Stalled").status == "True"
    return table([(_mark(entry, page, stalled=stalled), entry.type, entry.reason) for entry in stations], INDENT)


def _mark(entry: Condition, page: Page, *, stalled: bool) -> str:
    """A station that is False without a next step, of a model that goes on by itself, is under way."""
    if entry.status == "True":
        return page.marks.good
    failed = entry.status == "False" and (stalled or bool(step_of(entry.message)))
    return page.marks.bad if failed else page.marks.open


def _held_up(model: Model) -> Condition | None:
    """The first station that is not True."""
    return next((entry for kind in STATIONS if (entry := model.condition(kind)).status != "True"), None)


def _held_up_lines(model: Model, ready: Condition, page: Page) -> list[str]:
    held = _held_up(model)
    if held is None or not without_step(held.message) or without_step(held.message) == without_step(ready.message):
        return []
    return ["", *wrapped(f"The way has come to {held.type}: {without_step(held.message)}", page, "")]


def _gates(model: Model, page: Page) -> list[str]:
    judged = verdicts(model.status.gates)
    names = {entry.name for entry in judged}
    not_judged = [gate.name for gate in model.spec.gates if gate.name not in names] if not is_ready(model) else []
    if not judged and not not_judged:
        return []
    return ["", f"Gates of version {clean(model.status.wanted_version)}:", *gate_lines(judged, page, not_judged)]


def _approvals(model: Model, page: Page, now: datetime) -> list[str]:
    given = answer_lines(answers(model.status.approvals), page, now)
    awaited = model.condition("AwaitingApproval").status == "True"
    if not given and not awaited:
        return []
    return ["", *wrapped(f"Approvals{_needed(model) if awaited else ''}:", page, ""), *given]


def _needed(model: Model) -> str:
    promotion = model.spec.promotion
    count = promotion.approval.min_approvals
    people = "1 person has" if count == 1 else f"{count} people have"
    is_other = promotion.approval.separation_of_duties == "Required" and promotion.requested_by
    return f", {people} to agree{f', other than {promotion.requested_by} who asked' if is_other else ''}"


def _failure(model: Model, page: Page, now: datetime) -> list[str]:
    failure = model.status.last_failure
    if failure is None:
        return []
    told = (model.condition("Ready").message, (_held_up(model) or Condition(type="")).message)
    is_news = without_step(failure.message) not in map(without_step, told)
    return [
        "",
        *wrapped(_failed(failure, now), page, ""),
        *(wrapped(without_step(failure.message), page) if is_news else []),
    ]


def _failed(failure: LastFailure, now: datetime) -> str:
    attempt = f", attempt {failure.attempt}" if failure.attempt else ""
    code = f", exit code {failure.exit_code}" if failure.exit_code is not None else ""
    when = with_age(failure.time, now)
    return f"Last failure: version {failure.version} at {failure.step}, {failure.reason}{attempt}{code}, {when}"
