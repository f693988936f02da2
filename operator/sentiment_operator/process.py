"""One operator process: what is wired to what, in which order it starts, and how it ends.

Every replica watches and keeps its store warm; each works on the models of the shards whose Leases it holds, of which there
is one where nothing else is said.
"""

import asyncio
import logging
import os
import signal
import socket
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp

from sentiment_operator import metrics
from sentiment_operator.cluster.api_server import ApiServer
from sentiment_operator.cluster.child_watch import ChildWatch
from sentiment_operator.cluster.credentials import client_configuration
from sentiment_operator.cluster.handlers import WatchThread
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.cluster.store import Key, Store
from sentiment_operator.cluster.sweep import Sweep
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.git.git_server import refs
from sentiment_operator.git.heads import Heads
from sentiment_operator.git.hooks import Hooks
from sentiment_operator.health import serve_health, serve_metrics
from sentiment_operator.kinds import BY_PEOPLE, Kind, calls, watched
from sentiment_operator.notify.courier import Courier
from sentiment_operator.notify.senders import senders
from sentiment_operator.passes.observe import Observer
from sentiment_operator.passes.perform import Performer
from sentiment_operator.passes.reconcile import Reconciler
from sentiment_operator.passes.report import Reporter
from sentiment_operator.passes.timing import Timing
from sentiment_operator.passes.worker import Worker
from sentiment_operator.probing.node_room import Nodes
from sentiment_operator.probing.pod_metrics import loaded_at
from sentiment_operator.reading import extract
from sentiment_operator.reading.raw import uid_of
from sentiment_operator.registry.aliases import Aliases
from sentiment_operator.registry.client import Registry
from sentiment_operator.registry.progress import Progress
from sentiment_operator.registry.restraint import Places
from sentiment_operator.replicas.interest import Interest
from sentiment_operator.replicas.leader import DEFAULT_TERMS, SHARED_TERMS, Terms
from sentiment_operator.replicas.shards import Shards
from sentiment_operator.settings import Settings
from sentiment_operator.workqueue import WorkQueue

log = logging.getLogger(__name__)

LONGEST_PASS_SECONDS = 120.0
LONGEST_WAIT_SECONDS = 300.0
BLIND_SWEEPS = 2


class WatchEnded(Exception):
    """kopf ended although nobody asked it to: the process is blind and has to be started anew."""


class Process:
    """Everything that lives as long as the process."""

    def __init__(self, settings: Settings, client: ApiServer, http: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._kube = Kube(client, self._may_write, calls(gateway_api=settings.gateway_api))
        self.shards = self._shards(settings)
        self._store = Store(lambda body: extract.registered_as(body, settings.tracking_url))
        registry = Registry(http, places=Places(max(1, settings.workers // 2)))
        self._queue: WorkQueue[Key] = WorkQueue()
        self._progress = Progress(self._store, registry, settings, self._queue.add, self.shards.acts_for)
        self._aliases = Aliases(self._store, registry, self.shards.acts_for, self.shards.may_write)
        self._courier = Courier(
            senders(settings.notification_sinks, http),
            may_send=self.shards.may_write,
            exists=lambda key, uid: (body := self._store.model(key)) is not None and uid_of(body) == uid,
            wake=self._queue.add,
            first_pause_seconds=settings.notification_pause_seconds,
        )
        self.heads = Heads(self._store, partial(refs, http), settings.look_up_seconds, self._queue.add)
        self._interest = Interest(settings.shards, lambda: self.shards.taken, self.shards.moved)
        self._worker = Worker(
            self._store,
            self._queue,
            self._reconciler(registry, http),
            settings.max_concurrent_trainings,
            self.shards.acts_for,
            self._interest.keeps,
        )
        namespaces = tuple(filter(None, (name.strip() for name in settings.watch_namespaces.split(","))))
        kinds = watched(gateway_api=settings.gateway_api)
        self._sweep = Sweep(self._kube, self._store, namespaces, kinds, self._interest, self._worker.wake)
        self.watch = WatchThread(
            self._worker.hear, namespaces, BY_PEOPLE, self._interest.is_elsewhere if settings.shards > 1 else None
        )
        children = tuple(kind for kind in kinds if kind not in BY_PEOPLE)
        self._child_watch = ChildWatch(
            self._kube, self._store, namespaces, children, self._interest, self._worker.hear, self._worker.wake
        )

    def _may_write(self, namespace: str) -> bool:
        return self.shards.may_write(namespace)

    def _shards(self, settings: Settings) -> Shards:
        identity = settings.identity or f"{socket.gethostname()}_{os.getpid()}"
        usual = DEFAULT_TERMS if settings.shards == 1 else SHARED_TERMS
        terms = Terms(settings.lease_seconds) if settings.lease_seconds else usual
        return Shards(self._kube, settings.operator_namespace, identity, settings.shards, self, terms)

    def _reconciler(self, registry: Registry, http: aiohttp.ClientSession) -> Reconciler:
        settings, store, kube = self._settings, self._store, self._kube
        return Reconciler(
            store=store,
            observer=Observer(
                store,
                kube,
                registry,
                self._progress,
                http,
                settings,
                self.heads,
                Nodes(kube, settings.preview_nodes),
            ),
            performer=Performer(kube, store, settings),
            reporter=Reporter(
                kube,
                store,
                settings,
                self._aliases.serving,
                self._wake_followers,
                self._courier,
                Timing(store, partial(loaded_at, http)).rolled_out,
            ),
            settings=settings,
            now=lambda: datetime.now(UTC),
        )

    def _wake_followers(self, key: Key) -> None:
        for follower in self._store.followers(key):
            self._queue.add(follower)

    async def run(self) -> None:
        """Watch, win a Lease, work. Never returns; raises LeaseLost, Rewound or WatchEnded."""
        await self._sweep.definitions_are_served()
        self.watch.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._end_with_watch())
            group.create_task(self._child_watch.run())
            group.create_task(self.shards.keep())
            group.create_task(self.shards.spread())
            await self._begin()
            for task in (
                self._begin_with_more(),
                self._sweep.run(),
                self._progress.run(),
                self._aliases.run(),
                self.heads.run(),
                self._courier.run(),
            ):
                group.create_task(task)
            await self._queue.run(self._settings.workers, self._worker.work)

    async def _begin(self) -> None:
        """Wait for shards, read all there is, and make every model due that is in them."""
        gained = await self.shards.gained()
        log.info("leading", extra={"event.action": "lease-acquired", "shards": sorted(gained)})
        await self._sweep.fill()
        self.shards.begin(gained)
        self._worker.begin()

    async def _begin_with_more(self) -> None:
        while True:
            await self._begin()

    def is_busy(self, shard: int) -> bool:
        """Whether a pass of that shard is under way."""
        return any(self.shards.of(key.namespace) == shard for key in self._queue.running)

    def given_back(self, shard: int) -> None:
        """Others act for that shard from now on."""

        def is_left(namespace: str) -> bool:
            return self.shards.of(namespace) == shard

        self._courier.leave(is_left)
        for kind in self._sweep.kinds:
            self._store.leave(kind, partial(self._is_not_kept, kind))

    def _is_not_kept(self, kind: Kind, body: Manifest) -> bool:
        return not self._interest.keeps(kind, body)

    async def _end_with_watch(self) -> None:
        await self.watch.ended()
        raise WatchEnded("watching ended: the log lines before say why")

    def problems(self) -> list[str]:
        """What a restart would mend."""
        if not self.shards.held:
            return []
        found = {
            f"a pass has been running for {self._queue.longest_pass_seconds:.0f} s": self._queue.longest_pass_seconds
            > LONGEST_PASS_SECONDS,
            # While passes end, whoever waits long waits for something outside: a restart would only add to it.
            f"a model has been due for {self._queue.oldest_seconds:.0f} s": min(
                self._queue.oldest_seconds, self._queue.seconds_without_end
            )
            > LONGEST_WAIT_SECONDS,
            f"the watch missed something {self._sweep.blind_for} sweeps in a row": self._sweep.blind_for
            >= BLIND_SWEEPS,
        }
        return [problem for problem, is_so in found.items() if is_so]

    def refresh_metrics(self) -> None:
        """Bring the gauges up to date."""
        metrics.LEADER.set(bool(self.shards.held))
        metrics.SHARDS_HELD.set(len(self.shards.held))
        metrics.QUEUE_DEPTH.set(self._queue.depth)
        metrics.QUEUE_OLDEST.set(self._queue.oldest_seconds)
        # Of its own models alone: every replica knows of all of them, and what each tells is added up.
        acts_for = self.shards.acts_for
        metrics.TRAININGS.set(sum(acts_for(key.namespace) for _, key in self._store.unfinished_jobs()))
        models = (self._store.model(key) for key in self._store.models() if acts_for(key.namespace))
        counts = Counter(entry for body in filter(None, models) for entry in extract.conditions(body))
        metrics.MODELS.clear()
        for (condition, status), count in counts.items():
            metrics.MODELS.labels(condition, status).set(count)


async def run_until_told(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT, then give the Leases back. Raises LeaseLost, Rewound and WatchEnded."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(ApiServer(await client_configuration()))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        process = Process(settings, client, http)
        for runner in (
            await serve_health(settings.health_port, process.problems),
            await serve_metrics(settings.metrics_port, process.refresh_metrics),
        ):
            stack.push_async_callback(runner.cleanup)
        if settings.webhook_secret_file:
            hooks = Hooks(Path(settings.webhook_secret_file), lambda: bool(process.shards.held), process.heads.tell)
            stack.push_async_callback((await hooks.serve(settings.webhook_port)).cleanup)
        running, told = asyncio.create_task(process.run()), asyncio.create_task(stop.wait())
        await asyncio.wait([running, told], return_when=asyncio.FIRST_COMPLETED)
        for task in (running, told):
            task.cancel()
        await asyncio.wait([running])
        await process.shards.release()
        await process.watch.stop()
        if not running.cancelled():
            running.result()
    log.info("ended", extra={"event.action": "ended"})
