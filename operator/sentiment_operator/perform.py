"""Does what a plan says, through kube.py. Every write is safe to repeat and to be cut off after.

A write that the API server refuses is a fact to report and hinders no other write. It decides nothing.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import assert_never

from sentiment_operator import children, extract, names
from sentiment_operator.additions import additions, overwriting
from sentiment_operator.deployed import deployed
from sentiment_operator.difference import is_as_desired
from sentiment_operator.facts import Child, ChildKind, Manifest, Model, Observed, Refusal
from sentiment_operator.kinds import DEPLOYMENT, JOB, REVISION, SERVING, Kind
from sentiment_operator.kube import Kube
from sentiment_operator.kube_errors import Refused, Stale
from sentiment_operator.plan import (
    AskRegistry,
    AwaitApproval,
    AwaitComparison,
    AwaitTraining,
    Blocked,
    Compare,
    Held,
    Plan,
    Queued,
    Record,
    Roll,
    Seal,
    Search,
    Settle,
    Shift,
    Steady,
    TakeOver,
    Train,
)
from sentiment_operator.raw import is_controlled_by, is_deleting, uid_of
from sentiment_operator.sealing import sealed
from sentiment_operator.settings import Settings
from sentiment_operator.store import Store

log = logging.getLogger(__name__)

Children = Mapping[ChildKind, Manifest | None]


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    wrote: bool = False
    stale: bool = False
    """Something was not as the store said: the pass has to be repeated."""
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    foreign: dict[ChildKind, Manifest] = field(default_factory=dict[ChildKind, Manifest])
    """Objects of others that hold a child's name."""


@dataclass(frozen=True, slots=True)
class Performer:
    """The writing half of a pass."""

    kube: Kube
    store: Store
    settings: Settings

    def differing(self, model: Model, plan: Plan, observed: Observed) -> Children:
        """The serving children that are not as the plan wants them; None stands for one that must not exist."""
        desired = children.serving_children(model, plan, observed, self.settings)
        return {kind: manifest for kind, manifest in desired.items() if _differs(manifest, observed.children.get(kind))}

    def takes_turns(self, plan: Plan, observed: Observed, differing: Children) -> bool:
        """True where the plan leads to a write of which only so many may be under way among all models.

        A Job, or a rollout that nobody asked for: the version stays and the operator's own template changed.
        """
        if isinstance(plan.step, Train | Search | Compare) or plan.following.look_up is not None:
            return True
        live = deployed(observed)
        if live is None or plan.target is None or live.version != plan.target.spec.version:
            return False
        return differing.get(ChildKind.DEPLOYMENT) is not None

    async def perform(self, model: Model, plan: Plan, observed: Observed, differing: Children) -> Outcome:
        """Write what differs from the plan, and nothing else."""
        outcome = Outcome()
        await self._delete_obsolete_jobs(model, plan, outcome)
        await self._delete_obsolete_revisions(model, plan, outcome)
        if plan.following.look_up is not None:
            manifest = children.look_up_job(model, plan.following.look_up, self.settings)
            await self._create(model, JOB, manifest, "look-up started", outcome)
        await self._step(model, plan, outcome)
        for kind, desired in differing.items():
            await self._child(model, kind, desired, observed, outcome)
        if isinstance(plan.step, TakeOver) and plan.step.hand_over:
            await self._hand_over(model, outcome)
        await self._scale(model, observed, outcome)
        return outcome

    async def _step(self, model: Model, plan: Plan, outcome: Outcome) -> None:
        match plan.step:
            case Train() as step:
                manifest = children.training_job(model, step, self.settings)
                await self._create(model, JOB, manifest, "training started", outcome)
            case Search() as step:
                manifest = children.search_job(model, step, self.settings)
                await self._create(model, JOB, manifest, "search started", outcome)
            case Record() as step:
                manifest = children.revision(model, step, self.settings)
                await self._create(model, REVISION, manifest, "version recorded", outcome)
            case Compare() as step:
                manifest = children.comparison_job(model, step, self.settings)
                await self._create(model, JOB, manifest, "comparison started", outcome)
            case Seal() as step:
                await self._seal(model, step, outcome)
            case (
                Settle()
                | Queued()
                | AwaitTraining()
                | AwaitComparison()
                | AwaitApproval()
                | AskRegistry()
                | Shift()
                | TakeOver()
                | Roll()
                | Steady()
                | Held()
                | Blocked()
            ):
                pass
            case _:
                assert_never(plan.step)

    async def _seal(self, model: Model, step: Seal, outcome: Outcome) -> None:
        body = self.store.get(REVISION, model.namespace, step.revision.name)
        live = extract.revisions([body], model.uid).get(step.revision.spec.version) if body is not None else None
        if body is None or live != step.revision:
            outcome.stale = True  # More is known of it by now than was decided on.
            return
        wire = sealed(step).model_dump(mode="json", by_alias=True, exclude_none=True)
        try:
            self.store.put(REVISION, await self.kube.patch_status(REVISION, body, wire, unchanged=True))
        except Refused as refused:
            _refuse(outcome, REVISION, step.revision.name, refused.message)
        except Stale as stale:
            _mistaken(outcome, REVISION, step.revision.name, stale)
        else:
            _wrote(outcome, model, "evidence recorded", REVISION, step.revision.name)

    async def _hand_over(self, model: Model, outcome: Outcome) -> None:
        """Let go of the candidate's pods, which the model's Deployment takes since it waits for just such ones."""
        name = names.child_name(model.name, ChildKind.CANDIDATE)
        body = self.store.get(DEPLOYMENT, model.namespace, name)
        if body is None or not is_controlled_by(body, model.uid) or is_deleting(body):
            return
        try:
            ending = await self.kube.orphan(DEPLOYMENT, body)
        except Refused as refused:
            _refuse(outcome, DEPLOYMENT, name, refused.message)
        except Stale as stale:
            _mistaken(outcome, DEPLOYMENT, name, stale)
        else:
            if ending is not None:
                self.store.put(DEPLOYMENT, ending)
            else:
                self.store.remove(DEPLOYMENT, body)
            _wrote(outcome, model, "candidate handed over", DEPLOYMENT, name)

    async def _delete_obsolete_revisions(self, model: Model, plan: Plan, outcome: Outcome) -> None:
        for name in plan.obsolete_revisions:
            body = self.store.get(REVISION, model.namespace, name)
            if body is not None and is_controlled_by(body, model.uid) and not is_deleting(body):
                await self._delete(model, REVISION, body, "version forgotten", outcome)

    async def _delete_obsolete_jobs(self, model: Model, plan: Plan, outcome: Outcome) -> None:
        for name in plan.obsolete_jobs:
            body = self.store.get(JOB, model.namespace, name)
            if body is not None and is_controlled_by(body, model.uid) and not is_deleting(body):
                await self._delete(model, JOB, body, "training removed", outcome)

    async def _child(
        self, model: Model, child: ChildKind, desired: Manifest | None, observed: Observed, outcome: Outcome
    ) -> None:
        kind, live = SERVING[child], observed.children.get(child)
        if live is None and desired is not None:
            await self._first_apply(model, child, desired, outcome)
        elif live is not None and desired is not None:
            await self._write(model, kind, outcome, desired, live.body)
        elif live is not None:
            await self._delete(model, kind, live.body, "child removed", outcome)

    async def _first_apply(self, model: Model, child: ChildKind, desired: Manifest, outcome: Outcome) -> None:
        """The store knows no such object: make sure, then create it, giving way to whoever is quicker."""
        kind = SERVING[child]
        found = await self.kube.get(kind, model.namespace, desired["metadata"]["name"])
        if found is None:
            await self._write(model, kind, outcome, desired)
        elif not is_controlled_by(found, model.uid):
            outcome.foreign[child] = found
        elif not is_deleting(found):
            # Ours, but out of the watch's sight: its labels were edited away.
            await self._write(model, kind, outcome, desired, found)

    async def _write(
        self, model: Model, kind: Kind, outcome: Outcome, desired: Manifest, live: Manifest | None = None
    ) -> None:
        name = desired["metadata"]["name"]
        try:
            written = (
                await self.kube.apply(kind, desired) if live is None else await self._restored(kind, desired, live)
            )
        except Refused as refused:
            _refuse(outcome, kind, name, refused.message)
        except Stale as stale:
            _mistaken(outcome, kind, name, stale)
        else:
            self.store.put(kind, written)
            if live is not None and not is_as_desired(desired, written):
                _refuse(outcome, kind, name, "something in the cluster changes it as soon as it is written")
            else:
                _wrote(outcome, model, "child created" if live is None else "child updated", kind, name)

    async def _restored(self, kind: Kind, desired: Manifest, live: Manifest) -> Manifest:
        """This very object as desired: by apply, and where that is not enough by overwriting."""
        # Apply leaves alone what others own, and applying before overwriting would roll a Deployment out twice.
        if not additions(desired, live):
            try:
                live = await self.kube.apply(kind, desired, uid_of(live))
            except Refused as refused:
                # A hand-made entry of a list may contradict ours, such as a second port of the same name.
                if refused.code != HTTPStatus.UNPROCESSABLE_ENTITY:
                    raise
            else:
                if is_as_desired(desired, live):
                    return live
        return await self.kube.overwrite(kind, overwriting(desired, live), uid_of(live))

    async def _create(self, model: Model, kind: Kind, manifest: Manifest, what: str, outcome: Outcome) -> None:
        name = manifest["metadata"]["name"]
        try:
            self.store.put(kind, await self.kube.create(kind, manifest))
        except Refused as refused:
            _refuse(outcome, kind, name, refused.message)
        except Stale as stale:
            await self._exists(model, kind, name, stale, outcome)
        else:
            _wrote(outcome, model, what, kind, name)

    async def _exists(self, model: Model, kind: Kind, name: str, stale: Stale, outcome: Outcome) -> None:
        """An object of that name stands there already: ours, made by a pass that was cut off, or someone else's."""
        found = await self.kube.get(kind, model.namespace, name)
        if found is not None and not is_controlled_by(found, model.uid):
            _refuse(outcome, kind, name, "an object of that name exists and does not belong to this model")
            return
        if found is not None:
            self.store.put(kind, found)
        _mistaken(outcome, kind, name, stale)

    async def _delete(self, model: Model, kind: Kind, body: Manifest, what: str, outcome: Outcome) -> None:
        name = body["metadata"]["name"]
        try:
            await self.kube.delete(kind, body)
        except Refused as refused:
            _refuse(outcome, kind, name, refused.message)
        except Stale as stale:
            _mistaken(outcome, kind, name, stale)
        else:
            self.store.remove(kind, body)
            _wrote(outcome, model, what, kind, name)

    async def _scale(self, model: Model, observed: Observed, outcome: Outcome) -> None:
        replicas = children.desired_replicas(model, observed)
        live = observed.children.get(ChildKind.DEPLOYMENT)
        if replicas is None or live is None or not live.ours or is_deleting(live.body):
            return
        try:
            scale = await self.kube.patch_scale(live.body, replicas)
        except Refused as refused:
            _refuse(outcome, DEPLOYMENT, model.name, refused.message)
        else:
            self.store.put(DEPLOYMENT, _scaled(live.body, scale))
            _wrote(outcome, model, f"scaled to {replicas}", DEPLOYMENT, model.name)


def _differs(desired: Manifest | None, live: Child | None) -> bool:
    """Whether there is something to write. What is not ours, or is ending, is left alone."""
    if live is None:
        return desired is not None
    if not live.ours or is_deleting(live.body):
        return False
    return desired is None or not is_as_desired(desired, live.body)


def _scaled(deployment: Manifest, scale: Manifest) -> Manifest:
    """The Deployment as the answer to a change of its scale tells, until the watch tells all of it."""
    version = scale["metadata"]["resourceVersion"]
    return {
        **deployment,
        "metadata": {**deployment["metadata"], "resourceVersion": version},
        "spec": {**deployment["spec"], "replicas": scale["spec"].get("replicas", 0)},
    }


def _wrote(outcome: Outcome, model: Model, what: str, kind: Kind, name: str) -> None:
    outcome.wrote = True
    log.info(
        what,
        extra={
            "event.action": what.replace(" ", "-"),
            "model": f"{model.namespace}/{model.name}",
            "object": f"{kind.name}/{name}",
        },
    )


def _refuse(outcome: Outcome, kind: Kind, name: str, message: str) -> None:
    outcome.refusals.append(Refusal(kind.name, name, message))


def _mistaken(outcome: Outcome, kind: Kind, name: str, stale: Stale) -> None:
    outcome.stale = True
    log.debug("to be looked at again: %s %s: %s", kind.name, name, stale)
