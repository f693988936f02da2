"""Says what keeps a version of another model from serving here, and the one next step. Pure texts."""

from sentiment_contract.training import FailureReason
from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.plan import Blocked
from sentiment_operator.explaining.next_step import add, then
from sentiment_operator.facts.observed import Model
from sentiment_operator.promoting.source import Soaking
from sentiment_operator.settings import Settings

UNTOUCHED = "What serves here is not touched."


def itself(model: Model) -> Blocked:
    """It names itself."""
    what = "spec.promotion.from names this very model, and a model cannot follow itself."
    step = f"kubectl -n {model.namespace} edit smod {model.name}, and name another model in spec.promotion.from"
    return Blocked(ConditionType.ACCEPTED, Reason.INVALID, then(what, step), dead_end=True)


def missing(model: Model, settings: Settings) -> Blocked:
    """There is no such model, or it is out of the operator's sight."""
    namespace, name = followed(model)
    watched = [one.strip() for one in settings.watch_namespaces.split(",") if one.strip()]
    if watched and namespace not in watched:
        what = (
            f"{called(model)} cannot be followed: the operator watches namespaces {', '.join(watched)}, and not {namespace}."
            f" {UNTOUCHED}"
        )
        step = f"add {namespace} to watchNamespaces of the operator's chart, or follow a model in one of those"
    else:
        what = f"There is no {called(model)}, which spec.promotion.from names. {UNTOUCHED}"
        step = f"kubectl -n {namespace} get smod, and correct spec.promotion.from or create {name}"
    return Blocked(ConditionType.DEPENDENCIES_READY, Reason.SOURCE_MISSING, then(what, step), dead_end=True)


def not_allowed(model: Model) -> Blocked:
    """Its people have not said that this namespace may have it."""
    namespace, name = followed(model)
    what = f"{called(model)} does not allow namespace {model.namespace} to follow it. {UNTOUCHED}"
    step = f"kubectl -n {namespace} edit smod {name}, and add {model.namespace} to spec.promotion.allowedNamespaces"
    return Blocked(ConditionType.DEPENDENCIES_READY, Reason.SOURCE_NOT_ALLOWED, then(what, step), dead_end=True)


def soaking(model: Model, found: Soaking) -> Blocked:
    """Time alone is missing."""
    return Blocked(
        ConditionType.GATES_PASSED,
        Reason.SOAKING,
        then(soaks(model, found), f"wait, or watch it there: {look(model)}"),
        dead_end=False,
    )


def soaks(model: Model, found: Soaking) -> str:
    """Since when and until when, in one sentence."""
    return (
        f"{called(model)} serves version {found.version} in good health since {timestamp(found.since)}; it may serve here"
        f" from {timestamp(found.until)}, if that stays so."
    )


def awaited(model: Model, label: str, why: str) -> Blocked:
    """The followed model has to serve it first."""
    what = f"{_about(label)} may serve here once {called(model)} has proven it. That one {why}"
    return Blocked(ConditionType.GATES_PASSED, Reason.AWAITING_SOURCE, then(what, look(model)), dead_end=False)


def turned(model: Model, label: str, why: str) -> Blocked:
    """The followed model refused it, or gave it up."""
    what = add(f"Version {label} does not serve here: {called(model)} {why}", UNTOUCHED)
    return Blocked(ConditionType.GATES_PASSED, Reason.SOURCE_REFUSED, then(what, look(model)), dead_end=True)


def another_under_the_label(model: Model, label: str) -> Blocked:
    """One label, two sets of bytes."""
    namespace, name = followed(model)
    what = (
        f"{called(model)} serves another model under label {label} than the one that is on record here, and a label keeps"
        f" its meaning. {UNTOUCHED}"
    )
    step = f"give it a label of its own there: kubectl -n {namespace} edit smod {name}, and change spec.version"
    return Blocked(ConditionType.REGISTERED, FailureReason.VERSION_CONFLICT, then(what, step), dead_end=True)


def followed(model: Model) -> tuple[str, str]:
    """Namespace and name of the followed model."""
    source = model.spec.promotion.source
    return (source.namespace or model.namespace, source.model_ref.name) if source is not None else ("", "")


def _about(label: str) -> str:
    return f"Version {label}" if label else "The first version"


def called(model: Model) -> str:
    """Kind, namespace and name of the followed model."""
    return f"SentimentModel {'/'.join(followed(model))}"


def look(model: Model) -> str:
    """Shows the followed model."""
    namespace, name = followed(model)
    return f"kubectl -n {namespace} describe smod {name}"
