"""What every cluster holds from the start: DNS, metrics and a storage class, as manifests.

CoreDNS and metrics-server run beside the kubelet and not in pods: a Service without selector and an EndpointSlice by
hand lead to them.
"""

from typing import Any

from local_cluster.settings import Settings

Manifest = dict[str, Any]


def manifests(settings: Settings) -> Manifest:
    """All of them as one List."""
    dns_ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    items = [
        _service("kube-dns", {"clusterIP": settings.dns_service, "ports": dns_ports}),
        _endpoints("kube-dns", settings.pod_gateway, dns_ports),
        _service("metrics-server", {"ports": [{"port": 443, "targetPort": 4443}]}),
        _endpoints("metrics-server", settings.node_address, [{"name": "", "port": 4443, "protocol": "TCP"}]),
        _metrics_api(),
        _storage_class(),
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _service(name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "kube-system"}, "spec": spec}


def _endpoints(service: str, address: str, ports: list[Manifest]) -> Manifest:
    labels = {"kubernetes.io/service-name": service}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{service}-local", "namespace": "kube-system", "labels": labels},
        "addressType": "IPv4",
        "ports": ports,
        "endpoints": [{"addresses": [address]}],
    }


def _metrics_api() -> Manifest:
    spec = {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"name": "metrics-server", "namespace": "kube-system"},
    }
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": spec,
    }


def _storage_class() -> Manifest:
    """Served by our own small provisioner: folders below the cluster's state that any pod may write to."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "rottenpotatoes.com/folder",
    }
