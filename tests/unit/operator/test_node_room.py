"""What nodes have left for pods of models, as the scheduler would count it, and who may look."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, cast

import pytest

from sentiment_operator.cluster.errors import Away, Refused
from sentiment_operator.cluster.kube import Kube
from sentiment_operator.facts.observed import Manifest, NodeRoom, NodesSeen, NodesUnknown
from sentiment_operator.kinds import NODE, POD, Kind
from sentiment_operator.probing.node_room import COUNTS_SECONDS, Nodes

GIB = 2**30


def node(name: str = "n", **spec: Any) -> Manifest:
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "10"}},
    }


def pod(on: str = "n", cpu: str = "500m", **more: Any) -> Manifest:
    spec = {"nodeName": on, "containers": [container(cpu)], **more}
    return {"metadata": {"name": "p"}, "spec": spec, "status": {"phase": "Running"}}


def container(cpu: str, memory: str = "1Gi", **more: Any) -> Manifest:
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}, **more}


class Api:
    """Pages of what there is, or a refusal."""

    def __init__(
        self, *pods: Manifest, nodes: tuple[Manifest, ...] = (node(),), error: Exception | None = None
    ) -> None:
        self.pages: dict[Kind, list[Manifest]] = {NODE: list(nodes), POD: list(pods)}
        self.error = error
        self.asked = 0

    async def pages_of(self, kind: Kind, fields: str = "") -> AsyncIterator[list[Manifest]]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        for one in self.pages[kind]:
            yield [one]


def room(api: Api, *, may_look: bool = True) -> NodesSeen | NodesUnknown:
    return asyncio.run(Nodes(cast("Kube", api), may_look=may_look).room())


def left(*pods: Manifest) -> tuple[Decimal, Decimal, int]:
    """CPU in cores, memory in GiB and pods that are left beside these."""
    found = room(Api(*pods))
    assert isinstance(found, NodesSeen)
    (only,) = found.nodes
    return only.cpu, only.memory / GIB, only.pods


def test_an_empty_node_has_what_it_can_allocate() -> None:
    assert room(Api()) == NodesSeen((NodeRoom("n", Decimal(2), Decimal(4 * GIB), 10),))


def test_requests_are_taken_from_the_node_that_the_pod_is_on() -> None:
    assert left(pod(), pod("another")) == (Decimal("1.5"), 3, 9)


@pytest.mark.parametrize(
    ("more", "cpu"),
    [
        ({"containers": [container("500m"), container("250m")]}, "1.25"),
        ({"containers": [container("500m"), {}]}, "1.5"),
        ({"initContainers": [container("750m")]}, "1.25"),
        ({"initContainers": [container("100m")]}, "1.5"),
        ({"initContainers": [container("250m", restartPolicy="Always")]}, "1.25"),
        ({"overhead": {"cpu": "250m"}}, "1.25"),
        ({"resources": {"requests": {"cpu": "1"}}}, "1"),
        ({"containers": [container("1e3")]}, "0"),
        ({"containers": [container("7")]}, "0"),
    ],
)
def test_what_a_pod_asks_for(more: Manifest, cpu: str) -> None:
    assert left(pod(**more))[0] == Decimal(cpu)


def test_a_pod_that_ended_holds_no_room() -> None:
    assert left({**pod(), "status": {"phase": "Succeeded"}})[0] == 2


@pytest.mark.parametrize(
    "spec",
    [
        {"unschedulable": True},
        {"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]},
        {"taints": [{"key": "dedicated", "effect": "NoSchedule"}]},
    ],
)
def test_nodes_that_take_no_pods_of_models_do_not_count(spec: Manifest) -> None:
    assert room(Api(nodes=(node(**spec),))) == NodesSeen(())


def test_a_node_that_only_prefers_others_counts() -> None:
    found = room(Api(nodes=(node(taints=[{"key": "old", "effect": "PreferNoSchedule"}]),)))
    assert isinstance(found, NodesSeen)
    assert len(found.nodes) == 1


def test_whoever_installed_the_operator_says_whether_it_may_look() -> None:
    api = Api()
    found = room(api, may_look=False)
    assert isinstance(found, NodesUnknown)
    assert ("preview.nodes" in found.why, api.asked) == (True, 0)


@pytest.mark.parametrize("error", [Refused(403, "Forbidden", "no rights"), Away("no answer")])
def test_what_could_not_be_seen_is_unknown_and_why(error: Exception) -> None:
    found = room(Api(error=error))
    assert isinstance(found, NodesUnknown)
    assert str(error) in found.why


def test_one_look_counts_for_all_models_for_a_while() -> None:
    api, now = Api(), [0.0]

    async def looks() -> list[int]:
        nodes = Nodes(cast("Kube", api), may_look=True, monotonic=lambda: now[0])
        counts: list[int] = []
        for at in (0.0, COUNTS_SECONDS - 1, COUNTS_SECONDS + 1):
            now[0] = at
            await nodes.room()
            counts.append(api.asked)
        return counts

    assert asyncio.run(looks()) == [2, 2, 4]
