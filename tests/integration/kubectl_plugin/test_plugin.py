"""The installed plugin beside a real kubectl and a real API server."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.integration.admission.documents import ROOT, collection, create, model, revision
from tests.support.api_server import ApiServer, Manifest

Rotten = Callable[..., subprocess.CompletedProcess[str]]
T0, T1, T2 = "2026-01-02T03:04:05Z", "2026-01-03T03:04:05Z", "2026-01-04T03:04:05Z"
MESSAGE = "Version 2 did not pass → it does not serve. Next: kubectl get smrev imdb.2 -o yaml"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin installed by pip, alone and without a network: the backend stands in the tests' environment."""
    folder = tmp_path_factory.mktemp("plugin")
    options = ("--quiet", "--no-build-isolation", "--no-index", "--no-deps", "--target", folder)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, ROOT / "kubectl_plugin"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def rotten(crds: ApiServer, installed: Path, namespace: str) -> Rotten:
    """Types `kubectl rotten …` in the namespace of this test."""
    kubectl = Path(shutil.which(crds.kubectl) or crds.kubectl)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(installed / "bin"), str(kubectl.parent), "/usr/bin", "/bin"]),
        "PYTHONPATH": str(installed),
        "KUBECONFIG": str(crds.kubeconfig),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "100",
    }

    def typed(*words: str, **others: str) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", "rotten", *words, "-n", namespace]
        return subprocess.run(
            command, env={**environment, **others}, cwd="/", capture_output=True, encoding="utf-8", timeout=60
        )

    return typed


def condition(kind: str, status: str, reason: str, message: str = "") -> Manifest:
    """A condition as the API server takes it."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": T0,
    }


def store(server: ApiServer, namespace: str, document: Manifest, status: Manifest) -> None:
    """Create the object and write its status."""
    created = create(server, namespace, document)
    assert created.accepted, created.message
    path = f"{collection(namespace, document)}/{document['metadata']['name']}/status"
    written = server.request("PATCH", path, {"status": status}, fieldValidation="Strict")
    assert written.accepted, written.message


def gate(verdict: str) -> Manifest:
    """Evidence of the gate no-worse."""
    figures = {"metric": "accuracy", "value": "0.61", "baselineVersion": "1", "baselineValue": "0.90", "low": "-0.3"}
    return {"name": "no-worse", "verdict": verdict, "time": T0, **figures}


def answer(by: str) -> Manifest:
    """A person's yes."""
    return {"approval": "imdb.1-ada", "uid": "1", "approvedBy": by, "decision": "Approve", "time": T0}


@pytest.fixture
def seen(crds: ApiServer, namespace: str) -> None:
    """Version 1 served twice, version 2 in between; version hasty is wanted and failed its gate. A model beside it."""
    conditions = [
        condition("Ready", "False", "GateFailed", MESSAGE),
        condition("Accepted", "True", "Valid"),
        condition("GatesPassed", "False", "GateFailed", MESSAGE),
    ]
    status = {
        "observedGeneration": 1,
        "wantedVersion": "hasty",
        "servingVersion": "1",
        "gates": [gate("Failed")],
        "conditions": conditions,
    }
    store(crds, namespace, model({"spec.version": "hasty"}), status)
    first = [{"version": "1", "since": since, "reason": "Wanted"} for since in (T0, T2)]
    store(
        crds,
        namespace,
        revision(),
        {"serving": first, "gates": [gate("Passed")], "approvals": [answer("ada@example.com")]},
    )
    second = revision({"metadata.name": "imdb.2", "spec.version": "2"})
    store(crds, namespace, second, {"serving": [{"version": "2", "since": T1, "reason": "Wanted"}]})
    store(
        crds, namespace, revision({"metadata.name": "imdb.hasty", "spec.version": "hasty"}), {"gates": [gate("Failed")]}
    )
    other = {"metadata.name": "imdb-too.9", "spec.modelRef.name": "imdb-too", "spec.version": "9"}
    store(crds, namespace, revision(other), {"serving": [{"version": "9", "since": T1, "reason": "Wanted"}]})


def test_why_a_model_is_not_ready(seen: None, rotten: Rotten) -> None:
    done = rotten("why", "imdb")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "imdb is not ready: GateFailed",
        "  Version 2 did not pass → it does not serve.",
        "  Version hasty is wanted, version 1 serves.",
    ]
    assert [line.split()[0] for line in lines[4:12]] == ["✓", *"…" * 4, "✗", *"…" * 2]
    assert lines[-2:] == ["Next:", "kubectl get smrev imdb.2 -o yaml"]


def test_in_ascii(seen: None, rotten: Rotten) -> None:
    for done in (rotten("why", "imdb", "--no-unicode"), rotten("why", "imdb", PYTHONIOENCODING="ascii")):
        assert done.stdout.isascii()
        assert "did not pass -> it does not serve" in done.stdout


def test_a_model_that_is_ready(crds: ApiServer, namespace: str, rotten: Rotten) -> None:
    status = {
        "observedGeneration": 1,
        "wantedVersion": "1",
        "servingVersion": "1",
        "conditions": [condition("Ready", "True", "Serving")],
    }
    store(crds, namespace, model(), status)
    done = rotten("why", "imdb")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "imdb is ready: version 1 serves.")


def test_a_model_that_nobody_looked_at(crds: ApiServer, namespace: str, rotten: Rotten) -> None:
    created = create(crds, namespace, model())
    assert created.accepted, created.message
    done = rotten("why", "imdb")
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        1,
        "imdb is not ready: the operator has not looked at it yet.",
    )
    assert rotten("versions", "imdb").stdout == "imdb has no versions yet.\n"
    ran = rotten("who-ran", "imdb", "--at", "2026-01-02")
    assert (ran.returncode, ran.stdout.splitlines()[0][:36]) == (1, "imdb has no revision that served. 20")


def test_all_versions_of_this_model_and_of_no_other(seen: None, rotten: Rotten) -> None:
    done = rotten("versions", "imdb")
    assert (done.returncode, done.stderr) == (0, "")
    heading, *rows = done.stdout.splitlines()
    assert heading.split()[:3] == ["VERSION", "NOW", "ACCURACY"]
    assert [row.split()[:2] for row in rows] == [["1", "serves"], ["2", "-"], ["hasty", "wanted"]]


def test_versions_for_programs(seen: None, rotten: Rotten) -> None:
    document = json.loads(rotten("versions", "imdb", "-o", "json").stdout)
    assert document == yaml.safe_load(rotten("versions", "imdb", "-o", "yaml").stdout)
    assert {
        one["version"]: [(each["since"], each["until"]) for each in one["served"]] for one in document["versions"]
    } == {
        "1": [(T0, T1), (T2, None)],
        "2": [(T1, T2)],
        "hasty": [],
    }


def test_who_ran(seen: None, rotten: Rotten) -> None:
    done = rotten("who-ran", "imdb", "--at", "2026-01-02")
    assert done.returncode == 0
    assert done.stdout.startswith(
        "imdb at 2026-01-02T23:59:59Z: version 1 served.\n2026-01-02 without a time is the end of that day, UTC.\n"
    )
    assert "ada@example.com approved 2026-01-02T03:04:05Z" in done.stdout
    later = json.loads(rotten("who-ran", "imdb", "--at", "2026-01-03T05:04:05+02:00", "-o", "json").stdout)
    assert (later["at"], later["ran"]["version"], later["ran"]["until"]) == (T1, "2", T2)


@pytest.mark.parametrize("at", ["2026-01-01", "2999-01-01"], ids=["before the first", "the future"])
def test_nothing_is_known_to_have_run(seen: None, rotten: Rotten, at: str) -> None:
    done = rotten("who-ran", "imdb", "--at", at)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(("Nothing of imdb served at", "2999-01-01T23:59:59Z is in the future"))


def test_a_model_that_is_not_there(rotten: Rotten, namespace: str) -> None:
    done = rotten("why", "imdb")
    assert (done.returncode, done.stdout) == (2, "")
    told = f"kubectl rotten: There is no SentimentModel imdb in the namespace {namespace}. Next: kubectl get smod -A\n"
    assert done.stderr == told


def test_somebody_without_rights_is_told_which_to_ask_for_and_they_suffice(
    crds: ApiServer, seen: None, rotten: Rotten, namespace: str
) -> None:
    done = rotten("versions", "imdb", "--as", "eve adams")
    assert (done.returncode, done.stdout) == (2, "")
    told, _, grant = done.stderr.partition(" Next: ask an administrator to type: ")
    assert told == f"kubectl rotten: eve adams may not get sentimentmodels in the namespace {namespace}."
    assert done.stderr.count("\n") == 1
    crds.apply("/apis/rbac.authorization.k8s.io/v1/clusterroles/sentiment-operator-viewer", viewer())
    kubectl = f'kubectl() {{ "{crds.kubectl}" --kubeconfig "{crds.kubeconfig}" "$@"; }}'
    subprocess.run(["bash", "-c", f"{kubectl}; {grant}"], check=True, timeout=60)
    assert rotten("versions", "imdb", "--as=eve adams").returncode == 0


def viewer() -> Manifest:
    """The ClusterRole of the chart for those who look on."""
    resources = ["sentimentmodels", "sentimentmodelrevisions", "sentimentmodelapprovals"]
    rule = {"apiGroups": ["rottenpotatoes.com"], "resources": resources, "verbs": ["get", "list", "watch"]}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "sentiment-operator-viewer"},
        "rules": [rule],
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--moon",), "unknown flag: --moon. Next: kubectl rotten --help"),
        (("--context", "moon"), 'context "moon" does not exist. Next: kubectl config get-contexts'),
        (("--server=http://127.0.0.1:1",), "Next: kubectl cluster-info"),
    ],
    ids=["an unknown flag", "an unknown context", "nobody there"],
)
def test_what_kubectl_complains_of_is_passed_on(rotten: Rotten, words: tuple[str, ...], told: str) -> None:
    done = rotten("why", "imdb", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_kubectl_knows_the_plugin(rotten: Rotten, installed: Path) -> None:
    assert rotten("--help").stdout.startswith("usage: kubectl rotten")
    assert (installed / "bin" / "kubectl-rotten").exists()
