"""Fills Observed: from the store, which costs nothing, and from fresh reads where a decision has asked for them.

It reads and never writes, and it decides nothing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Flag, auto

import aiohttp

from sentiment_operator.api.promotion import ApprovalEvidence
from sentiment_operator.cluster import rehearsal
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.cluster.store import Key, Store, followed_by
from sentiment_operator.deciding.approving import answers_for
from sentiment_operator.facts.jobs import ComparisonJob, LookUpJob, TrainingJob
from sentiment_operator.facts.observed import (
    Answered,
    Child,
    ChildKind,
    Manifest,
    Model,
    NodesSeen,
    NodesUnknown,
    Observed,
    Refusal,
    RegistryFacts,
    RegistryNotAsked,
    ServiceProbe,
    ServingPod,
    Source,
)
from sentiment_operator.git.heads import Heads
from sentiment_operator.kinds import APPROVAL, JOB, POD, REVISION, SERVICE, SERVING, Kind
from sentiment_operator.names import (
    COMPONENT_LABEL,
    INSTANCE_LABEL,
    LOOK_UP_ANNOTATION,
    MANAGED_BY_LABEL,
    MANAGER,
    SERVER,
    SHADOW,
    child_name,
    selector,
)
from sentiment_operator.probing import pod_metrics, prometheus, service_probe
from sentiment_operator.probing.node_room import Nodes
from sentiment_operator.promoting import stage
from sentiment_operator.reading import extract, workload
from sentiment_operator.reading.pinning import Question, question_of
from sentiment_operator.reading.raw import annotations_of, instance_of, is_controlled_by, is_finished, labels_of, uid_of
from sentiment_operator.registry.client import Registry
from sentiment_operator.registry.progress import Progress
from sentiment_operator.replicas.sharding import shard_of
from sentiment_operator.settings import Settings


class Asked(Flag):
    """What a decision may ask to be looked at afresh."""

    NOTHING = 0
    JOBS = auto()
    REGISTRY = auto()
    PODS = auto()
    METRICS = auto()
    PROBE = auto()
    NODES = auto()
    REHEARSAL = auto()


@dataclass(frozen=True, slots=True)
class Fresh:
    """What was read afresh in this pass."""

    asked: Asked = Asked.NOTHING
    registry: RegistryFacts = field(default_factory=RegistryNotAsked)
    answered: Mapping[str, Answered] | None = None
    probe: ServiceProbe | None = None
    foreign: Mapping[ChildKind, Manifest] = field(default_factory=dict[ChildKind, Manifest])
    """Objects of others that hold a child's name: no watch tells of them."""
    nodes: NodesSeen | NodesUnknown | None = None
    rehearsed: tuple[Refusal, ...] | None = None


@dataclass(frozen=True, slots=True)
class Observer:
    """Everything that facts come from."""

    store: Store
    kube: Kube
    registry: Registry
    progress: Progress
    http: aiohttp.ClientSession
    settings: Settings
    heads: Heads
    nodes: Nodes

    async def ask(self, model: Model, fresh: Fresh, more: Asked, to_rehearse: Manifest | None = None) -> Fresh:
        """Look at what was asked for, on top of what was read in this pass already."""
        fresh = await self._ask_ahead(fresh, more, to_rehearse)
        if Asked.JOBS in more:
            await self._list(JOB, model)
        if Asked.PODS in more:
            await self._list(POD, model)
        if Asked.METRICS in more:
            fresh = replace(fresh, answered=await self._answered(model))
        if Asked.REGISTRY in more:
            fresh = replace(fresh, registry=await self._versions(model))
        if Asked.PROBE in more:
            service = self.store.get(SERVICE, model.namespace, model.name)
            # The pods are listed after the answer: a pod that gave it and is ending is then seen as ending.
            probe = await service_probe.through_service(self.http, service)
            await self._list(POD, model)
            fresh = replace(fresh, probe=probe)
        return replace(fresh, asked=fresh.asked | more)

    async def _answered(self, model: Model) -> Mapping[str, Answered] | None:
        bodies = self._server_bodies(Key(model.namespace, model.name))
        if self.settings.prometheus_url:
            return await prometheus.by_version(self.http, self.settings.prometheus_url, model.namespace, bodies)
        return await pod_metrics.by_version(self.http, bodies)

    async def _ask_ahead(self, fresh: Fresh, more: Asked, to_rehearse: Manifest | None) -> Fresh:
        """What only a preview asks for."""
        if Asked.NODES in more:
            fresh = replace(fresh, nodes=await self.nodes.room())
        if Asked.REHEARSAL in more and to_rehearse is not None:
            fresh = replace(fresh, rehearsed=await rehearsal.refusals(self.kube, to_rehearse))
        return fresh

    async def look(self, model: Model, fresh: Fresh) -> Observed:
        """Everything that is known of the model now."""
        key = Key(model.namespace, model.name)
        body = self.store.model(key)
        question = question_of(model.spec)
        seen = Observed(
            revisions=extract.revisions(self.store.of_model(REVISION, key), model.uid),
            source=self._seen_by(model, followed_by(model)),
            named_by_followers=self._named_by_followers(model, key),
            stages=self._stages(model),
            children=self._children(model, fresh),
            jobs=await self._jobs(model, key),
            comparisons=await self._comparisons(model, key),
            look_ups=await self._look_ups(model, key, question),
            head=self.heads.head(question) if question is not None else None,
            look_up_asked_at=self.heads.told_at(question) if question is not None else None,
            look_ups_elsewhere=self.store.unfinished_look_ups_elsewhere(key),
            pods=await self._serving_pods(key),
            pods_are_fresh=bool(fresh.asked & (Asked.PODS | Asked.PROBE)),
            answered=fresh.answered,
            registry=fresh.registry,
            probe=fresh.probe,
            nodes=fresh.nodes,
            rehearsed=fresh.rehearsed,
            trainings_elsewhere=self.store.unfinished_jobs_elsewhere(key),
            rollouts_elsewhere=self._rollouts_elsewhere(key),
            rival=extract.elder(body, self.store.peers(body)) if body else "",
        )
        return replace(seen, answers=self._answers(model, key, seen))

    def _rollouts_elsewhere(self, key: Key) -> int:
        """Those of its own shard: each has a share of what may roll, so that Deployments of others need not be known."""
        others = self.store.unasked_rollouts() - {key}
        own = shard_of(key.namespace, self.settings.shards)
        return sum(shard_of(other.namespace, self.settings.shards) == own for other in others)

    def _seen_by(self, model: Model, key: Key | None) -> Source | None:
        """Another model, as far as this one may know of it."""
        body = self.store.model(key) if key is not None else None
        if key is None or body is None:
            return None
        return extract.source(body, self.store.of_model(REVISION, key), model.namespace)

    def _named_by_followers(self, model: Model, key: Key) -> frozenset[str]:
        bodies = (self.store.model(follower) for follower in self.store.followers(key))
        return frozenset(extract.named_of(model, body) for body in bodies if body is not None) - {""}

    def _stages(self, model: Model) -> dict[str, Source]:
        named = {gate.compare_with: gate.stage for gate in model.spec.gates if gate.compare_with and gate.stage}
        seen = {called: self._seen_by(model, Key(stage[0], stage[1] or model.name)) for called, stage in named.items()}
        return {called: source for called, source in seen.items() if source is not None}

    def _children(self, model: Model, fresh: Fresh) -> dict[ChildKind, Child | None]:
        live = {
            child: self.store.get(kind, model.namespace, child_name(model.name, child))
            for child, kind in SERVING.items()
        }
        return {child: extract.child(body or fresh.foreign.get(child), model.uid) for child, body in live.items()}

    def _answers(self, model: Model, key: Key, seen: Observed) -> tuple[ApprovalEvidence, ...]:
        revision = seen.revisions.get(stage.on_record(model, seen))
        return answers_for(self.store.of_model(APPROVAL, key), revision) if revision is not None else ()

    async def _jobs(self, model: Model, key: Key) -> tuple[TrainingJob, ...]:
        own = [body for body in self._own_jobs(model, key) if workload.is_training(body)]
        pods = self.store.of_model(POD, key)
        return tuple(
            [
                workload.training_job(body, pods, self.progress.percent(body), await self._told_of(body, key))
                for body in own
            ]
        )

    async def _comparisons(self, model: Model, key: Key) -> tuple[ComparisonJob, ...]:
        own = [body for body in self._own_jobs(model, key) if workload.is_comparison(body)]
        pods = self.store.of_model(POD, key)
        return tuple([workload.comparison_job(body, pods, await self._told_of(body, key)) for body in own])

    async def _look_ups(self, model: Model, key: Key, question: Question | None) -> tuple[LookUpJob, ...]:
        """Its own, and those of other models of the namespace that ask the same: what these find need not be looked up."""
        asked = question.key() if question is not None else ""
        bodies = [
            body
            for body in self.store.look_ups(key.namespace)
            if is_controlled_by(body, model.uid) or annotations_of(body)[LOOK_UP_ANNOTATION] == asked
        ]
        return tuple(
            [
                workload.look_up_job(body, self._pods_beside(body), model.uid, await self._told_of(body, key))
                for body in bodies
            ]
        )

    def _pods_beside(self, job: Manifest) -> list[Manifest]:
        return self.store.of_model(POD, Key(job["metadata"]["namespace"], instance_of(job)))

    def _own_jobs(self, model: Model, key: Key) -> list[Manifest]:
        return [body for body in self.store.of_model(JOB, key) if is_controlled_by(body, model.uid)]

    async def _told_of(self, job: Manifest, key: Key) -> list[Manifest]:
        """A Job whose pods are refused says so in its Events and nowhere else."""
        asks = workload.has_begun_without_pods(job)
        return await self.kube.events_about(key.namespace, uid_of(job)) if asks else []

    async def _serving_pods(self, key: Key) -> tuple[ServingPod, ...]:
        return tuple(await asyncio.gather(*(self._serving_pod(body) for body in self._server_bodies(key))))

    def _server_bodies(self, key: Key) -> list[Manifest]:
        components = (SERVER, SHADOW)
        bodies = [pod for pod in self.store.of_model(POD, key) if labels_of(pod).get(COMPONENT_LABEL) in components]
        return [body for body in bodies if not is_finished(body)]

    async def _serving_pod(self, body: Manifest) -> ServingPod:
        asks = workload.is_running_unready(body)
        return workload.serving_pod(body, await service_probe.readiness_trouble(self.http, body) if asks else None)

    async def _versions(self, model: Model) -> RegistryFacts:
        body = self.store.model(Key(model.namespace, model.name))
        if body is None:
            return RegistryNotAsked()
        return await self.registry.versions(*extract.registry_of(body, self.settings.tracking_url))

    async def _list(self, kind: Kind, model: Model) -> None:
        """Read everything of the kind that is labelled as the model's, so that the store holds what is there now."""
        labels = {MANAGED_BY_LABEL: MANAGER, INSTANCE_LABEL: model.name}
        listed, version = await self.kube.all_of(kind, model.namespace, selector(labels))
        self.store.sweep_model(kind, listed, version, Key(model.namespace, model.name))
