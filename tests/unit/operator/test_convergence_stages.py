"""Development → staging → production: production serves only what staging proved, as the very same bytes.

Nothing is trained behind the first stage. What a later stage serves outlives the one before it.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import pytest

from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.facts.observed import Manifest, Model
from sentiment_operator.kinds import DEPLOYMENT, JOB, MODEL, POD, REVISION
from sentiment_operator.names import ARTIFACT_DIGEST_ANNOTATION
from sentiment_operator.reading import extract
from sentiment_operator.reading.raw import uid_of
from sentiment_operator.telling.events import events
from tests.support.seeds import seeds
from tests.unit.operator.simulated_world import NAME, Killed, Operator, World
from tests.unit.operator.staged_world import (
    DEVELOPMENT,
    PRODUCTION,
    SOAK,
    STAGING,
    Stage,
    follower,
    for_seconds,
    trained,
)
from tests.unit.operator.test_convergence import said, told
from tests.unit.operator.test_convergence_rollout import CANARY, CANDIDATE, PODS, failing, limited

ENOUGH = 40
"""Seconds in which a training or a rollout ends here."""
TOO_STRICT = {"name": "accurate", "metric": "accuracy", "threshold": "0.99"}


@dataclass(frozen=True)
class Way:
    """The three stages."""

    development: Stage
    staging: Stage
    production: Stage

    @property
    def stages(self) -> tuple[Stage, ...]:
        return self.development, self.staging, self.production

    def goes_on(self, seconds: int = ENOUGH) -> None:
        for_seconds(self.stages, seconds)

    @property
    def serving(self) -> tuple[str, ...]:
        """What answers in each stage."""
        return tuple(stage.world.answer().version for stage in self.stages)


def assert_proven(operator: Operator, _model: Model, desired: Manifest) -> None:
    """Whatever a stage is about to run served in the stage before, as the same bytes."""
    assert isinstance(operator, Stage)
    assert operator.before is not None
    digest = desired["spec"]["template"]["metadata"]["annotations"][ARTIFACT_DIGEST_ANNOTATION]
    known = operator.before.world.of(REVISION)
    served = [body["spec"]["artifactDigest"] for body in known if has_taken_over(body)]
    assert digest in served or not known


def has_taken_over(revision: Manifest) -> bool:
    return any(interval["reason"] != "OnTrial" for interval in revision.get("status", {}).get("serving", []))


def way(
    first: SentimentModelSpec | None = None,
    second: SentimentModelSpec | None = None,
    third: SentimentModelSpec | None = None,
) -> Way:
    """A world for each stage, with the models applied."""
    development = Stage(World(), name=DEVELOPMENT)
    staging = Stage(World(), name=STAGING, before=development, before_rollout=assert_proven)
    production = Stage(World(), name=PRODUCTION, before=staging, before_rollout=assert_proven)
    development.world.edit(first or trained("1", STAGING))
    staging.world.edit(second or follower(DEVELOPMENT, promotion={"allowedNamespaces": [PRODUCTION]}))
    production.world.edit(third or follower(STAGING))
    return Way(development, staging, production)


def all_serve_the_first() -> Way:
    found = way()
    found.goes_on(2 * SOAK + 3 * ENOUGH)
    assert found.serving == ("1", "1", "1")
    return found


def digests(found: Way, label: str) -> set[str]:
    """The bytes on record under the label, in whatever stage."""
    recorded = [
        extract.revisions(stage.world.of(REVISION), uid_of(stage.world.objects[MODEL, NAME])) for stage in found.stages
    ]
    return {revisions[label].spec.artifact_digest for revisions in recorded}


def test_the_same_bytes_go_from_stage_to_stage_and_nothing_is_trained_again() -> None:
    found = all_serve_the_first()
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(2 * SOAK + 3 * ENOUGH)
    assert found.serving == ("2", "2", "2")
    assert len(digests(found, "2")) == 1
    assert [len(stage.world.starts) for stage in found.stages] == [2, 0, 0]
    assert not found.staging.world.of(JOB)
    for stage in found.stages:
        assert said(stage, ConditionType.READY) == ("True", "Serving")
    assert said(found.production, ConditionType.UP_TO_DATE) == ("True", "SourceMatches")
    assert [entry.reason for entry in told(found.production).history] == ["Promoted", "Promoted"]
    (trained_here, *_), (promoted, *_) = (_news(stage) for stage in (found.development, found.production))
    assert trained_here == ("VersionTrained", "Version 2 is trained, accuracy 0.91.")
    assert promoted == ("Promoted", "Version 2 was proven by SentimentModel staging/imdb, accuracy 0.91.")


def _news(stage: Stage) -> list[tuple[str, str]]:
    """What Events tell of how the version was had, to whoever has heard of nothing before."""
    return [
        (fact.reason, fact.message)
        for fact in events(SentimentModelStatus(), told(stage))
        if fact.reason in ("VersionTrained", "Promoted")
    ]


def test_it_soaks_in_every_stage_before_it_goes_on() -> None:
    found = all_serve_the_first()
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(SOAK // 2 + ENOUGH)
    assert said(found.staging, ConditionType.READY) == ("True", "Serving")
    assert said(found.staging, ConditionType.UP_TO_DATE) == ("True", "Soaking")
    found.goes_on(SOAK + 2 * ENOUGH)
    for stage in (found.staging, found.production):
        began = [datetime.fromisoformat(told(each).history[0].since) for each in (stage, stage.before) if each]
        if told(stage).history[0].version == "2":
            assert (began[0] - began[1]).total_seconds() >= SOAK
    found.goes_on(SOAK + ENOUGH)
    assert found.serving == ("2", "2", "2")


def test_nothing_serves_before_the_first_version_is_proven_and_nothing_stalls() -> None:
    found = way()
    found.goes_on(5)
    assert said(found.production, ConditionType.READY) == ("False", "AwaitingSource")
    assert said(found.production, ConditionType.STALLED)[0] == "False"
    found.goes_on(ENOUGH - 5)
    assert said(found.staging, ConditionType.READY) == ("False", "Soaking")
    assert said(found.staging, ConditionType.STALLED)[0] == "False"
    assert found.serving == ("1", "", "")


def test_a_version_that_staging_refuses_stops_there() -> None:
    found = all_serve_the_first()
    found.staging.world.edit(follower(DEVELOPMENT, gates=[TOO_STRICT], promotion={"allowedNamespaces": [PRODUCTION]}))
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(3 * SOAK + 3 * ENOUGH)
    assert found.serving == ("2", "1", "1")
    assert said(found.staging, ConditionType.STALLED) == ("True", "GateFailed")
    assert said(found.production, ConditionType.READY) == ("True", "Serving")
    assert "2" not in {revision.spec.version for revision in _recorded(found.production)}


def _recorded(stage: Stage) -> list[Any]:
    return list(extract.revisions(stage.world.of(REVISION), uid_of(stage.world.objects[MODEL, NAME])).values())


def test_a_version_that_breaks_while_it_soaks_goes_no_further() -> None:
    found = all_serve_the_first()
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(SOAK + ENOUGH)
    assert found.serving == ("2", "2", "1")
    found.staging.world.hinders = lambda label: "CrashLoopBackOff" if label == "2" else None
    for pod in found.staging.world.of(POD):
        found.staging.world.delete(POD, pod["metadata"]["name"])
    found.goes_on(3 * SOAK)
    assert found.serving[2] == "1"
    assert said(found.production, ConditionType.READY) == ("True", "Serving")
    assert said(found.production, ConditionType.UP_TO_DATE) == ("Unknown", "AwaitingSource")
    found.staging.world.hinders = lambda _: None
    for pod in found.staging.world.of(POD):
        found.staging.world.delete(POD, pod["metadata"]["name"])
    found.goes_on(SOAK // 2)
    assert found.serving == ("2", "2", "1")
    found.goes_on(SOAK + ENOUGH)
    assert found.serving == ("2", "2", "2")


def test_what_staging_goes_back_from_before_it_soaked_never_serves_in_production() -> None:
    found = all_serve_the_first()
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(SOAK + ENOUGH)
    assert found.serving == ("2", "2", "1")
    found.staging.world.edit(follower(DEVELOPMENT, "1", promotion={"allowedNamespaces": [PRODUCTION]}))
    found.goes_on(3 * SOAK)
    assert found.serving == ("2", "1", "1")
    assert [entry.version for entry in told(found.production).history] == ["1"]


def test_a_trial_in_staging_proves_nothing_however_long_it_lasts() -> None:
    found = all_serve_the_first()
    long = {"strategy": "BlueGreen", "steps": [{"pauseSeconds": 10 * SOAK}]}
    found.staging.world.edit(follower(DEVELOPMENT, rollout=long, promotion={"allowedNamespaces": [PRODUCTION]}))
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(3 * SOAK + ENOUGH)
    assert found.serving == ("2", "2", "1")
    assert told(found.staging).serving_version == "2"
    assert said(found.production, ConditionType.READY)[0] == "True"
    found.development.world.edit(trained("3", STAGING))
    found.goes_on(3 * SOAK + ENOUGH)
    assert found.serving == ("3", "3", "1")
    found.goes_on(12 * SOAK)
    assert found.serving == ("3", "3", "3")


def test_going_back_travels_at_once() -> None:
    found = all_serve_the_first()
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(2 * SOAK + 3 * ENOUGH)
    found.staging.world.edit(follower(DEVELOPMENT, "1", promotion={"allowedNamespaces": [PRODUCTION]}))
    found.goes_on(ENOUGH)
    assert found.serving == ("2", "1", "1")


def test_production_outlives_the_stage_before_it() -> None:
    found = all_serve_the_first()
    for address in list(found.staging.world.objects):
        found.staging.world.delete(*address)
    found.production.run_pass()
    for_seconds((found.production,), ENOUGH)
    assert found.production.world.answer().version == "1"
    assert said(found.production, ConditionType.READY) == ("True", "Serving")
    assert said(found.production, ConditionType.UP_TO_DATE) == ("False", "SourceMissing")
    found.production.world.delete(*next(address for address in found.production.world.objects if address[0] == POD))
    for_seconds((found.production,), ENOUGH)
    assert said(found.production, ConditionType.READY) == ("True", "Serving")


def test_nobody_follows_who_is_not_allowed_to() -> None:
    found = way(second=follower(DEVELOPMENT))
    found.goes_on(3 * SOAK)
    assert found.serving == ("1", "1", "")
    assert said(found.production, ConditionType.READY) == ("False", "SourceNotAllowed")
    assert said(found.production, ConditionType.STALLED) == ("True", "SourceNotAllowed")
    found.staging.world.edit(follower(DEVELOPMENT, promotion={"allowedNamespaces": [PRODUCTION]}))
    found.goes_on(ENOUGH)
    assert found.serving == ("1", "1", "1")


def test_what_serves_stays_where_the_permission_is_taken_back() -> None:
    found = all_serve_the_first()
    found.staging.world.edit(follower(DEVELOPMENT))
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(3 * SOAK)
    assert found.serving == ("2", "2", "1")
    assert said(found.production, ConditionType.UP_TO_DATE) == ("False", "SourceNotAllowed")
    assert said(found.production, ConditionType.READY) == ("True", "Serving")


def test_a_label_that_is_named_waits_until_the_stage_before_has_proven_it() -> None:
    found = all_serve_the_first()
    found.production.world.edit(follower(STAGING, "2"))
    found.goes_on(ENOUGH)
    assert said(found.production, ConditionType.READY) == ("False", "AwaitingSource")
    assert found.serving == ("1", "1", "1")
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(2 * SOAK + 3 * ENOUGH)
    assert found.serving == ("2", "2", "2")
    found.production.world.edit(follower(STAGING, "1"))
    found.goes_on(ENOUGH)
    assert found.serving == ("2", "2", "1")
    assert said(found.production, ConditionType.UP_TO_DATE) == ("False", "SourceAhead")


def test_people_still_have_to_agree_and_what_is_given_up_meanwhile_does_not_serve() -> None:
    found = all_serve_the_first()
    manual = {"promotion": {"approval": {"policy": "Manual"}}}
    found.production.world.edit(follower(STAGING, "2", **manual))
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(2 * SOAK + 3 * ENOUGH)
    assert said(found.production, ConditionType.AWAITING_APPROVAL)[0] == "True"
    assert found.serving == ("2", "2", "1")
    (digest,) = digests(found, "2")
    found.staging.world.edit(follower(DEVELOPMENT, "1", promotion={"allowedNamespaces": [PRODUCTION]}))
    found.goes_on()
    assert said(found.production, ConditionType.READY) == ("False", "SourceRefused")
    assert said(found.production, ConditionType.STALLED) == ("True", "SourceRefused")
    found.production.world.answer_for("ana", "2", digest=digest)
    found.goes_on()
    assert found.serving == ("2", "1", "1")
    found.staging.world.edit(follower(DEVELOPMENT, "2", promotion={"allowedNamespaces": [PRODUCTION]}))
    found.goes_on(2 * ENOUGH)
    assert found.serving == ("2", "2", "2")
    assert told(found.production).history[0].approved_by == ("ana",)


def test_another_model_under_a_label_that_is_on_record_is_refused() -> None:
    found = all_serve_the_first()
    development, staging = found.development.world, found.staging.world
    other = [{**body, "spec": {**body["spec"], "artifactDigest": "a" * 64}} for body in staging.of(REVISION)]
    for body in other:
        staging.write(REVISION, body)
    found.production.run_pass()
    for_seconds((found.production,), ENOUGH)
    assert said(found.production, ConditionType.STALLED) == ("True", "VersionConflict")
    assert found.production.world.answer().digest == development.answer().digest


def test_a_kill_after_any_write_trains_nothing_and_comes_to_the_same() -> None:
    for writes in range(12):
        found = way()
        found.production.writes_left = writes
        for _ in range(2 * SOAK + 4 * ENOUGH):
            try:
                found.goes_on(1)
            except Killed:
                found.production.restart()
        assert found.serving == ("1", "1", "1"), writes
        assert not found.production.world.starts


def test_a_model_that_trained_keeps_what_it_serves_when_it_begins_to_follow() -> None:
    found = all_serve_the_first()
    alone = Stage(World(), name=PRODUCTION, before=found.staging)
    alone.world.now = found.staging.world.now
    alone.world.edit(trained("7"))
    for_seconds((alone,), ENOUGH)
    assert alone.world.answer().version == "7"
    alone.world.edit(follower(STAGING))
    for_seconds((alone,), ENOUGH)
    assert alone.world.answer().version == "1"
    assert len(alone.world.starts) == 1


# The way that it takes over here is that of this model


def canary_runs(found: Way) -> None:
    """Production lets version 2 answer a share of the requests."""
    found.production.world.edit(follower(STAGING, rollout=CANARY, serving={"replicas": PODS}))
    found.goes_on()
    found.development.world.edit(trained("2", STAGING))
    for _ in range(3 * SOAK + 3 * ENOUGH):
        found.goes_on(1)
        if said(found.production, ConditionType.ROLLED_OUT)[1] == "CanaryRunning":
            return
    raise AssertionError(told(found.production))


def test_what_is_taken_over_is_a_candidate_first_where_the_rollout_asks_for_it() -> None:
    found = all_serve_the_first()
    canary_runs(found)
    assert told(found.production).candidate_version == "2"
    found.goes_on(2 * SOAK)
    assert found.serving == ("2", "2", "2")
    assert told(found.production).candidate_version == ""


def test_a_candidate_that_fails_here_is_rolled_back_and_production_alone_says_so() -> None:
    found = all_serve_the_first()
    found.production.world.answers = failing("2")
    found.production.world.edit(follower(STAGING, rollout=limited(CANARY), serving={"replicas": PODS}))
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(3 * SOAK + 4 * ENOUGH)
    assert found.serving == ("2", "2", "1")
    assert said(found.production, ConditionType.STALLED) == ("True", "RolledBack")
    assert said(found.staging, ConditionType.READY) == ("True", "Serving")


def test_a_candidate_leaves_where_staging_goes_back_from_its_version() -> None:
    found = all_serve_the_first()
    canary_runs(found)
    found.staging.world.edit(follower(DEVELOPMENT, "1", promotion={"allowedNamespaces": [PRODUCTION]}))
    found.goes_on()
    assert found.serving == ("2", "1", "1")
    assert told(found.production).candidate_version == ""
    assert (DEPLOYMENT, CANDIDATE) not in found.production.world.objects


def test_a_suspended_stage_foretells_what_it_takes_over_and_does_it_once_it_goes_on() -> None:
    found = all_serve_the_first()
    found.production.world.edit(follower(STAGING, suspend=True))
    found.development.world.edit(trained("2", STAGING))
    found.goes_on(2 * SOAK + 3 * ENOUGH)
    assert found.serving == ("2", "2", "1")
    plan = told(found.production).plan
    assert plan is not None
    assert (plan.action, plan.strategy) == ("Promote", "RollingUpdate")
    assert not found.production.questions.count("MLflow")
    found.production.world.edit(follower(STAGING))
    found.goes_on()
    assert found.serving == ("2", "2", "2")
    assert told(found.production).plan is None


def any_edit(found: Way, chance: Random) -> None:
    match chance.randrange(4):
        case 0:
            found.development.world.edit(trained(chance.choice("123"), *chance.choice(((STAGING,), (STAGING,), ()))))
        case 1:
            allowed = chance.choice(([PRODUCTION], [PRODUCTION], []))
            gates = chance.choice(([], [], [TOO_STRICT]))
            label = chance.choice((None, None, "1", "2"))
            found.staging.world.edit(
                follower(DEVELOPMENT, label, gates=gates, promotion={"allowedNamespaces": allowed})
            )
        case 2:
            label, rollout = chance.choice((None, None, "1", "2")), chance.choice(({}, CANARY))
            found.production.world.edit(follower(STAGING, label, rollout=rollout, suspend=chance.random() < 0.2))
        case _:
            stage = chance.choice(found.stages)
            stage.writes_left = chance.randrange(4)
            with suppress(Killed):
                stage.run_pass()
            stage.restart()


@pytest.mark.parametrize("seed", seeds(5, 200))
def test_whatever_is_edited_in_between_the_last_version_arrives(seed: int) -> None:
    """Anybody edits anything, the operators die and come back; then all stages want the same."""
    chance, found = Random(seed), way()
    found.goes_on(1)
    for _ in range(15):
        any_edit(found, chance)
        found.goes_on(chance.choice((1, 5, 20, SOAK + 10)))
        assert not found.staging.world.starts
        assert not found.production.world.starts
    found.development.world.edit(trained("4", STAGING))
    found.staging.world.edit(follower(DEVELOPMENT, promotion={"allowedNamespaces": [PRODUCTION]}))
    found.production.world.edit(follower(STAGING))
    for stage in found.stages:
        stage.restart()
    found.goes_on(2 * SOAK + 4 * ENOUGH)
    assert found.serving == ("4", "4", "4")
    assert len(digests(found, "4")) == 1
