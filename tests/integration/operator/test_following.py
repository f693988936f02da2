"""A branch is followed through a real git server and a real API server: push, revert, pin, outage, restart."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.integration.operator.conftest import Shop, Start
from tests.integration.operator.operator_process import OperatorProcess
from tests.support.api_server import Manifest
from tests.support.eventually import eventually
from tests.support.git_server import GitServer, git_server
from tests.support.ports import free_port

SECONDS = {"SENTIMENT_LOOK_UP_SECONDS": "0.3", "SENTIMENT_LOOK_UP_JOB_SECONDS": "1"}


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[GitServer]:
    with git_server(tmp_path / "forge") as server:
        yield server


@pytest.fixture
def quick(start: Start) -> OperatorProcess:
    """An operator that looks often."""
    return start(**SECONDS).wait_until_it_leads()


@pytest.fixture(params=[True, False], ids=["asked by the operator", "looked up by a Job"])
def source(request: pytest.FixtureRequest, forge: GitServer) -> Manifest:
    """The branch, open to anybody or behind credentials."""
    plain: Manifest = {"repoURL": forge.url, "revision": "main", "path": "train.csv"}
    return plain if request.param else plain | {"credentialsSecretRef": {"name": "git"}}


def status(shop: Shop, name: str = "imdb") -> Manifest:
    return (shop.get("smod", name) or {}).get("status", {})


def serves_another(shop: Shop, than: str, name: str = "imdb") -> str:
    """Return the version when another one has all traffic."""

    def another() -> bool:
        return shop.condition(name, "Ready")[0] == "True" and status(shop, name)["servingVersion"] != than

    eventually(f"{name} serves another version than {than}", another)
    return status(shop, name)["servingVersion"]


def digest(shop: Shop) -> str:
    return status(shop)["lineage"]["artifactDigest"]


def test_a_push_is_served_a_revert_goes_back_without_training_and_an_old_label_can_be_pinned(
    shop: Shop, quick: OperatorProcess, forge: GitServer, source: Manifest
) -> None:
    forge.push_data("a")
    shop.a_model(data={"dvc": source})
    first = serves_another(shop, "")
    fingerprint, before = status(shop)["lineage"]["fingerprint"], digest(shop)
    commit = forge.push_data("b")
    second = serves_another(shop, first)
    assert shop.node.orders[-1].recipe.pinned_data().dvc.revision == commit  # pyright: ignore[reportOptionalMemberAccess]
    forge.revert()
    assert serves_another(shop, second) == first
    assert (status(shop)["lineage"]["fingerprint"], digest(shop)) == (fingerprint, before)
    assert len(shop.node.trained) == 2
    shop.patch("smod", "imdb", {"spec": {"version": second}})
    shop.ready(version=second)
    assert len(shop.node.trained) == 2


def test_the_status_tells_what_is_followed_and_a_new_process_neither_looks_nor_trains(
    shop: Shop, start: Start, forge: GitServer
) -> None:
    commit = forge.push_data("a")
    first = start("one", **SECONDS).wait_until_it_leads()
    shop.a_model(data={"dvc": {"repoURL": forge.url, "revision": "main", "path": "train.csv"}})
    serves_another(shop, "")
    followed = status(shop)["followed"]
    assert (followed["revision"], followed["commit"]) == ("main", commit)
    first.terminate()
    looked, before = len(shop.node.looked_up), shop.versions_of_everything()
    asked = len(forge.asked)
    start("two", **SECONDS).wait_until_it_leads()
    eventually("the new process asked the server", lambda: len(forge.asked) > asked + 2)
    assert (len(shop.node.trained), len(shop.node.looked_up)) == (1, looked)
    assert shop.versions_of_everything() == before


def test_a_server_that_is_away_is_told_and_disturbs_nothing(
    shop: Shop, quick: OperatorProcess, forge: GitServer
) -> None:
    forge.push_data("a")
    shop.a_model(data={"dvc": {"repoURL": forge.url, "revision": "main", "path": "train.csv"}})
    first = serves_another(shop, "")
    forge.status = 500
    shop.wait("imdb", "DependenciesReady", "False", "RepositoryUnreachable")
    assert shop.condition("imdb", "Ready")[0] == "True"
    assert shop.condition("imdb", "Stalled")[0] == "False"
    forge.status = 0
    shop.wait("imdb", "DependenciesReady", "True")
    forge.push_data("b")
    serves_another(shop, first)


def test_all_models_of_a_namespace_share_one_look(shop: Shop, quick: OperatorProcess, forge: GitServer) -> None:
    forge.push_data("a")
    source = {"repoURL": forge.url, "revision": "main", "path": "train.csv"}
    shop.a_model("elder", data={"dvc": source})
    serves_another(shop, "", "elder")
    for name in ("younger", "youngest"):
        shop.a_model(name, data={"dvc": source})
        serves_another(shop, "", name)
    assert len(shop.node.looked_up) == 1


def test_parameters_come_from_the_repository_and_wrong_ones_are_told(
    shop: Shop, quick: OperatorProcess, forge: GitServer
) -> None:
    forge.push({"params.yaml": "train:\n  seed: 7\n"})
    forge.push_data("a")
    source = {"repoURL": forge.url, "revision": "main", "path": "train.csv"}
    training: dict[str, Any] = {"parametersFrom": {"path": "params.yaml", "key": "train"}}
    shop.a_model(data={"dvc": source}, training=training)
    first = serves_another(shop, "")
    assert shop.node.orders[-1].recipe.parameters.seed == 7
    forge.push({"params.yaml": "train:\n  sead: 8\n"})
    shop.wait("imdb", "UpToDate", "False", "ParametersInvalid")
    assert shop.condition("imdb", "Ready")[0] == "True"
    forge.push({"params.yaml": "train:\n  seed: 8\n"})
    serves_another(shop, first)
    assert shop.node.orders[-1].recipe.parameters.seed == 8


@pytest.mark.parametrize("credentials", [False, True], ids=["asked by the operator", "looked up by a Job"])
def test_a_webhook_makes_it_immediate(
    shop: Shop, start: Start, forge: GitServer, tmp_path: Path, *, credentials: bool
) -> None:
    secret, port = tmp_path / "secret", free_port()
    secret.write_text("a secret")
    hours = {"SENTIMENT_LOOK_UP_SECONDS": "7200", "SENTIMENT_LOOK_UP_JOB_SECONDS": "7200"}
    listening = {"SENTIMENT_WEBHOOK_SECRET_FILE": str(secret), "SENTIMENT_WEBHOOK_PORT": str(port)}
    start(**hours, **listening).wait_until_it_leads()
    forge.push_data("a")
    source = {"repoURL": forge.url, "revision": "main", "path": "train.csv"}
    shop.a_model(data={"dvc": source | ({"credentialsSecretRef": {"name": "git"}} if credentials else {})})
    first = serves_another(shop, "")
    forge.push_data("b")
    body = json.dumps({"repository": {"clone_url": forge.url}}).encode()
    signed = f"sha256={hmac.new(b'a secret', body, hashlib.sha256).hexdigest()}"
    url = f"http://127.0.0.1:{port}/hooks/git"
    assert urllib3.request("POST", url, body=body, headers={"X-Hub-Signature-256": "sha256=0"}).status == 401
    assert urllib3.request("POST", url, body=body, headers={"X-Hub-Signature-256": signed}).status == 202
    serves_another(shop, first)


def test_parameters_from_a_file_need_a_repository(shop: Shop) -> None:
    training = {"parametersFrom": {"path": "params.yaml"}}
    manifest = {"apiVersion": "rottenpotatoes.com/v1alpha1", "kind": "SentimentModel", "metadata": {"name": "imdb"}}
    data = {"volume": {"claimName": "reviews", "path": "reviews.csv"}}
    answer = shop.api.request("POST", shop.path("smod"), manifest | {"spec": {"data": data, "training": training}})
    assert not answer.accepted
    assert "training.parametersFrom needs data.dvc" in answer.message
