"""Every pod of the chart, without a cluster: what `restricted` asks, and what is asked beyond it."""

import pytest

from tests.chart.rendering import EVERYTHING, Helm, Manifest, Values, pod_templates


def complaints(pod: Manifest) -> list[str]:
    """What is wrong with a pod's spec."""
    found: list[str] = []
    security = pod.get("securityContext", {})
    if not (security.get("runAsNonRoot") and security.get("runAsUser", 0) > 0 and security.get("runAsGroup", 0) > 0):
        found.append("runs as root or as nobody knows whom")
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        found.append("has no seccomp profile")
    if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        found.append("shares a namespace with the node")
    for volume in pod.get("volumes", []):
        if not set(volume) & {"emptyDir", "persistentVolumeClaim", "configMap", "projected", "secret"}:
            found.append(f"mounts {volume}")
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            found.append(f"{volume['name']} has no limit")
    for container in pod["containers"] + pod.get("initContainers", []):
        own = container.get("securityContext", {})
        if (
            own.get("allowPrivilegeEscalation") is not False
            or own.get("privileged")
            or own.get("capabilities") != {"drop": ["ALL"]}
        ):
            found.append(f"{container['name']} may gain rights")
        if own.get("readOnlyRootFilesystem") is not True:
            found.append(f"{container['name']} may write to its image")
        resources = container.get("resources", {})
        if not {"cpu", "memory"} <= set(resources.get("requests", {})) or "memory" not in resources.get("limits", {}):
            found.append(f"{container['name']} has no requests or no limit of memory")
        if "livenessProbe" not in container or "readinessProbe" not in container:
            found.append(f"{container['name']} has no probes")
    return found


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["default", "everything"])
def test_no_pod_gives_cause_for_complaint(helm: Helm, values: Values) -> None:
    pods = pod_templates(helm.template(values))
    assert set(pods) == {"Deployment/sentiment-operator", "Deployment/mlflow"}
    assert {name: complaints(pod) for name, pod in pods.items() if complaints(pod)} == {}


def test_only_the_operator_holds_a_token(helm: Helm) -> None:
    pods = pod_templates(helm.template())
    assert {name for name, pod in pods.items() if pod.get("automountServiceAccountToken", True)} == {
        "Deployment/sentiment-operator"
    }


def test_a_pod_that_asks_for_nothing_is_complained_about_in_every_way() -> None:
    bare: Manifest = {
        "hostNetwork": True,
        "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
        "containers": [{"name": "c"}],
    }
    assert len(complaints(bare)) == 8
