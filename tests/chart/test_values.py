"""A wrong value is refused when the chart is installed, not found out by a pod that does not start."""

import pytest

from tests.chart.rendering import Helm, Refused, Values

WRONG: dict[str, tuple[Values, str]] = {
    "an unknown setting": ({"operater": {}}, "operater"),
    "an unknown setting below a known one": ({"operator": {"replica": 2}}, "replica"),
    "a number as text": ({"operator": {"replicas": "2"}}, "operator/replicas"),
    "fewer replicas than none": ({"operator": {"replicas": -1}}, "operator/replicas"),
    "no shard": ({"operator": {"shards": 0}}, "operator/shards"),
    "more shards than there are Leases for": ({"operator": {"shards": 17}}, "operator/shards"),
    "no training at a time": ({"operator": {"maxConcurrentTrainings": 0}}, "maxConcurrentTrainings"),
    "an unknown log level": ({"operator": {"logLevel": "verbose"}}, "logLevel"),
    "a namespace that cannot be": ({"watchNamespaces": ["Team A"]}, "watchNamespaces"),
    "a namespace named twice": ({"watchNamespaces": ["a", "a"]}, "watchNamespaces"),
    "a namespace without a name, which would mean all": ({"watchNamespaces": [""]}, "watchNamespaces"),
    "a Secret to pull with that has no name": ({"imagePullSecrets": [""]}, "imagePullSecrets"),
    "a Secret to pull with whose name cannot be": ({"imagePullSecrets": ["a,b"]}, "imagePullSecrets"),
    "a peer of MLflow that is nobody": ({"networkPolicy": {"mlflowFrom": [{}]}}, "mlflowFrom"),
    "a peer of MLflow by its host": ({"networkPolicy": {"mlflowFrom": [{"host": "a"}]}}, "mlflowFrom"),
    "a digest cut short": ({"image": {"server": {"digest": "sha256:abc"}}}, "digest"),
    "a tag with a space": ({"image": {"server": {"tag": "a b"}}}, "tag"),
    "no image": ({"image": {"server": {"repository": ""}}}, "repository"),
    "an unknown pull policy": ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
    "a limit that is no quantity": ({"operator": {"resources": {"limits": {"memory": "lots"}}}}, "memory"),
    "MLflow switched off and none named": ({"mlflow": {"enabled": False}}, "externalURL"),
    "an address that is none": ({"mlflow": {"enabled": False, "externalURL": "mlflow.example.org"}}, "externalURL"),
    "an address with a password": (
        {"mlflow": {"enabled": False, "externalURL": "https://me:pw@mlflow.example.org"}},
        "externalURL",
    ),
    "a load balancer": ({"mlflow": {"service": {"type": "LoadBalancer"}}}, "type"),
    "a port beyond all ports": ({"mlflow": {"service": {"type": "NodePort", "nodePort": 70000}}}, "nodePort"),
    "a size without a unit that Kubernetes knows": ({"mlflow": {"persistence": {"size": "10 GB"}}}, "size"),
    "two hosts in one": ({"mlflow": {"allowedHosts": ["a,b"]}}, "allowedHosts"),
    "a Gateway API that is perhaps there": ({"gatewayAPI": {"enabled": "yes"}}, "gatewayAPI"),
    "a Prometheus without a scheme": ({"analysis": {"prometheusURL": "prometheus:9090"}}, "prometheusURL"),
    "an interval without a unit": ({"metrics": {"serviceMonitor": {"interval": "30"}}}, "interval"),
    "a preview of what it cannot see": ({"preview": {"quotas": True}}, "quotas"),
    "no port of the API server": ({"networkPolicy": {"apiServerPorts": []}}, "apiServerPorts"),
    "the port of a registry as text": ({"networkPolicy": {"registryPorts": ["http"]}}, "registryPorts"),
    "a webhook without a secret": ({"webhook": {"enabled": True}}, "webhook"),
    "a trainer whose name cannot be": ({"trainers": {"NB SVM": "a"}}, "trainers"),
    "a trainer without an image": ({"trainers": {"nb-svm": ""}}, "trainers"),
    "a look without a pause": ({"operator": {"lookUpSeconds": 0}}, "lookUpSeconds"),
    "a port of a registry beyond all ports": ({"networkPolicy": {"registryPorts": [70000]}}, "registryPorts"),
}


@pytest.mark.parametrize("values_and_place", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_refused_by_its_place(helm: Helm, values_and_place: tuple[Values, str]) -> None:
    values, place = values_and_place
    with pytest.raises(Refused) as refused:
        helm.template(values)
    assert place in str(refused.value)
