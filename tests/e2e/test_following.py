"""Whoever trains pushes, and does nothing else: new data is served by itself, a revert brings back what was before.

The repository is a real one of git and DVC, in a pod that serves it over http to the operator and to the trainings.
"""

from typing import Any

import pytest

from tests.e2e.shop import Manifest, Shop, trainer_image
from tests.support.eventually import eventually

pytestmark = pytest.mark.e2e

LOOK_SECONDS = 300
"""A look, a Job that looks closer, a training, a comparison and a rollout."""
NO_WORSE = {"name": "no-worse", "metric": "accuracy", "compareWith": "Serving", "maxDecrease": "0.03"}
MAKE = """set -e
cd /forge; mkdir -p site/store made
git init -q --bare -b main site/reviews.git
git clone -q site/reviews.git made/reviews; cd made/reviews; git checkout -q -b main
dvc init -q
dvc remote add -q -d store "http://forge.$NAMESPACE.svc/store"
dvc remote add -q --local here /forge/site/store
printf 'train:\\n  seed: 1\\n' > params.yaml
"""
PUSH = """set -e
cd /forge/made/reviews; {change}
git add --all; git commit -q -m "a push"
git push -q origin main; git -C /forge/site/reviews.git update-server-info; git rev-parse HEAD
"""
DATA = "sentiment-train generate --rows {rows} --seed 1 --output train.csv; dvc add -q train.csv; dvc push -q -r here"
REVERT = """set -e
cd /forge/made/reviews; git revert --no-edit HEAD >/dev/null
git push -q origin main; git -C /forge/site/reviews.git update-server-info; git rev-parse HEAD
"""


class Forge:
    """The pod that holds the repository."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        shop.apply(_pod(shop.namespace), _service())
        shop.kubectl("wait", "--for=condition=Ready", "pod/forge", "--timeout=120s")
        self._run(MAKE)

    def push_rows(self, rows: int) -> str:
        """Push data of so many rows; gives the commit."""
        return self._run(PUSH.format(change=DATA.format(rows=rows)))

    def push_parameters(self, text: str) -> str:
        """Push other parameters; gives the commit."""
        return self._run(PUSH.format(change=f"printf '{text}' > params.yaml"))

    def push_a_note(self) -> str:
        """Push what leaves data and parameters alone; gives the commit."""
        return self._run(PUSH.format(change="date > NOTES"))

    def revert(self) -> str:
        """`git revert` the last commit and push; gives the commit."""
        return self._run(REVERT)

    def _run(self, script: str) -> str:
        return self._shop.kubectl("exec", "-i", "forge", "--", "sh", "-s", stdin=script).strip()


def _pod(namespace: str) -> Manifest:
    who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    places = {
        f"DVC_{place}": f"/forge/{place}" for place in ("SITE_CACHE_DIR", "GLOBAL_CONFIG_DIR", "SYSTEM_CONFIG_DIR")
    }
    environment = who | places | {"HOME": "/forge", "NAMESPACE": namespace}
    container = {
        "name": "forge",
        "image": trainer_image(),
        "command": ["sh", "-c", "mkdir -p /forge/site && exec python3 -m http.server 8080 -d /forge/site"],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "work", "mountPath": "/forge"}],
    }
    user = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532}
    spec: Manifest = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {**user, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "work", "emptyDir": {}}],
    }
    metadata = {"name": "forge", "labels": {"app": "forge"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _service() -> Manifest:
    spec = {"selector": {"app": "forge"}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "forge"}, "spec": spec}


@pytest.fixture(scope="module")
def forge(shop: Shop) -> Forge:
    """A repository with one commit of data."""
    made = Forge(shop)
    made.push_rows(2000)
    return made


def follower(shop: Shop, name: str, *, gated: bool = False, **source: Any) -> Manifest:
    """A model without a version that follows `main`. `gated`: it lets nothing through that is worse."""
    dvc = {"repoURL": f"http://forge.{shop.namespace}.svc/reviews.git", "revision": "main", "path": "train.csv"}
    small = {"requests": {"cpu": "100m", "memory": "256Mi"}}
    training = {"preset": "Fast", "parametersFrom": {"path": "params.yaml", "key": "train"}, "resources": small}
    return {
        "apiVersion": "rottenpotatoes.com/v1alpha1",
        "kind": "SentimentModel",
        "metadata": {"name": name},
        "spec": {"data": {"dvc": dvc | source}, "training": training, "gates": [NO_WORSE] if gated else []},
    }


def status(shop: Shop, name: str) -> Manifest:
    return shop.the("smod", name).get("status", {})


def serves_another(shop: Shop, name: str, than: str, seconds: float = LOOK_SECONDS) -> Manifest:
    """The status once another version has all traffic."""

    def another() -> bool:
        is_ready = shop.condition(name, "Ready").get("status") == "True"
        return is_ready and status(shop, name).get("servingVersion") != than

    try:
        eventually(f"{name} serves another version than {than or 'none'}", another, seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{shop.story(name)}") from None
    return status(shop, name)


def evidence(shop: Shop, version: str) -> list[Manifest]:
    """What the gates of `imdb` came to for that version."""
    found: list[Manifest] = shop.the("smrev", f"imdb.{version}")["status"]["gates"]
    return found


def trainings(shop: Shop, name: str) -> set[str]:
    """Names of the training Jobs of a model."""
    return {job for job in shop.jobs() if job.startswith(f"{name}-train-")}


def test_a_push_is_served_without_a_command_and_a_revert_brings_back_the_same_model(shop: Shop, forge: Forge) -> None:
    shop.apply(follower(shop, "imdb", gated=True))
    first = serves_another(shop, "imdb", "")
    commit = forge.push_rows(2600)
    second = serves_another(shop, "imdb", first["servingVersion"])
    assert (second["followed"]["commit"], second["lineage"]["gitCommit"]) == (commit, commit)
    (judged,) = evidence(shop, second["servingVersion"])
    assert (judged["verdict"], judged["baselineVersion"]) == ("Passed", first["servingVersion"])
    assert judged["samples"] >= 30, "it was held against what served, review by review"
    trained = trainings(shop, "imdb")
    assert len(trained) == 2
    reverted = forge.revert()
    again = serves_another(shop, "imdb", second["servingVersion"])
    assert again["servingVersion"] == first["servingVersion"]
    assert again["followed"]["commit"] == reverted
    for link in ("fingerprint", "runID", "artifactDigest"):
        assert again["lineage"][link] == first["lineage"][link]
    answer, headers = shop.predict("imdb")
    assert (answer["version"], headers["x-model-digest"]) == (
        first["servingVersion"],
        first["lineage"]["artifactDigest"],
    )
    assert trainings(shop, "imdb") <= trained
    assert len(evidence(shop, first["servingVersion"])) == 1, "what served before is not judged again"
    shop.patch("smod", "imdb", {"spec": {"version": second["servingVersion"]}})
    shop.is_ready("imdb", second["servingVersion"], 60)
    assert trainings(shop, "imdb") <= trained


@pytest.mark.campaign
def test_other_parameters_are_trained_and_a_note_is_not(shop: Shop, forge: Forge) -> None:
    shop.apply(follower(shop, "tuned"))
    first = serves_another(shop, "tuned", "")
    commit = forge.push_a_note()
    eventually("the note was seen", lambda: status(shop, "tuned")["followed"]["commit"] == commit, LOOK_SECONDS)
    assert status(shop, "tuned")["servingVersion"] == first["servingVersion"]
    forge.push_parameters("train:\\n  sead: 2\\n")
    message = shop.becomes("tuned", "UpToDate", "ParametersInvalid", "False", LOOK_SECONDS)["message"]
    assert "sead: is no parameter" in message
    assert shop.condition("tuned", "Ready")["status"] == "True"
    forge.push_parameters("train:\\n  seed: 2\\n  maxFeatures: 500\\n")
    second = serves_another(shop, "tuned", first["servingVersion"])
    recipe = shop.the("smrev", f"tuned.{second['servingVersion']}")["spec"]["recipe"]
    assert recipe["parameters"]["maxFeatures"] == 500
    assert recipe["pin"]["commit"] == second["followed"]["commit"]


@pytest.mark.campaign
def test_behind_credentials_a_job_looks(shop: Shop, forge: Forge) -> None:
    shop.kubectl("create", "secret", "generic", "git", "--from-literal=GIT_USERNAME=a", "--from-literal=GIT_PASSWORD=b")
    shop.apply(follower(shop, "closed", credentialsSecretRef={"name": "git"}))
    first = serves_another(shop, "closed", "")
    forge.push_rows(2300)
    serves_another(shop, "closed", first["servingVersion"])
