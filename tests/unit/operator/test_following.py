"""A branch is followed: what moves it, what does not, and what outlives a restart or an unreachable repository."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from sentiment_contract.look_up import LookedUp, LookUpOrder
from sentiment_contract.parameters import Parameters
from sentiment_contract.training import FailureReason, TrainingFailed
from sentiment_operator.api.conditions import condition_of
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.deciding.following import follow
from sentiment_operator.facts.jobs import JobState, LookUpJob
from sentiment_operator.facts.observed import Head, Observed
from sentiment_operator.kinds import JOB, MODEL, POD
from sentiment_operator.reading import extract, workload
from sentiment_operator.reading.pinning import pinned, question_of
from sentiment_operator.reading.raw import is_look_up
from tests.support.builders import NOW, SETTINGS, model
from tests.unit.operator.simulated_world import NAME, Operator, World, for_seconds, until_quiet

MINUTE = 60.0


def commit(number: int) -> str:
    """A whole commit."""
    return f"{number:040x}"


@dataclass
class Branch:
    """A branch of a git repository, as a push changes it; in the order in which its commits were made."""

    world: World
    is_open: bool
    """The git server tells the operator its commits; else only a Job can look."""
    content: str = "md5:first"
    parameters: Parameters | None = None
    pushes: int = 0
    broken: FailureReason | None = None
    asked: list[LookUpOrder] = field(default_factory=list[LookUpOrder])

    def push(self, content: str = "", *, parameters: Parameters | None = None) -> None:
        """A new commit; without content, one that leaves the data as they are."""
        self.pushes, self.content = self.pushes + 1, content or self.content
        self.parameters = parameters or self.parameters
        if self.is_open:
            self.world.head = Head(commit=commit(self.pushes))
            self.world.changes += 1

    def answer(self, order: LookUpOrder) -> LookedUp | TrainingFailed:
        """What a look at it finds."""
        self.asked.append(order)
        if self.broken is not None:
            return TrainingFailed(reason=self.broken, message="Something is wrong. Next: mend it")
        found = self.parameters if order.parameters_from is not None else None
        return LookedUp(commit=commit(self.pushes), content=self.content, parameters=found)


def following(*, is_open: bool = True, version: str | None = None, **training: Any) -> SentimentModelSpec:
    """A spec that names the branch main."""
    source: dict[str, Any] = {"repoURL": "https://git.example.com/reviews.git", "revision": "main", "path": "train.csv"}
    if not is_open:
        source["credentialsSecretRef"] = {"name": "git"}
    document: dict[str, Any] = {"data": {"dvc": source}, "training": training}
    return SentimentModelSpec.model_validate(document | ({"version": version} if version else {}))


def started(spec: SentimentModelSpec, *, is_open: bool = True) -> tuple[Operator, Branch]:
    """A world in which the spec was applied, a first commit was pushed, and everything has come to rest."""
    operator = Operator(World())
    branch = Branch(operator.world, is_open)
    operator.world.holds = branch.answer
    branch.push()
    operator.world.edit(spec)
    for_seconds(operator, 5 * MINUTE)
    return operator, branch


def told(operator: Operator) -> SentimentModelStatus:
    return extract.model_status(operator.world.objects[MODEL, NAME])


def said(operator: Operator, kind: ConditionType) -> tuple[str, str]:
    found = condition_of(told(operator).conditions, kind)
    return (found.status, found.reason) if found is not None else ("", "")


def serves(operator: Operator) -> str:
    """The version that has all traffic and is said to have it."""
    assert said(operator, ConditionType.READY) == ("True", "Serving")
    assert operator.world.answer().version == told(operator).serving_version
    return told(operator).serving_version


def trained(operator: Operator) -> int:
    """How many trainings there ever were."""
    return len(operator.world.starts)


def looks_left(operator: Operator) -> list[str]:
    return [job["metadata"]["name"] for job in operator.world.of(JOB) if is_look_up(job)]


OPEN = pytest.mark.parametrize("is_open", [True, False], ids=["asked by the operator", "looked up by a Job"])


@OPEN
def test_new_data_is_trained_and_served_and_a_revert_brings_back_the_earlier_version(is_open: bool) -> None:
    operator, branch = started(following(is_open=is_open), is_open=is_open)
    first = serves(operator)
    digest = operator.world.answer().digest
    branch.push("md5:second")
    for_seconds(operator, 10 * MINUTE)
    second = serves(operator)
    assert (second != first, trained(operator)) == (True, 2)
    branch.push("md5:first")
    for_seconds(operator, 10 * MINUTE)
    assert (serves(operator), operator.world.answer().digest, trained(operator)) == (first, digest, 2)


@OPEN
def test_the_training_is_told_the_commit_that_was_looked_up(is_open: bool) -> None:
    operator, branch = started(following(is_open=is_open), is_open=is_open)
    order = operator.world.starts[0].order
    assert order.recipe.pin is not None
    assert order.recipe.pinned_data().dvc is not None
    assert order.recipe.pinned_data().dvc.revision == commit(branch.pushes)  # pyright: ignore[reportOptionalMemberAccess]
    assert order.recipe.recipe_hash() == order.recipe_hash


@OPEN
def test_a_commit_that_leaves_the_data_alone_changes_no_version(is_open: bool) -> None:
    operator, branch = started(following(is_open=is_open), is_open=is_open)
    before = serves(operator)
    branch.push()
    for_seconds(operator, 10 * MINUTE)
    assert (serves(operator), trained(operator)) == (before, 1)
    followed = told(operator).followed
    assert followed is not None
    assert followed.commit == commit(2)


@OPEN
def test_a_restart_neither_forgets_nor_trains(is_open: bool) -> None:
    operator, branch = started(following(is_open=is_open), is_open=is_open)
    before = serves(operator)
    branch.broken = FailureReason.REPOSITORY_UNREACHABLE
    operator.world.head = None
    for name in looks_left(operator):
        operator.world.delete(JOB, name)
    operator.restart()
    for_seconds(operator, 10 * MINUTE)
    assert (serves(operator), trained(operator)) == (before, 1)


@pytest.mark.parametrize("reason", ["RepositoryUnreachable", "CredentialsDenied", "RevisionNotFound"])
@OPEN
def test_a_repository_that_is_away_takes_nothing_away(is_open: bool, reason: str) -> None:
    operator, branch = started(following(is_open=is_open), is_open=is_open)
    before = serves(operator)
    branch.broken = FailureReason(reason)
    if is_open:
        operator.world.head = Head(reason=reason, message="It is away. Next: look")
        operator.world.changes += 1
    for_seconds(operator, 10 * MINUTE)
    assert (serves(operator), trained(operator)) == (before, 1)
    assert said(operator, ConditionType.DEPENDENCIES_READY) == ("False", reason)
    assert said(operator, ConditionType.STALLED)[0] == "False"
    message = condition_of(told(operator).conditions, ConditionType.DEPENDENCIES_READY)
    assert message is not None
    assert commit(1)[:12] in message.message
    branch.broken = None
    branch.push("md5:second")
    for_seconds(operator, 10 * MINUTE)
    assert serves(operator) != before
    assert said(operator, ConditionType.DEPENDENCIES_READY)[0] == "True"


@OPEN
def test_where_nothing_is_known_yet_a_failed_look_says_so_and_is_repeated_with_pauses(is_open: bool) -> None:
    operator = Operator(World())
    branch = Branch(operator.world, is_open, broken=FailureReason.REPOSITORY_UNREACHABLE)
    operator.world.holds = branch.answer
    branch.push()
    operator.world.edit(following(is_open=is_open))
    for_seconds(operator, 10 * MINUTE)
    assert said(operator, ConditionType.STALLED) == ("True", "RepositoryUnreachable")
    assert said(operator, ConditionType.READY) == ("False", "RepositoryUnreachable")
    assert 5 <= len(operator.world.looks) <= 11
    branch.broken = None
    for_seconds(operator, 10 * MINUTE)
    assert serves(operator)


def test_a_bad_commit_is_looked_at_once_and_what_is_known_goes_on() -> None:
    operator, branch = started(following())
    before = serves(operator)
    looked = len(operator.world.looks)
    branch.broken = FailureReason.PARAMETERS_INVALID
    branch.push("md5:bad")
    for_seconds(operator, 30 * MINUTE)
    assert len(operator.world.looks) == looked + 1
    assert said(operator, ConditionType.UP_TO_DATE) == ("False", "ParametersInvalid")
    assert serves(operator) == before


def test_a_bad_commit_that_is_taken_back_is_forgotten() -> None:
    operator, branch = started(following())
    branch.broken = FailureReason.DATA_NOT_FOUND
    branch.push("md5:bad")
    for_seconds(operator, 10 * MINUTE)
    assert said(operator, ConditionType.UP_TO_DATE)[0] == "False"
    operator.world.head = Head(commit=commit(1))
    operator.world.changes += 1
    for_seconds(operator, MINUTE)
    assert said(operator, ConditionType.UP_TO_DATE) == ("True", "RecipeMatches")


@OPEN
def test_pinning_an_old_label_is_done_at_once_and_following_again_too(is_open: bool) -> None:
    operator, branch = started(following(is_open=is_open), is_open=is_open)
    first = serves(operator)
    branch.push("md5:second")
    for_seconds(operator, 10 * MINUTE)
    second = serves(operator)
    looked = len(operator.world.looks)
    operator.world.edit(following(is_open=is_open, version=first))
    for_seconds(operator, MINUTE)
    assert serves(operator) == first
    assert said(operator, ConditionType.UP_TO_DATE) == ("False", "RecipeChanged")
    branch.push("md5:third")
    for_seconds(operator, 30 * MINUTE)
    assert (serves(operator), trained(operator), len(operator.world.looks)) == (first, 2, looked)
    operator.world.edit(following(is_open=is_open))
    for_seconds(operator, 10 * MINUTE)
    assert serves(operator) not in (first, second)


def test_a_label_on_a_branch_is_trained_as_written_and_does_not_move() -> None:
    operator, branch = started(following(version="7"))
    assert (serves(operator), operator.world.looks) == ("7", [])
    assert operator.world.starts[0].order.recipe.pin is None
    branch.push("md5:second")
    for_seconds(operator, 10 * MINUTE)
    assert (serves(operator), trained(operator)) == ("7", 1)
    assert said(operator, ConditionType.UP_TO_DATE) == ("True", "RecipeMatches")


def test_an_open_repository_is_quiet_while_nothing_moves() -> None:
    operator, _ = started(following())
    operator.world.now += timedelta(days=1)
    operator.restart()
    before = len(operator.writes)
    until_quiet(operator)
    assert operator.writes[before:] == []


def test_a_closed_repository_costs_one_job_for_each_interval_and_no_write_of_status() -> None:
    operator, _ = started(following(is_open=False), is_open=False)
    looked, writes = len(operator.world.looks), len(operator.writes)
    for_seconds(operator, 60 * MINUTE)
    rounds = 3600 / SETTINGS.look_up_job_seconds
    assert 0.7 * rounds <= len(operator.world.looks) - looked <= rounds
    assert "status SentimentModel" not in operator.writes[writes:]
    assert len(looks_left(operator)) == 1


def test_a_suspended_model_looks_at_nothing() -> None:
    operator = Operator(World())
    branch = Branch(operator.world, is_open=True)
    operator.world.holds = branch.answer
    branch.push()
    operator.world.edit(following().model_copy(update={"suspend": True}))
    for_seconds(operator, 10 * MINUTE)
    assert operator.world.looks == []
    assert said(operator, ConditionType.STALLED)[0] == "False"


def test_a_model_that_no_longer_follows_leaves_no_look_behind() -> None:
    operator, _ = started(following())
    assert looks_left(operator)
    operator.world.edit(following(version="7"))
    for_seconds(operator, 5 * MINUTE)
    assert looks_left(operator) == []


PARAMETERS_FROM = {"path": "params.yaml", "key": "train"}


@OPEN
def test_parameters_of_the_repository_are_followed_like_its_data(is_open: bool) -> None:
    operator, branch = started(
        following(is_open=is_open, parametersFrom=PARAMETERS_FROM, parameters={"ngramMax": 3}), is_open=is_open
    )
    first = serves(operator)
    branch.push(parameters=Parameters(seed=7, ngram_max=1))
    for_seconds(operator, 10 * MINUTE)
    assert (serves(operator) != first, trained(operator)) == (True, 2)
    parameters = operator.world.starts[-1].order.recipe.parameters
    assert (parameters.seed, parameters.ngram_max) == (7, 3)
    branch.push(parameters=Parameters(seed=42))
    for_seconds(operator, 10 * MINUTE)
    assert (serves(operator), trained(operator)) == (first, 2)


@pytest.mark.parametrize("revision", ["main", "f" * 40], ids=["a branch", "a commit"])
def test_a_label_with_parameters_in_a_file_is_looked_up_once(revision: str) -> None:
    spec = following(version="7", parametersFrom=PARAMETERS_FROM)
    source = spec.data.dvc
    assert source is not None
    data = spec.data.model_copy(update={"dvc": source.model_copy(update={"revision": revision})})
    operator = Operator(World())
    branch = Branch(operator.world, is_open=True, parameters=Parameters(seed=7))
    operator.world.holds = branch.answer
    branch.push()
    operator.world.edit(spec.model_copy(update={"data": data}))
    for_seconds(operator, 10 * MINUTE)
    assert operator.world.starts[0].order.recipe.parameters.seed == 7
    branch.push(parameters=Parameters(seed=8))
    for_seconds(operator, 10 * MINUTE)
    assert (serves(operator), trained(operator), len(operator.world.looks)) == ("7", 1, 1)


def edits() -> list[tuple[str, Callable[[], SentimentModelSpec]]]:
    return [
        ("another repository path", lambda: following_path("other.csv")),
        ("parameters from a file", lambda: following(parametersFrom=PARAMETERS_FROM)),
    ]


def following_path(path: str) -> SentimentModelSpec:
    plain = following()
    source = plain.data.dvc
    assert source is not None
    return plain.model_copy(
        update={"data": plain.data.model_copy(update={"dvc": source.model_copy(update={"path": path})})}
    )


@pytest.mark.parametrize("edited", [edit for _, edit in edits()], ids=[name for name, _ in edits()])
def test_another_question_is_looked_up_while_what_serves_goes_on(edited: Callable[[], SentimentModelSpec]) -> None:
    operator, branch = started(following())
    before = serves(operator)
    branch.broken = FailureReason.REPOSITORY_UNREACHABLE
    operator.world.edit(edited())
    for_seconds(operator, 5 * MINUTE)
    assert operator.world.answer().version == before
    assert said(operator, ConditionType.AVAILABLE)[0] == "True"
    assert said(operator, ConditionType.READY)[0] == "False"


def test_the_next_label_is_looked_up_anew() -> None:
    operator, branch = started(following(version="7", parametersFrom=PARAMETERS_FROM))
    branch.push(parameters=Parameters(seed=8))
    operator.world.edit(following(version="8", parametersFrom=PARAMETERS_FROM))
    for_seconds(operator, 5 * MINUTE)
    assert (serves(operator), operator.world.starts[-1].order.recipe.parameters.seed) == ("8", 8)
    operator.world.edit(following(version="7", parametersFrom=PARAMETERS_FROM))
    for_seconds(operator, 5 * MINUTE)
    assert (serves(operator), trained(operator)) == ("7", 2)
    assert said(operator, ConditionType.UP_TO_DATE) == ("Unknown", "NotLookedUp")


def test_a_label_whose_parameters_are_wrong_waits_for_a_person() -> None:
    operator = Operator(World())
    branch = Branch(operator.world, is_open=True, broken=FailureReason.PARAMETERS_INVALID)
    operator.world.holds = branch.answer
    branch.push()
    operator.world.edit(following(version="7", parametersFrom=PARAMETERS_FROM))
    for_seconds(operator, 60 * MINUTE)
    assert (said(operator, ConditionType.STALLED), len(operator.world.looks)) == (("True", "ParametersInvalid"), 1)
    branch.broken = None
    operator.world.annotate_retry("now")
    for_seconds(operator, 5 * MINUTE)
    assert (serves(operator), len(operator.world.looks)) == ("7", 2)


def test_what_another_release_wrote_in_another_way_is_looked_up_anew_and_not_trained_again() -> None:
    operator, _ = started(following(parametersFrom=PARAMETERS_FROM))
    before = serves(operator)
    body = operator.world.objects[MODEL, NAME]
    followed = {**body["status"]["followed"], "parameters": '{"learningRate": 1}'}
    operator.world.write_status(MODEL, NAME, {**body["status"], "followed": followed})
    for_seconds(operator, 5 * MINUTE)
    assert (serves(operator), trained(operator)) == (before, 1)


def test_the_answer_of_a_job_of_another_model_is_taken_and_its_silence_waited_for() -> None:
    question = question_of(following())
    assert question is not None
    head = Head(commit=commit(1))
    other = LookUpJob(
        name="other-look-1",
        ours=False,
        key=question.key(),
        commit=commit(1),
        attempt=1,
        retry="",
        state=JobState.SUCCEEDED,
        created_at=NOW,
        finished_at=NOW,
        answer=None,
        failure=None,
        trouble=None,
    )
    plain = model(pinned(following(), None))
    waiting = follow(plain, Observed(look_ups=(other,), head=head), SETTINGS, NOW)
    assert (waiting.look_up, waiting.requeue_after, waiting.obsolete_jobs) == (None, 1.0, ())
    silent = follow(plain, Observed(look_ups=(other,), head=head), SETTINGS, NOW + timedelta(minutes=2))
    assert silent.look_up is not None
    answered = replace(other, answer=LookedUp(commit=commit(1), content="md5:a"))
    known = follow(plain, Observed(look_ups=(answered,), head=head), SETTINGS, NOW)
    assert known.followed is not None
    assert (known.followed.content, known.look_up, known.obsolete_jobs) == ("md5:a", None, ())


def test_no_more_look_at_once_than_are_allowed() -> None:
    full = Observed(head=Head(commit=commit(1)), look_ups_elsewhere=SETTINGS.max_concurrent_look_ups)
    found = follow(model(pinned(following(), None)), full, SETTINGS, NOW)
    assert (found.look_up, found.requeue_after) == (None, 5.0)
    assert follow(model(pinned(following(), None)), replace(full, look_ups_elsewhere=0), SETTINGS, NOW).look_up


def test_a_webhook_has_a_job_look_at_once_and_only_once() -> None:
    operator, _ = started(following(is_open=False), is_open=False)
    one = extract.model(operator.world.objects[MODEL, NAME])
    question = question_of(one.spec)
    assert question is not None
    jobs = [
        workload.look_up_job(job, operator.world.of(POD), one.uid) for job in operator.world.of(JOB) if is_look_up(job)
    ]
    seen = Observed(look_ups=tuple(jobs))
    now = jobs[-1].created_at + timedelta(seconds=10)
    assert follow(one, seen, SETTINGS, now).look_up is None
    told = replace(seen, look_up_asked_at=now - timedelta(seconds=1))
    assert follow(one, told, SETTINGS, now).look_up is not None
    before = replace(seen, look_up_asked_at=jobs[-1].created_at - timedelta(seconds=1))
    assert follow(one, before, SETTINGS, now).look_up is None
