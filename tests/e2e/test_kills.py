"""The operator is killed at random moments of training and rollout: the end is the same as without."""

import random
import time
from collections import Counter

import pytest

from demo.installation import NAMESPACE as SYSTEM
from demo.installation import RELEASE
from tests.e2e import node, tracking
from tests.e2e.operator_process import OperatorProcess, operator_process
from tests.e2e.shop import Manifest, Shop, fast, model, scale
from tests.support.eventually import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.exclusive]
LONGEST_LIFE_SECONDS = 9.0
LIVES_PER_VERSION = 3
"""Some kills hit the training of a version, later ones its registration and rollout."""


def test_three_kills_across_train_and_rollout(served: Shop) -> None:
    killed_again_and_again(served, kills=3, seed=3)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_twenty_kills_across_train_and_rollout(served: Shop) -> None:
    killed_again_and_again(served, kills=20, seed=20)


def killed_again_and_again(served: Shop, kills: int, seed: int) -> None:
    undisturbed = lasting(served)
    moments = random.Random(seed)
    moment_of = Counter[str]()
    wanted = [f"k{seed}-{number // LIVES_PER_VERSION}" for number in range(kills)]
    scale(RELEASE, 0)
    try:
        with operator_process() as operator:
            for version in wanted:
                served.apply(model(version=version, training=recipe(version)))
                moment_of[killed_once(served, operator, moments)] += 1
            print(f"killed while: {dict(moment_of)}")
            with operator.running():
                for version in dict.fromkeys(wanted):
                    served.apply(model(version=version, training=recipe(version)))
                    served.is_ready("imdb", version)
                served.apply(model())
                served.is_ready("imdb", "1")
                eventually("the children are as they were", lambda: lasting(served) == undisturbed, 20)
    finally:
        scale(RELEASE, 1)
    revisions = {entry["spec"]["version"]: entry["spec"] for entry in served.every("smrev")}
    assert {*wanted, "1"} <= set(revisions), "no revision is lost"
    runs = tracking.finished_runs(f"{served.namespace}.imdb")
    assert {revision["fingerprint"] for revision in revisions.values()} <= set(runs)
    assert max(runs.values()) == 1, f"a fingerprint was trained to the end twice: {runs}"
    served.is_ready("imdb", "1")


def killed_once(served: Shop, operator: OperatorProcess, moments: random.Random) -> str:
    """Let it work for a while, kill it, and say what it was at."""
    with operator.running() as process:
        time.sleep(moments.uniform(2.0, LONGEST_LIFE_SECONDS))
        assert process.poll() is None, operator.log.read_text()[-2000:]
    return served.condition("imdb", "Ready").get("reason", "NotSeenYet")


def recipe(version: str) -> Manifest:
    """Parameters that no other version has."""
    return fast(1000 + int(version.rsplit("-", 1)[1]))


def lasting(shop: Shop) -> dict[str, Manifest]:
    """The specs of the children, by kind."""
    kinds = ("deployment", "service", "networkpolicy")
    return {kind: (shop.get(kind, "imdb") or {}).get("spec", {}) for kind in kinds}


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_three_kills_in_the_pod(served: Shop) -> None:
    for number in range(3):
        version = f"p{number}"
        served.apply(model(version=version, training=fast(1080 + number)))
        eventually("its training runs", lambda version=version: training_pod(served, version), 60)
        restarts = operator_pod()["status"]["containerStatuses"][0]["restartCount"]
        node.kill(operator_pod(), RELEASE)
        eventually(
            "its container is restarted",
            lambda before=restarts: operator_pod()["status"]["containerStatuses"][0]["restartCount"] > before,
            120,
        )
        served.is_ready("imdb", version)
    runs = tracking.finished_runs(f"{served.namespace}.imdb")
    assert max(runs.values()) == 1


def training_pod(served: Shop, version: str) -> list[Manifest]:
    """Running pods of a version's training."""
    pods = served.every("pods", f"rottenpotatoes.com/version={version},batch.kubernetes.io/job-name")
    return [pod for pod in pods if pod["status"]["phase"] == "Running"]


def operator_pod() -> Manifest:
    """The pod of the operator."""
    (pod,) = Shop(SYSTEM).every("pods", f"app.kubernetes.io/name={RELEASE}")
    return pod
