"""Renders the chart as helm would install it."""

import functools
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]
Values = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "sentiment-operator"
RELEASE = "sentiment-operator"
NAMESPACE = "sentiment-system"
KUBERNETES = "1.35.0"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Eight times as fast where PyYAML came with libyaml."""

EVERYTHING: Values = {
    "watchNamespaces": ["team-a", "team-b"],
    "operator": {"replicas": 2, "shards": 4},
    "mlflow": {"service": {"type": "NodePort", "nodePort": 30500}, "allowedHosts": ["mlflow.example.org"]},
    "imagePullSecrets": ["pull"],
    "preview": {"nodes": True},
    "trainers": {"nb-svm": "registry.example.org/nb-svm:1"},
    "webhook": {"enabled": True, "secretRef": {"name": "git-webhook"}},
    "gatewayAPI": {"enabled": True},
    "metrics": {"serviceMonitor": {"enabled": True}, "dashboard": {"enabled": True}},
    "notifications": {
        "sinks": {
            "team-chat": {
                "type": "Webhook",
                "urlSecret": {"name": "team-chat", "key": "url"},
                "signingSecret": {"name": "team-chat", "key": "signing-key"},
            },
            "on-call": {
                "type": "SMTP",
                "host": "smtp.example.org",
                "from": "models@example.org",
                "to": ["on-call@example.org"],
                "credentialsSecret": {"name": "smtp"},
                "caSecret": {"name": "smtp-ca", "key": "ca.crt"},
            },
        }
    },
}
"""Values that switch on whatever is off by default and belongs to Kubernetes or to the Prometheus operator."""


class Refused(Exception):
    """helm did not render; its message."""


@dataclass(frozen=True)
class Helm:
    """A helm binary."""

    binary: str

    def run(self, *arguments: str, values: Values | None = None) -> str:
        """Standard output of one helm command; values come in on standard input."""
        command = [self.binary, *arguments, *(["--values=-"] if values is not None else [])]
        answer = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise Refused(answer.stderr)
        return answer.stdout

    def template(self, values: Values | None = None, *, kubernetes: str = KUBERNETES) -> list[Manifest]:
        """Every object of the chart with these values."""
        text = _rendered(self, json.dumps(values or {}), kubernetes)
        return [document for document in yaml.load_all(text, LOADER) if document]


@functools.cache
def _rendered(helm: Helm, values: str, kubernetes: str) -> str:
    """Most tests look at what a few values give; each reads it anew, since some change what they have read."""
    options = (f"--namespace={NAMESPACE}", f"--kube-version={kubernetes}")
    return helm.run("template", RELEASE, str(CHART), *options, values=json.loads(values))


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """The objects of a kind by name."""
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] == kind}


def pod_templates(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Kind and name of every object that makes pods → the pod's spec."""
    return {
        f"{manifest['kind']}/{manifest['metadata']['name']}": manifest["spec"]["template"]["spec"]
        for manifest in manifests
        if manifest["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job")
    }


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """As Kubernetes reads a selector; one with an operator that is not known here fails the test."""
    wanted: dict[str, str] = selector.get("matchLabels", {})
    expressions: list[Manifest] = selector.get("matchExpressions", [])
    assert all(one["operator"] == "In" for one in expressions)
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        labels.get(one["key"]) in one["values"] for one in expressions
    )
