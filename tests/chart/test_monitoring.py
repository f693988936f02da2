"""What Prometheus scrapes and Grafana shows: no pod that serves is left out, and no two models are added up."""

import importlib
import json
import re
from typing import Any

from prometheus_client import REGISTRY

from sentiment_operator import names
from sentiment_server.metrics import Metrics
from tests.chart.rendering import CHART, Helm, of_kind, selects

DASHBOARD: dict[str, Any] = json.loads((CHART / "dashboards" / "sentiment-models.json").read_text(encoding="utf-8"))


def targets() -> list[dict[str, str]]:
    """What every panel asks, and what it calls the answers."""
    return [target for panel in DASHBOARD["panels"] for target in panel["targets"]]


def of_models() -> list[dict[str, str]]:
    """Those that ask for what servers of models count."""
    counted = {family.name for family in Metrics("imdb", "1").registry.collect()}
    return [target for target in targets() if metrics_in(target["expr"]) & counted]


def metrics_in(expression: str) -> set[str]:
    """The metrics that an expression asks for."""
    return {re.sub("_(bucket|sum|count|total)$", "", found) for found in re.findall(r"sentiment_\w+", expression)}


def test_every_pod_that_serves_is_scraped(helm: Helm) -> None:
    manifests = helm.template({"metrics": {"serviceMonitor": {"enabled": True}}})
    spec = of_kind(manifests, "PodMonitor")["sentiment-operator-models"]["spec"]
    for component in (names.SERVER, names.SHADOW):
        assert selects(spec["selector"], names.identity_labels("imdb", component)), component
    assert not selects(spec["selector"], names.identity_labels("imdb", names.TRAINER))


def test_a_dashboard_needs_no_label(helm: Helm) -> None:
    plain, empty = (
        of_kind(helm.template({"metrics": {"dashboard": dashboard}}), "ConfigMap")["sentiment-operator-dashboard"]
        for dashboard in ({"enabled": True}, {"enabled": True, "labels": None})
    )
    assert plain["metadata"]["labels"] == empty["metadata"]["labels"] | {"grafana_dashboard": "1"}
    assert plain["data"] == empty["data"]


def test_the_dashboard_asks_only_for_metrics_that_exist() -> None:
    importlib.import_module("sentiment_operator.metrics")
    of_the_operator = {family.name for family in REGISTRY.collect()}
    of_the_server = {family.name for family in Metrics("imdb", "1").registry.collect()}
    asked = {metric for target in targets() for metric in metrics_in(target["expr"])}
    assert len(asked) >= 10
    assert asked <= of_the_operator | of_the_server


def test_models_of_one_name_in_two_namespaces_are_two() -> None:
    assert len(of_models()) == 7
    for target in of_models():
        grouped = re.findall(r" by \(([^)]*)\)", target["expr"])
        assert grouped
        assert all({"namespace", "model", "version"} <= set(labels.split(", ")) for labels in grouped), target
        assert "{{namespace}}/{{model}}" in target["legendFormat"]


def test_the_reader_chooses_namespaces_and_begins_with_all() -> None:
    (chosen,) = (one for one in DASHBOARD["templating"]["list"] if one["name"] == "namespace")
    assert (chosen["multi"], chosen["includeAll"], chosen["current"]["value"]) == (True, True, ["$__all"])
    for target in of_models():
        selectors = re.findall(r"sentiment_\w+(\{[^}]*\})?", target["expr"])
        assert all('namespace=~"$namespace"' in selector for selector in selectors), target
