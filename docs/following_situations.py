"""What the operator says of a model that follows a branch, or chooses a trainer, in every situation there is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from sentiment_contract.data import DVCSource
from sentiment_contract.look_up import LookedUp
from sentiment_contract.parameters import ParametersFrom
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator.api.following import Followed
from sentiment_operator.api.model import Training
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.facts.jobs import JobState, LookUpJob, Trouble
from sentiment_operator.facts.observed import Head, Model, Observed, RegistryAnswer
from sentiment_operator.reading.pinning import Question, pinned, question_of

COMMIT = "c" * 40
_SOURCE = DVCSource(repoURL="https://git.example.com/reviews.git", revision="main", path="data/train.csv")
_SERVERS = (
    FailureReason.REPOSITORY_UNREACHABLE,
    FailureReason.CREDENTIALS_DENIED,
    FailureReason.REVISION_NOT_FOUND,
)
_OF_A_COMMIT = (FailureReason.DATA_NOT_FOUND, FailureReason.PARAMETERS_INVALID)


def situations_of_following(
    plain: Model, proven: Callable[[str, str], Observed], why: str, now: datetime
) -> Iterator[tuple[Model, Observed]]:
    """Models with what was seen of each. `proven`: what is seen where a label with a recipe of that hash serves."""
    unknown = _model(plain, None)
    question = question_of(unknown.spec)
    if question is None:
        raise AssertionError("the sample follows a branch")
    yield unknown, Observed()
    yield unknown, Observed(look_ups=(_job(question, now, trouble=Trouble("Unschedulable", why)),))
    known = _model(plain, _followed(question))
    serving = proven(known.spec.wanted_label(), known.spec.recipe_hash())
    for reason in _SERVERS:
        for model, seen in ((unknown, Observed()), (known, serving)):
            yield model, replace(seen, head=Head(reason=reason, message=why))
    for reason in _OF_A_COMMIT:
        failed = _job(question, now, state=JobState.FAILED, answer=TrainingFailed(reason=reason, message=why))
        for model, seen in ((unknown, Observed()), (known, serving)):
            yield model, replace(seen, look_ups=(failed,))
    died = _job(question, now, state=JobState.FAILED, failure=Trouble("JobFailed", why))
    for model, seen in ((unknown, Observed()), (known, serving)):
        yield model, replace(seen, look_ups=(died,))
    yield known, serving
    yield from _with_parameters_in_a_file(plain, proven)
    yield _with_a_trainer(plain), Observed(registry=RegistryAnswer(()))


def _with_parameters_in_a_file(
    plain: Model, proven: Callable[[str, str], Observed]
) -> Iterator[tuple[Model, Observed]]:
    """A label that was looked up once is served without another look."""
    data = plain.spec.own_recipe().data.model_copy(update={"volume": None, "dvc": _SOURCE})
    training = Training(parameters_from=ParametersFrom(path="params.yaml"))
    spec = plain.spec.model_copy(update={"data": data, "training": training})
    yield replace(plain, spec=pinned(spec, None)), proven(plain.spec.wanted_label(), "0" * 64)


def _with_a_trainer(plain: Model) -> Model:
    return replace(plain, spec=plain.spec.model_copy(update={"training": Training(trainer="a-name")}))


def _model(plain: Model, followed: Followed | None) -> Model:
    data = plain.spec.own_recipe().data.model_copy(update={"volume": None, "dvc": _SOURCE})
    spec = plain.spec.model_copy(update={"version": None, "data": data})
    return replace(plain, spec=pinned(spec, followed), status=SentimentModelStatus(followed=followed))


def _followed(question: Question) -> Followed:
    return Followed(
        question=question.digest(),
        revision=_SOURCE.revision,
        commit=COMMIT,
        content="md5:0",
        time="2026-01-01T00:00:00Z",
    )


def _job(
    question: Question,
    now: datetime,
    *,
    state: JobState = JobState.PENDING,
    answer: LookedUp | TrainingFailed | None = None,
    failure: Trouble | None = None,
    trouble: Trouble | None = None,
) -> LookUpJob:
    return LookUpJob(
        name="NAME-look-HASH-1",
        ours=True,
        key=question.key(),
        commit="",
        attempt=1,
        retry="",
        state=state,
        created_at=now,
        finished_at=now if state is JobState.FAILED else None,
        answer=answer,
        failure=failure,
        trouble=trouble,
    )
