"""Says what is the matter with a followed branch or tag, where, and the one next step. Pure texts."""

from sentiment_contract.training import FailureReason, Fault, TrainingFailed, fault_of
from sentiment_operator import names
from sentiment_operator.api.following import Followed
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.plan import Blocked
from sentiment_operator.explaining.next_step import add, look_at_pods, sentence, then, try_again
from sentiment_operator.facts.jobs import LookUpJob, Trouble
from sentiment_operator.facts.observed import Head, Model
from sentiment_operator.reading.pinning import Question

COMMIT_DIGITS = 12


def looking_up(model: Model, question: Question, running: LookUpJob | None) -> Blocked:
    """Nothing is known yet, and somebody looks."""
    trouble = running.trouble if running is not None else None
    if running is not None and trouble is not None:
        what = f"Job {running.name}, which looks up what {_called(question)} holds, cannot run: {_told(trouble)}"
        step = look_at_pods(model, names.TRAINER, trouble.reason)
        return Blocked(ConditionType.DATA_VERIFIED, trouble.reason, then(what, step), dead_end=False)
    who = f"Job {running.name} looks" if running is not None else "It is being looked"
    what = f"{who} up what {_called(question)} holds."
    return Blocked(ConditionType.DATA_VERIFIED, Reason.LOOKING_UP, what, dead_end=False)


def server_said(model: Model, question: Question, head: Head, known: Followed | None) -> Blocked:
    """The git server did not tell the commit."""
    return _blocked(model, question, head.reason, head.message, known)


def job_failed(model: Model, question: Question, job: LookUpJob, known: Followed | None) -> Blocked:
    """The Job that looked did not find what was asked for."""
    match job.answer:
        case TrainingFailed(reason=reason, message=message):
            return _blocked(model, question, reason, message, known)
        case _:
            trouble = job.failure or Trouble(Reason.LOOK_UP_FAILED, "it ended without an answer")
            what = f"Job {job.name}, which looks up what {_called(question)} holds, failed: {_told(trouble)}"
            return _blocked(model, question, Reason.LOOK_UP_FAILED, what, known)


def _blocked(model: Model, question: Question, reason: str, message: str, known: Followed | None) -> Blocked:
    is_of_data = reason in frozenset(FailureReason) and fault_of(FailureReason(reason)) is Fault.DATA
    if known is None:
        step = ConditionType.DATA_VERIFIED if is_of_data else ConditionType.DEPENDENCIES_READY
        again = "It is looked up again by itself."
    else:
        step = ConditionType.UP_TO_DATE if is_of_data else ConditionType.DEPENDENCIES_READY
        again = (
            f"What {question.source.revision} held at commit {known.commit[:COMMIT_DIGITS]} is followed until it is found"
            " again by itself."
        )
    return Blocked(step, reason, then(add(message, again), try_again(model)), dead_end=True)


def _called(question: Question) -> str:
    return f"{question.source.revision} of {question.source.repo_url}"


def _told(trouble: Trouble) -> str:
    return sentence(trouble.message or trouble.reason)
