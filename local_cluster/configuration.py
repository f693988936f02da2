"""The configuration files of a cluster's programs, as values. It starts nothing and writes no file."""

import json
from typing import Any

from local_cluster.settings import BRIDGE, NODE_NAME, Settings


def files(settings: Settings, *, may_lower_oom_score: bool) -> dict[str, str]:
    """Configuration files below the state folder: name → content."""
    return {
        "containerd.toml": containerd(settings, may_lower_oom_score=may_lower_oom_score),
        "kubelet.json": json.dumps(_kubelet(settings), indent=1),
        "kube-proxy.json": json.dumps(_proxy(settings), indent=1),
        "cni/10-bridge.conflist": json.dumps(_bridge(settings), indent=1),
        "audit-policy.json": audit_policy(),
        "Corefile": _corefile(settings),
        "resolv.conf": "",
    }


def containerd(settings: Settings, *, may_lower_oom_score: bool) -> str:
    """A configuration that containerd 1.6 and 1.7 read, and 2.x translates.

    Without CAP_SYS_RESOURCE a pod dies at its start ("can't get final child's PID from pipe") unless containerd leaves
    the OOM score alone.
    """
    state = settings.state
    return f"""version = 2
root = "{state}/containerd/root"
state = "{state}/containerd/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
address = "{settings.containerd_socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:1"
netns_mounts_under_state_dir = true
restrict_oom_score_adj = {"false" if may_lower_oom_score else "true"}
stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{state}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "{state}/runc"
"""


def _kubelet(settings: Settings) -> dict[str, Any]:
    state, pki = settings.state, settings.state / "pki"
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "failSwapOn": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/rotten-{settings.name}",
        "containerRuntimeEndpoint": f"unix://{settings.containerd_socket}",
        "clusterDNS": [settings.dns_service],
        "clusterDomain": "cluster.local",
        "resolvConf": f"{state}/resolv.conf",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{pki}/kubelet.crt",
        "tlsPrivateKeyFile": f"{pki}/kubelet.key",
        "podLogsDir": f"{state}/podlogs",
        "evictionHard": {
            "memory.available": "200Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "fileCheckFrequency": "0s",
        "nodeStatusUpdateFrequency": "10s",
        "serializeImagePulls": False,
        "shutdownGracePeriod": "0s",
        "maxPods": 110,
    }  # fmt: skip


def _proxy(settings: Settings) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": settings.pod_range,
        "hostnameOverride": NODE_NAME,
        "clientConnection": {"kubeconfig": f"{settings.state}/kube-proxy.kubeconfig"},
        # Zero leaves the kernel's connection tracking as it is: its limits are the host's.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "nodePortAddresses": [],
    }


def _bridge(settings: Settings) -> dict[str, Any]:
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": settings.pod_range}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": f"{settings.state}/ipam",
    }
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "hairpinMode": True}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    # The name stands in the files that the plugins leave in /var/lib/cni.
    return {"cniVersion": "0.4.0", "name": settings.namespace, "plugins": [{**bridge, "ipam": addresses}, ports]}


def audit_policy() -> str:
    """Who wrote what: enough to count an operator's writes and to compare them with its rights."""
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "userGroups": ["system:nodes", "system:masters"], "verbs": ["get", "list", "watch"]},
            {"level": "None", "users": ["system:apiserver", "system:kube-scheduler", "system:kube-proxy"]},
            {"level": "None", "nonResourceURLs": ["*"]},
            {"level": "Metadata"},
        ],
    }
    return json.dumps(policy, indent=1)


def _corefile(settings: Settings) -> str:
    return f""".:53 {{
  bind {settings.pod_gateway}
  errors
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {settings.state}/coredns.kubeconfig rotten-{settings.name}
    pods insecure
  }}
  cache 10
}}
"""
