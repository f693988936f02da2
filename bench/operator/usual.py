"""The usual kopf operator, to be measured beside ours: written as kopf's documentation teaches, and as leanly as that allows.

Create, update and resume handlers; the official synchronous client; a child is read, then created or patched; the status is
what the patch argument holds. It makes the same kinds of children as ours. It keeps no record of versions, verifies nothing
and records no lineage.

    kopf run --all-namespaces --standalone usual.py
"""
# pyright: basic
# The official client carries no types.

import json
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import kopf
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

GROUP, VERSION, PLURAL = "usual.example.org", "v1", "usualmodels"
MANAGED_BY = "app.kubernetes.io/managed-by"
INSTANCE = "app.kubernetes.io/instance"
VERSION_LABEL = "rottenpotatoes.com/version"

Manifest = dict[str, Any]


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Log in, say no more than needed, and let more handlers run at once than there are processors."""
    config.load_kube_config()
    client.ApiClient.set_default(client.ApiClient())  # One pool of connections for all calls.
    settings.posting.level = logging.INFO
    settings.execution.max_workers = 20


@kopf.on.resume(GROUP, VERSION, PLURAL)
@kopf.on.create(GROUP, VERSION, PLURAL)
@kopf.on.update(GROUP, VERSION, PLURAL, field="spec")
def reconcile(name: str, namespace: Any, spec: kopf.Spec, patch: kopf.Patch, **_: Any) -> None:
    """Make the children as the spec wants them."""
    version = registered(spec, f"{namespace}.{name}")
    for write, manifest in children(name, namespace, spec, version):
        kopf.adopt(manifest)
        write(name, namespace, manifest)
    patch.status["wantedVersion"] = spec["version"]


@kopf.on.event("apps", "v1", "deployments", labels={MANAGED_BY: "usual"})
def report(name: str, namespace: Any, body: kopf.Body, **_: Any) -> None:
    """Tell in the status of the model which version its pods run, once they do."""
    version = body["spec"]["template"]["metadata"]["labels"][VERSION_LABEL]
    wanted = {"ready": is_complete(body), "servingVersion": version}
    models = client.CustomObjectsApi()
    try:
        found: Any = models.get_namespaced_custom_object(GROUP, VERSION, namespace, PLURAL, name)
        known = found.get("status", {})
        if {key: known.get(key) for key in wanted} != wanted:
            models.patch_namespaced_custom_object(GROUP, VERSION, namespace, PLURAL, name, {"status": wanted})
    except ApiException as error:
        if error.status != 404:
            raise


def is_complete(deployment: Mapping[str, Any]) -> bool:
    """Every pod is of the version that is wanted, and answers."""
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == {wanted}


def registered(spec: Mapping[str, Any], model: str) -> Manifest:
    """The version that MLflow holds under the label."""
    url = spec.get("registry", {}).get("trackingURL") or os.environ["SENTIMENT_TRACKING_URL"]
    query = urlencode({"filter": f"name='{model}'", "max_results": "200"})
    with urlopen(f"{url}/api/2.0/mlflow/model-versions/search?{query}", timeout=10) as response:
        found: list[Manifest] = json.load(response).get("model_versions", [])
    label = f"rottenpotatoes.com/label/{spec['version']}"
    for version in found:
        if label in {tag["key"] for tag in version["tags"]}:
            return version
    raise kopf.TemporaryError(f"MLflow holds no version {spec['version']} of {model}", delay=10)


Write = Callable[[str, str, Manifest], None]


def children(name: str, namespace: str, spec: Mapping[str, Any], version: Manifest) -> list[tuple[Write, Manifest]]:
    """What serves the version, and how each of it is written."""
    del namespace
    core, apps, net, scaling = (
        client.CoreV1Api(),
        client.AppsV1Api(),
        client.NetworkingV1Api(),
        client.AutoscalingV2Api(),
    )
    written = [
        (writer(core, "service_account"), service_account(name)),
        (writer(net, "network_policy"), network_policy(name)),
        (writer(core, "service"), service(name)),
        (writer(apps, "deployment"), deployment(name, spec, version)),
    ]
    if "autoscaling" in spec["serving"]:
        written.append((writer(scaling, "horizontal_pod_autoscaler"), autoscaler(name, spec["serving"]["autoscaling"])))
    return written


def writer(api: Any, kind: str) -> Write:
    """Reads the object, and creates or patches it."""

    def write(name: str, namespace: str, manifest: Manifest) -> None:
        try:
            getattr(api, f"read_namespaced_{kind}")(name, namespace)
        except ApiException as error:
            if error.status != 404:
                raise
            getattr(api, f"create_namespaced_{kind}")(namespace, manifest)
        else:
            getattr(api, f"patch_namespaced_{kind}")(name, namespace, manifest)

    return write


def head(api_version: str, kind: str, name: str, version: str = "") -> Manifest:
    """What all children share."""
    labels = {MANAGED_BY: "usual", INSTANCE: name} | ({VERSION_LABEL: version} if version else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "labels": labels}}


def service_account(name: str) -> Manifest:
    """The identity of the pods."""
    return head("v1", "ServiceAccount", name) | {"automountServiceAccountToken": False}


def service(name: str) -> Manifest:
    """The address of the model."""
    ports = [
        {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"},
        {"name": "metrics", "port": 9000, "targetPort": "metrics", "protocol": "TCP"},
    ]
    return head("v1", "Service", name) | {"spec": {"selector": {INSTANCE: name}, "ports": ports}}


def network_policy(name: str) -> Manifest:
    """Requests in, names and the registry out."""
    ingress = [{"ports": [{"protocol": "TCP", "port": 8000}, {"protocol": "TCP", "port": 9000}]}]
    egress = [
        {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
        {"ports": [{"protocol": "TCP", "port": 5000}]},
    ]
    selector = {"matchLabels": {INSTANCE: name}}
    spec = {"podSelector": selector, "policyTypes": ["Ingress", "Egress"], "ingress": ingress, "egress": egress}
    return head("networking.k8s.io/v1", "NetworkPolicy", name) | {"spec": spec}


def deployment(name: str, spec: Mapping[str, Any], version: Manifest) -> Manifest:
    """The pods."""
    label = spec["version"]
    probe = {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 1, "timeoutSeconds": 5}
    restricted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    amounts = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}
    container = {
        "name": "server",
        "image": os.environ["SENTIMENT_SERVER_IMAGE"],
        "env": [
            {"name": "SENTIMENT_MODEL", "value": name},
            {"name": "SENTIMENT_VERSION", "value": label},
            {"name": "SENTIMENT_REGISTRY_VERSION", "value": version["version"]},
            {"name": "SENTIMENT_TRACKING_URL", "value": os.environ["SENTIMENT_TRACKING_URL"]},
        ],
        "ports": [{"name": "http", "containerPort": 8000}, {"name": "metrics", "containerPort": 9000}],
        "readinessProbe": probe,
        "resources": amounts,
        "securityContext": restricted,
    }
    pods = {
        "metadata": {"labels": {MANAGED_BY: "usual", INSTANCE: name, VERSION_LABEL: label}},
        "spec": {"serviceAccountName": name, "securityContext": {"runAsNonRoot": True}, "containers": [container]},
    }
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    wanted = {"selector": {"matchLabels": {INSTANCE: name}}, "strategy": rolling, "template": pods}
    return head("apps/v1", "Deployment", name, label) | {"spec": wanted}


def autoscaler(name: str, bounds: Mapping[str, Any]) -> Manifest:
    """As many pods as their load needs."""
    target = {"type": "Utilization", "averageUtilization": bounds["targetCPUUtilizationPercent"]}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": bounds["minReplicas"],
        "maxReplicas": bounds["maxReplicas"],
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    return head("autoscaling/v2", "HorizontalPodAutoscaler", name) | {"spec": spec}
