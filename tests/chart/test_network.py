"""Who may call whom: what the operator's code calls, its NetworkPolicy and those of models let through."""

from sentiment_contract.names import HTTP_PORT, METRICS_PORT
from sentiment_operator import names
from sentiment_operator.children.network_policy import network_policy
from tests.chart.rendering import Helm, Manifest, Values, of_kind, selects
from tests.support.builders import SETTINGS, model

TCP = {HTTP_PORT, METRICS_PORT}


def policy(helm: Helm, name: str = "sentiment-operator", values: Values | None = None) -> Manifest:
    return of_kind(helm.template(values), "NetworkPolicy")[name]["spec"]


def test_the_operator_reaches_every_pod_that_serves_where_it_answers_and_counts(helm: Helm) -> None:
    named = [rule for rule in policy(helm)["egress"] if any("namespaceSelector" in to for to in rule.get("to", []))]
    (rule,) = named
    (to,) = rule["to"]
    assert {port["port"] for port in rule["ports"]} == TCP
    assert to["namespaceSelector"] == {}
    for component in (names.SERVER, names.SHADOW):
        assert selects(to["podSelector"], names.identity_labels("imdb", component)), component
    assert not selects(to["podSelector"], names.identity_labels("imdb", names.TRAINER))


def test_a_model_lets_callers_and_scrapes_in_to_every_pod_that_serves() -> None:
    spec = network_policy(model(), [], SETTINGS)["spec"]
    for component in (names.SERVER, names.SHADOW):
        assert selects(spec["podSelector"], names.identity_labels("imdb", component)), component
    (rule,) = spec["ingress"]
    assert "from" not in rule
    assert {port["port"] for port in rule["ports"]} == TCP


def test_mlflow_is_called_by_the_operator_by_models_and_by_whom_the_values_name(helm: Helm) -> None:
    ingress = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    (plain,) = policy(helm, "mlflow")["ingress"]
    (opened,) = policy(helm, "mlflow", {"networkPolicy": {"mlflowFrom": [ingress]}})["ingress"]
    assert opened == plain | {"from": [*plain["from"], ingress]}
    assert len(plain["from"]) == 2
