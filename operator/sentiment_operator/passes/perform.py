"""Does what a plan says, through cluster/kube.py. Every write is safe to repeat and to be cut off after.

A write that the API server refuses is a fact to report and hinders no other write. It decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from sentiment_operator import children, names
from sentiment_operator.cluster.contests import Contests
from sentiment_operator.cluster.errors import Refused, Stale
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.cluster.store import Store
from sentiment_operator.cluster.writer import Outcome, Writer
from sentiment_operator.deciding.plan import (
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
from sentiment_operator.deciding.sealing import sealed
from sentiment_operator.facts.observed import Child, ChildKind, Manifest, Model, Observed
from sentiment_operator.kinds import DEPLOYMENT, JOB, REVISION, SERVING
from sentiment_operator.reading import extract
from sentiment_operator.reading.deployed import deployed
from sentiment_operator.reading.difference import is_as_desired
from sentiment_operator.reading.raw import is_controlled_by, is_deleting, uid_of
from sentiment_operator.settings import Settings

Children = Mapping[ChildKind, Manifest | None]


@dataclass(frozen=True, slots=True)
class Performer:
    """The writing half of a pass."""

    kube: Kube
    store: Store
    settings: Settings
    contests: Contests = field(default_factory=Contests)

    @property
    def _writer(self) -> Writer:
        return Writer(self.kube, self.store, self.contests)

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
            await self._writer.create(model, JOB, manifest, "look-up started", outcome)
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
                await self._writer.create(model, JOB, manifest, "training started", outcome)
            case Search() as step:
                manifest = children.search_job(model, step, self.settings)
                await self._writer.create(model, JOB, manifest, "search started", outcome)
            case Record() as step:
                manifest = children.revision(model, step, self.settings)
                await self._writer.create(model, REVISION, manifest, "version recorded", outcome)
            case Compare() as step:
                manifest = children.comparison_job(model, step, self.settings)
                await self._writer.create(model, JOB, manifest, "comparison started", outcome)
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
            outcome.refuse(REVISION, step.revision.name, refused.message)
        except Stale as stale:
            outcome.mistake(REVISION, step.revision.name, stale)
        else:
            outcome.note(model, "evidence recorded", REVISION, step.revision.name)

    async def _hand_over(self, model: Model, outcome: Outcome) -> None:
        """Let go of the candidate's pods, which the model's Deployment takes since it waits for just such ones."""
        name = names.child_name(model.name, ChildKind.CANDIDATE)
        body = self.store.get(DEPLOYMENT, model.namespace, name)
        if body is None or not is_controlled_by(body, model.uid) or is_deleting(body):
            return
        try:
            ending = await self.kube.orphan(DEPLOYMENT, body)
        except Refused as refused:
            outcome.refuse(DEPLOYMENT, name, refused.message)
        except Stale as stale:
            outcome.mistake(DEPLOYMENT, name, stale)
        else:
            if ending is not None:
                self.store.put(DEPLOYMENT, ending)
            else:
                self.store.remove(DEPLOYMENT, body)
            outcome.note(model, "candidate handed over", DEPLOYMENT, name)

    async def _delete_obsolete_revisions(self, model: Model, plan: Plan, outcome: Outcome) -> None:
        for name in plan.obsolete_revisions:
            body = self.store.get(REVISION, model.namespace, name)
            if body is not None and is_controlled_by(body, model.uid) and not is_deleting(body):
                await self._writer.delete(model, REVISION, body, "version forgotten", outcome)

    async def _delete_obsolete_jobs(self, model: Model, plan: Plan, outcome: Outcome) -> None:
        for name in plan.obsolete_jobs:
            body = self.store.get(JOB, model.namespace, name)
            if body is not None and is_controlled_by(body, model.uid) and not is_deleting(body):
                await self._writer.delete(model, JOB, body, "training removed", outcome)

    async def _child(
        self, model: Model, child: ChildKind, desired: Manifest | None, observed: Observed, outcome: Outcome
    ) -> None:
        kind, live = SERVING[child], observed.children.get(child)
        if live is None and desired is not None:
            await self._writer.apply_first(model, child, desired, outcome)
        elif live is not None and desired is not None:
            await self._writer.write(model, kind, outcome, desired, live.body)
        elif live is not None:
            await self._writer.delete(model, kind, live.body, "child removed", outcome)

    async def _scale(self, model: Model, observed: Observed, outcome: Outcome) -> None:
        replicas = children.desired_replicas(model, observed)
        live = observed.children.get(ChildKind.DEPLOYMENT)
        if replicas is None or live is None or not live.ours or is_deleting(live.body):
            return
        try:
            scale = await self.kube.patch_scale(live.body, replicas)
        except Refused as refused:
            outcome.refuse(DEPLOYMENT, model.name, refused.message)
        else:
            # What was applied just before, or heard meanwhile, is in the store and not in what was observed.
            self.store.put(DEPLOYMENT, _scaled(self._newest(live.body), scale))
            outcome.note(model, f"scaled to {replicas}", DEPLOYMENT, model.name)

    def _newest(self, deployment: Manifest) -> Manifest:
        """This very Deployment as it was last heard of."""
        metadata = deployment["metadata"]
        known = self.store.get(DEPLOYMENT, metadata["namespace"], metadata["name"])
        return known if known is not None and uid_of(known) == uid_of(deployment) else deployment


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
