"""Decides how the rollout of a candidate goes on: wait, next stage, take over, or fail. Pure.

Where it stands is read from the candidate's Deployment, how it fares from its pods and their metrics. The rules, in the
order in which they are tried:

1. What failed in this very way is not tried again.
2. Another candidate in the place goes first, and what serves has to be one version; then the stages begin with the first.
3. Pods that will never run, or answers beyond a limit, fail the candidate at once, in a stage and on the way to it.
4. A stage begins to count when all of its pods are ready; it ends when its time is over and enough was answered.
5. What takes longer than the deadline has failed. An outage of the registry does not count, nor does a Gateway that
   takes no requests for the model, nor a Prometheus that gives no figures, nor a version to compare with that cannot be
   loaded: none is a fault of the candidate. Every edit of the model gives it the time anew: a rollout that was suspended
   goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentiment_contract.training import FailureReason
from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.rollout import FailedRollout
from sentiment_operator.deciding.evidence import has_served, runs
from sentiment_operator.deciding.plan import Candidate, Roll, Seal, Shift, Step, TakeOver
from sentiment_operator.facts.jobs import Trouble
from sentiment_operator.facts.observed import Answered, Model, Observed, Revision
from sentiment_operator.reading.deployed import Deployed, deployed
from sentiment_operator.rollout import explain
from sentiment_operator.rollout.analysis import Figures, breaches, figures, lacking
from sentiment_operator.rollout.beside import answering_pods, wanted_pods
from sentiment_operator.rollout.candidate import Running, rollout_key, running
from sentiment_operator.rollout.progress import Progress
from sentiment_operator.rollout.routing import not_routed
from sentiment_operator.rollout.stages import Flow, Stage, stages
from sentiment_operator.settings import Settings

LOST = frozenset({"DigestMismatch", "ArtifactRefused", "ArtifactMissing", "CrashLoopBackOff", "OOMKilled"})
"""Why a pod of a candidate is not ready, where waiting does not mend it."""
MESSAGE_CHARACTERS = 1000


def takes_over_at_once(model: Model, revision: Revision, stable: Revision | None) -> bool:
    """Whether no candidate is needed: nothing serves, the same model serves, or it served before."""
    if not stages(model.spec.rollout, 1) or stable is None or has_served(revision):
        return True
    return stable.spec.artifact_digest == revision.spec.artifact_digest


def taking_over(observed: Observed, revision: Revision) -> TakeOver | None:
    """What is left of handing the candidate's pods over, once the model's Deployment was told to take them."""
    live, there = deployed(observed), running(observed)
    if live is None or there is None or not live.paused or not runs(live, revision):
        return None
    # Whoever has not heard yet that it waits would end pods of a version that it does not want.
    return TakeOver(revision, None, hand_over=live.is_current and not there.deleting)


def advance(
    model: Model, observed: Observed, revision: Revision, stable: Revision, settings: Settings, now: datetime
) -> Step:
    """The next step on the way of the revision beside what serves."""
    key = rollout_key(model, revision, stable)
    way, there = stages(model.spec.rollout, wanted_pods(observed)), running(observed)
    if (failure := _failure(revision, key)) is not None:
        kept = frozen(model, observed, revision, stable)
        has_all = kept is not None and kept.stage.flow is Flow.ALL
        return explain.failed(model, revision, failure, stable.spec.version, has_all=has_all)
    if there is None and _is_mixed(observed, revision, stable):
        return Shift(revision, None, waits_for=stable.spec.version)
    if there is None:
        return _enter(revision, stable, way, Progress(key=key, entered=now))
    if there.progress is None or not _is_it(there, revision, key, way):
        return Shift(revision, None)
    return _Stretch(
        model, observed, revision, stable, way, there.live, there.progress, _patience(model, settings), now
    ).next()


def frozen(model: Model, observed: Observed, revision: Revision | None, stable: Revision | None) -> Candidate | None:
    """The candidate as it is, for as long as a person thinks about it; None where there is none of this rollout."""
    there = running(observed)
    if revision is None or stable is None or there is None:
        return None
    way, key = stages(model.spec.rollout, wanted_pods(observed)), rollout_key(model, revision, stable)
    if not _is_it(there, revision, key, way) or there.progress is None:
        return None
    return Candidate(revision, stable, way[there.progress.stage], there.progress)


def _is_mixed(observed: Observed, revision: Revision, stable: Revision) -> bool:
    """Whether requests are still answered by what is neither of both: what serves is being rolled out itself."""
    both = {revision.spec.version, stable.spec.version}
    return any(pod.label not in both for pod in answering_pods(observed))


def _failure(revision: Revision, key: str) -> FailedRollout | None:
    return next((entry for entry in reversed(revision.status.failed_rollouts) if entry.key == key), None)


def _is_it(there: Running, revision: Revision, key: str, way: tuple[Stage, ...]) -> bool:
    progress = there.progress
    is_whole = progress is not None and progress.key == key and progress.stage < len(way)
    return is_whole and not there.deleting and runs(there.live, revision)


def _patience(model: Model, settings: Settings) -> timedelta:
    return timedelta(seconds=model.spec.rollout.progress_deadline_seconds or settings.progress_deadline_seconds)


def _enter(revision: Revision, stable: Revision, way: tuple[Stage, ...], progress: Progress) -> Shift:
    return Shift(revision, Candidate(revision, stable, way[progress.stage], progress), len(way))


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The stage that a candidate is in, with everything that is known about it now."""

    model: Model
    observed: Observed
    revision: Revision
    stable: Revision
    way: tuple[Stage, ...]
    live: Deployed
    progress: Progress
    patience: timedelta
    now: datetime

    def next(self) -> Step:
        """What follows."""
        if (trouble := self._trouble()) is not None and trouble.reason in LOST:
            return self._fail(trouble.reason, trouble.message or trouble.reason)
        if broken := breaches(self.model.spec.rollout.analysis, figures(self._candidate())):
            return self._fail("LimitExceeded", "; ".join(broken))
        return self._start(trouble) if self.progress.since is None else self._measure(self.progress.since, trouble)

    def _start(self, trouble: Trouble | None) -> Step:
        """The pods of the stage are not all ready yet, or were not when it was last looked at."""
        if self.live.is_complete:
            if self._unrouted:
                return self._stay(self._time_anew(self._deadline(self.progress.entered)))
            if self.observed.answered is None:
                return self._stay()
            if not self._silent:
                return self._stay(self._begun())
        deadline = self._deadline(self.progress.entered)
        if _waits_for_registry(trouble):
            return self._stay(self._time_anew(deadline))
        if self.now < deadline:
            return self._stay(deadline=deadline)
        if self._silent:
            return self._fail("ProgressDeadlineExceeded", self._silent)
        why = self.live.refused or (f"{trouble.reason}: {trouble.message}" if trouble is not None else "")
        return self._fail("ProgressDeadlineExceeded", f"its pods were not ready in time{f': {why}' if why else ''}")

    def _begun(self) -> Progress:
        """From now on requests count."""
        counts = {"requests": _by_pod(self._candidate()), "stable_requests": _by_pod(self._others())}
        return self.progress.model_copy(update={"since": self.now, **counts})

    def _measure(self, since: datetime, trouble: Trouble | None) -> Step:
        """Requests count."""
        if self.observed.answered is None:
            return self._stay(wanting=explain.NO_FIGURES, not_before=since + self._stage.pause)
        found = figures(self._candidate())
        wanting = self._wanting(found)
        is_over = self.now >= since + self._stage.pause
        if is_over and self.live.is_complete and not wanting and not self._unrouted:
            return self._leave()
        deadline = self._deadline(since + self._stage.pause)
        if not self.live.is_complete and _waits_for_registry(trouble):
            return self._stay(self._time_anew(deadline), found=found)
        if self._unrouted:
            return self._stay(self._begun() if self.now >= deadline else None, found=found)
        if self._is_blind(found):
            return self._stay(self._time_anew(deadline), found=found, wanting=wanting if is_over else "")
        if self.now >= deadline:
            return self._fail("ProgressDeadlineExceeded", wanting or "its pods were not all ready")
        return self._stay(
            found=found, wanting=wanting if is_over else "", not_before=since + self._stage.pause, deadline=deadline
        )

    def _deadline(self, begun: datetime) -> datetime:
        return max(begun, self.progress.entered, self.model.edited_at) + self.patience

    def _time_anew(self, deadline: datetime) -> Progress | None:
        """The time begins anew once the registry is back; written now and then is often enough."""
        is_due = self.now > deadline - self.patience / 2
        return self.progress.model_copy(update={"entered": self.now}) if is_due else None

    def _leave(self) -> Step:
        following = self.progress.stage + 1
        if following == len(self.way) and self._stage.flow is Flow.COPIES:
            return Roll(self.revision)  # Its pods answered nobody, and nothing counts them in: they are not taken over.
        if following == len(self.way):
            return TakeOver(self.revision, Candidate(self.revision, self.stable, self._stage, self.progress))
        progress = Progress(key=self.progress.key, stage=following, entered=self.now)
        return _enter(self.revision, self.stable, self.way, progress)

    def _stay(
        self,
        progress: Progress | None = None,
        *,
        found: Figures | None = None,
        wanting: str = "",
        not_before: datetime | None = None,
        deadline: datetime | None = None,
    ) -> Shift:
        return Shift(
            self.revision,
            Candidate(self.revision, self.stable, self._stage, progress or self.progress),
            len(self.way),
            figures=found,
            measured_percent=self._measured_percent() if found is not None else 0,
            lacking=wanting,
            not_before=not_before,
            deadline=deadline,
            unrouted=self._unrouted if self.live.is_complete else "",
        )

    def _fail(self, reason: str, why: str) -> Seal:
        stage = self.progress.stage + 1 if self.progress.since is not None else self.progress.stage
        failure = FailedRollout(
            key=self.progress.key, step=stage, reason=reason, message=why[:MESSAGE_CHARACTERS], time=timestamp(self.now)
        )
        return Seal(self.revision, failed_rollouts=(failure,))

    @property
    def _stage(self) -> Stage:
        return self.way[self.progress.stage]

    @property
    def _unrouted(self) -> str:
        return not_routed(self.model, self.observed)

    def _wanting(self, found: Figures) -> str:
        """What has to be answered before the stage ends, in words."""
        need = self._stage.requests
        if self._silent or not need:
            return self._silent
        have = _grown(self._candidate(), self.progress.requests)
        if have < need:
            return f"{have} of {need} requests"
        wanting = lacking(self.model.spec.rollout.analysis, found)
        return f"{wanting}, {explain.no_baseline(self.stable)}" if self._is_blind(found) else wanting

    @property
    def _silent(self) -> str:
        """That figures are needed which not all pods of the candidate tell, in words."""
        return explain.silent(self._candidate().silent) if self._stage.requests else ""

    def _is_blind(self, found: Figures) -> bool:
        """Whether all that is lacking are comparisons, for a pod that has not loaded what serves."""
        analysis, told = self.model.spec.rollout.analysis, self._candidate()
        if analysis.max_disagreement_percent is None or told.comparing == len(told.by_pod):
            return False
        return found.requests >= self._stage.requests and found.compared < analysis.min_samples

    def _measured_percent(self) -> int:
        mine = _grown(self._candidate(), self.progress.requests)
        others = _grown(self._others(), self.progress.stable_requests)
        return round(100 * mine / (mine + others)) if mine + others else 0

    def _candidate(self) -> Answered:
        return (self.observed.answered or {}).get(self.revision.spec.version, Answered())

    def _others(self) -> Answered:
        return (self.observed.answered or {}).get(self.stable.spec.version, Answered())

    def _trouble(self) -> Trouble | None:
        label = self.revision.spec.version
        pods = [pod for pod in self.observed.pods if pod.label == label and not pod.ready and not pod.deleting]
        return next((pod.trouble for pod in pods if pod.trouble is not None), None)


def _waits_for_registry(trouble: Trouble | None) -> bool:
    return trouble is not None and trouble.reason == FailureReason.REGISTRY_UNREACHABLE


def _by_pod(found: Answered) -> dict[str, int | None]:
    return {**found.by_pod, **dict.fromkeys(found.silent)}


def _grown(found: Answered, before: Mapping[str, int | None]) -> int:
    """Requests since then. Of a pod whose figures were not told then, or are not told now, none is known."""
    return sum(_growth(count, before.get(pod, 0)) for pod, count in found.by_pod.items())


def _growth(now: int, before: int | None) -> int:
    """Growth of a counter that begins anew with the process in the pod."""
    if before is None:
        return 0
    return now - before if now >= before else now
