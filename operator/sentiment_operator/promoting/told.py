"""The condition UpToDate of a model that follows another one: whether it wants what that one has proven last. Pure."""

from sentiment_operator.api.conditions import Verdict
from sentiment_operator.api.reasons import Reason
from sentiment_operator.deciding.view import View
from sentiment_operator.explaining.next_step import sentence, then, without_step
from sentiment_operator.promoting import explain
from sentiment_operator.promoting.source import Awaited, Proven, Soaking, Turned


def up_to_date(view: View) -> Verdict:
    """What is wanted here beside what the followed model serves."""
    model, source, wanted = view.model, view.observed.source, view.plan.wanted
    called = explain.called(model)
    if source is None:
        what = f"{called} is not there, so nothing newer will come."
        return Verdict("False", Reason.SOURCE_MISSING, then(what, explain.look(model)))
    if not source.allows:
        not_allowed = explain.not_allowed(model)
        return Verdict("False", not_allowed.reason, not_allowed.message)
    serving = source.status.serving_version
    if wanted and wanted == serving:
        return Verdict("True", Reason.SOURCE_MATCHES, f"{called} serves version {serving} as well.")
    match view.plan.source_standing:
        case Soaking() as soaking:
            return Verdict("True", Reason.SOAKING, explain.soaks(model, soaking))
        case Turned(why):
            return Verdict("False", Reason.SOURCE_REFUSED, then(f"{called} {without_step(why)}", explain.look(model)))
        case Awaited(why):
            return Verdict("Unknown", Reason.AWAITING_SOURCE, f"{called} {sentence(without_step(why))}")
        case Proven() | None:
            pass
    if not serving:
        return Verdict("Unknown", Reason.AWAITING_SOURCE, f"{called} serves nothing now.")
    step = (
        f'kubectl -n {model.namespace} patch smod {model.name} --type merge -p \'{{"spec":{{"version":"{serving}"}}}}\''
    )
    what = f"spec.version is {wanted}; {called} serves version {serving} by now."
    return Verdict("False", Reason.SOURCE_AHEAD, then(what, step))
