"""A namespace with models can be deleted while no operator runs: nothing of ours holds it back."""

from tests.integration.admission.documents import approval, create, model, revision
from tests.support.api_server import ApiServer
from tests.support.eventually import eventually


def test_a_namespace_with_a_model_goes_away(crds: ApiServer, namespace: str) -> None:
    for document in (model(), revision(), approval()):
        created = create(crds, namespace, document)
        assert created.accepted, created.message
    path = f"/api/v1/namespaces/{namespace}"
    assert crds.request("DELETE", path).accepted
    eventually("the namespace is gone", lambda: crds.request("GET", path).status == 404)
