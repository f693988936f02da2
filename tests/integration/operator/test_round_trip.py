"""Every child as the API server keeps it: what was applied reads back as no difference, so nothing is written twice."""

import copy

import pytest

from sentiment_operator import children
from sentiment_operator.children.service_account import service_account
from sentiment_operator.deciding.plan import Plan, Roll
from sentiment_operator.facts.observed import ChildKind, Manifest
from sentiment_operator.kinds import JOB, REVISION, SERVICE_ACCOUNT, SERVING, Kind
from sentiment_operator.names import FIELD_MANAGER
from sentiment_operator.reading.difference import is_as_desired
from tests.support.api_server import ApiServer
from tests.support.builders import SETTINGS, model, observed, revision, spec
from tests.support.scenarios import SCENARIOS, manifests

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*SERVING.values(), JOB, REVISION)}
CASES = [(name, number) for name in SCENARIOS for number in range(len(manifests(name)))]


@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_child_reads_back_as_it_was_applied(
    crds: ApiServer, gateway_api: ApiServer, namespace: str, name: str, number: int
) -> None:
    manifest = copy.deepcopy(manifests(name)[number])
    manifest["metadata"]["namespace"] = namespace
    live = applied(crds, manifest)
    assert is_as_desired(manifest, live), f"{manifest['kind']} would be written again and again"
    assert not is_as_desired(changed(manifest), live)


def test_secrets_to_pull_images_with_read_back_beside_those_of_the_cluster(crds: ApiServer, namespace: str) -> None:
    account = service_account(model(), SETTINGS.model_copy(update={"image_pull_secrets": "ours,more"}))
    account["metadata"]["namespace"] = namespace
    del account["metadata"]["ownerReferences"]  # Nobody collects it meanwhile.
    live = applied(crds, account)
    assert is_as_desired(account, live)
    beside = [{"name": "theirs"}, *live["imagePullSecrets"]]
    path = SERVICE_ACCOUNT.path(namespace, account["metadata"]["name"])
    edited = crds.request("PATCH", path, {"imagePullSecrets": beside}, patch="merge-patch", fieldManager="registry")
    assert edited.body["imagePullSecrets"] == beside
    assert is_as_desired(account, edited.body)
    without = crds.request(
        "PATCH", path, {"imagePullSecrets": beside[:1]}, patch="merge-patch", fieldManager="registry"
    )
    assert not is_as_desired(account, without.body)
    assert is_as_desired(account, applied(crds, account))


AMOUNTS: list[dict[str, str | int]] = [
    *({"cpu": cpu} for cpu in (2, "2", "1.5", "0.001", "1500m", "999999.999")),
    *({"memory": memory} for memory in (1_610_612_736, "1.5Gi", "0.5Pi", "1Pi", "1.001Ki", "1.5M", "0.5P", "1.5")),
    *({"memory": memory} for memory in ("129e6", "15e7", "1.5E9")),
]


@pytest.mark.parametrize("limits", AMOUNTS, ids=str)
def test_an_amount_in_any_form_reads_back_as_it_was_asked_for(
    crds: ApiServer, namespace: str, limits: dict[str, str | int]
) -> None:
    # A limit that is smaller than the default request makes that smaller too.
    asked = model(spec("1", serving={"resources": {"limits": limits}}))
    of = revision("1", of=asked.spec)
    written = children.serving_children(asked, Plan(step=Roll(of), wanted="1", target=of), observed(of), SETTINGS)
    manifest = {**(written[ChildKind.DEPLOYMENT] or {})}
    manifest["metadata"] = {**manifest["metadata"], "namespace": namespace}
    assert is_as_desired(manifest, applied(crds, manifest))


def applied(server: ApiServer, manifest: Manifest) -> Manifest:
    kind = KINDS[manifest["kind"]]
    path = kind.path(manifest["metadata"]["namespace"], manifest["metadata"]["name"])
    answer = server.request(
        "PATCH", path, manifest, patch="apply-patch", fieldManager=FIELD_MANAGER, fieldValidation="Strict", force="true"
    )
    assert answer.accepted, answer.message
    # The answer is the object as it was kept. A later read may find nothing: its owner is made up, so it is collected.
    return answer.body


def changed(manifest: Manifest) -> Manifest:
    """The same with one label more: the least that must be noticed."""
    other = copy.deepcopy(manifest)
    other["metadata"]["labels"]["rottenpotatoes.com/other"] = "1"
    return other
