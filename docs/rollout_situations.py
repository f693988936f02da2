"""Situations of a version that is to take over step by step: its candidate starts, runs, takes over or fails."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from docs.promotion_situations import with_one_that_served
from sentiment_contract.names import VERSION_LABEL
from sentiment_operator import names
from sentiment_operator.api.conditions import timestamp
from sentiment_operator.api.rollout import FailedRollout
from sentiment_operator.api.status import SentimentModelStatus
from sentiment_operator.facts.observed import Answered, Child, ChildKind, Manifest, Model, Observed, Revision
from sentiment_operator.rollout.candidate import rollout_key
from sentiment_operator.rollout.progress import Progress
from sentiment_operator.rollout.stages import stages

Situation = tuple[Model, Observed]

_STEP = {"weightPercent": 20, "pauseSeconds": 60}
_STRATEGIES = (
    {"strategy": "Canary", "steps": [_STEP]},
    {"strategy": "BlueGreen", "steps": [{"pauseSeconds": 60}]},
    {"strategy": "Shadow", "steps": [_STEP]},
)


def situations_of_rollouts(model: Model, recorded: Observed, why: str, now: datetime) -> Iterator[Situation]:
    """Situations of a model whose wanted version is recorded, beside one that serves."""
    seen = with_one_that_served(recorded)
    (_, stable), (_, wanted) = seen.revisions.items()
    seen = replace(seen, children={ChildKind.DEPLOYMENT: _deployment(stable)})
    for rollout in _STRATEGIES:
        rolled = _with(model, rollout=rollout)
        key = rollout_key(rolled, wanted, stable)
        yield rolled, seen
        last = len(stages(rolled.spec.rollout, 1)) - 1
        running = Progress(key=key, stage=last, entered=now, since=now)
        beside = {**seen.children, ChildKind.CANDIDATE: _deployment(wanted, running)}
        answered = {
            wanted.spec.version: Answered(requests=1000, errors=2, by_pod={"candidate": 1000}),
            stable.spec.version: Answered(requests=4000, by_pod={"stable": 4000}),
        }
        yield rolled, replace(seen, children=beside, answered=answered)
        over = running.model_copy(update={"since": now - timedelta(seconds=61)})
        beside = {**seen.children, ChildKind.CANDIDATE: _deployment(wanted, over)}
        yield rolled, replace(seen, children=beside, answered=answered)
        for on_failure in ("Rollback", "Hold"):
            failed = FailedRollout(key=key, step=1, reason="LimitExceeded", message=why, time=timestamp(now))
            status = wanted.status.model_copy(update={"failed_rollouts": (failed,)})
            known = {**seen.revisions, wanted.spec.version: replace(wanted, status=status)}
            yield _with(model, rollout={**rollout, "onFailure": on_failure}), replace(seen, revisions=known)
    taking = {ChildKind.DEPLOYMENT: _deployment(wanted, paused=True), ChildKind.CANDIDATE: _deployment(wanted)}
    candidate = SentimentModelStatus(candidate_version=wanted.spec.version)
    yield replace(model, status=candidate), replace(seen, children=taking)


def situations_of_gateways(model: Model, recorded: Observed, now: datetime) -> Iterator[Situation]:
    """Situations of a candidate whose pods are ready while no Gateway takes requests for its model."""
    seen = with_one_that_served(recorded)
    (_, stable), (_, wanted) = seen.revisions.items()
    divided = divided_by_a_gateway(model)
    entered = Progress(key=rollout_key(divided, wanted, stable), entered=now)
    beside = {ChildKind.DEPLOYMENT: _deployment(stable), ChildKind.CANDIDATE: _deployment(wanted, entered)}
    yield divided, replace(seen, children=beside)


def divided_by_a_gateway(model: Model) -> Model:
    """The model whose requests a Gateway is to divide."""
    return _with(
        model,
        rollout={"strategy": "Canary", "router": "GatewayAPI", "gateway": {"name": "gateway"}, "steps": [_STEP]},
    )


def _with(model: Model, **changes: Any) -> Model:
    spec = model.spec.model_dump(mode="json", by_alias=True, exclude_none=True) | changes
    return replace(model, spec=type(model.spec).model_validate(spec))


def _deployment(revision: Revision, progress: Progress | None = None, *, paused: bool = False) -> Child:
    counts = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    template = {
        "labels": {VERSION_LABEL: revision.spec.version},
        "annotations": {names.ARTIFACT_DIGEST_ANNOTATION: revision.spec.artifact_digest},
    }
    told = {names.ROLLOUT_ANNOTATION: progress.model_dump_json(by_alias=True)} if progress is not None else {}
    body: Manifest = {
        "metadata": {"generation": 1, "annotations": told},
        "spec": {"replicas": 1, "paused": paused, "template": {"metadata": template}},
        "status": counts,
    }
    return Child(body, ours=True)
