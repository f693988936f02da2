"""The command line and configuration of every program of a cluster, as values. It starts nothing and writes no file."""

import json
from pathlib import Path
from typing import Any

from local_cluster.settings import API_PORT, NODE_NAME, Settings

ETCD = "http://127.0.0.1:2379"
ORDER = (
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
    "containerd", "kubelet", "kube-proxy", "coredns", "metrics-server", "volumes",
)  # fmt: skip
"""In which they start. They end the other way round: an API server that outlives etcd blocks the next start."""

FAST_AUTOSCALER = (
    "--horizontal-pod-autoscaler-sync-period=5s",
    "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
    "--horizontal-pod-autoscaler-cpu-initialization-period=20s",
    "--horizontal-pod-autoscaler-downscale-stabilization=30s",
)
MORE_REQUESTS = ("--kube-api-qps=100", "--kube-api-burst=200")


def arguments(settings: Settings, name: str) -> list[str]:
    """What the program is started with."""
    state, pki = settings.state, settings.state / "pki"
    own = f"--kubeconfig={state}/{name}.kubeconfig"
    delegated = [f"--{what}-kubeconfig={state}/{name}.kubeconfig" for what in ("authentication", "authorization")]
    certificates = f"--cert-dir={state}/serving/{name}"
    match name:
        case "etcd":
            return [
                f"--data-dir={state}/etcd", f"--listen-client-urls={ETCD}", f"--advertise-client-urls={ETCD}",
                "--listen-peer-urls=http://127.0.0.1:2380", "--unsafe-no-fsync",
            ]  # fmt: skip
        case "kube-apiserver":
            return [*_apiserver(settings, pki), certificates]
        case "kube-controller-manager":
            return [
                own, *delegated, certificates, f"--root-ca-file={pki}/ca.crt",
                f"--service-account-private-key-file={pki}/sa.key", "--use-service-account-credentials=true",
                f"--cluster-cidr={settings.pod_range}", "--allocate-node-cidrs=false",
                "--leader-elect=false", *FAST_AUTOSCALER, *MORE_REQUESTS,
            ]  # fmt: skip
        case "kube-scheduler":
            return [own, *delegated, certificates, "--leader-elect=false", *MORE_REQUESTS]
        case "containerd":
            return ["--config", f"{state}/containerd.toml"]
        case "kubelet":
            return [
                own, f"--config={state}/kubelet.json", f"--hostname-override={NODE_NAME}",
                f"--node-ip={settings.node_address}", f"--root-dir={state}/kubelet", certificates,
            ]  # fmt: skip
        case "kube-proxy":
            return [f"--config={state}/kube-proxy.json"]
        case "coredns":
            return ["-conf", f"{state}/Corefile"]
        case "volumes":
            return [f"--kubeconfig={settings.kubeconfig}", f"--root={state}/volumes"]
        case "metrics-server":
            return [
                own, *delegated, certificates, "--secure-port=4443", "--kubelet-insecure-tls", "--metric-resolution=10s",
                "--kubelet-request-timeout=5s", "--kubelet-preferred-address-types=InternalIP",
            ]  # fmt: skip
        case _:
            raise ValueError(f"no component is called {name}")


def _apiserver(settings: Settings, pki: Path) -> list[str]:
    return [
        f"--etcd-servers={ETCD}", f"--secure-port={API_PORT}", f"--advertise-address={settings.node_address}",
        f"--service-cluster-ip-range={settings.service_range}", "--authorization-mode=Node,RBAC",
        f"--client-ca-file={pki}/ca.crt", f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key", f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet.key", "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group", "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={pki}/front-proxy.crt", f"--proxy-client-key-file={pki}/front-proxy.key",
        "--enable-aggregator-routing=true", "--allow-privileged=true", "--enable-admission-plugins=NodeRestriction",
        f"--audit-policy-file={settings.state}/audit-policy.json", f"--audit-log-path={settings.state}/logs/audit.log",
        "--audit-log-maxsize=100", "--audit-log-maxbackup=1",
    ]  # fmt: skip


def files(settings: Settings, *, may_lower_oom_score: bool) -> dict[str, str]:
    """Configuration files below the state folder: name → content."""
    return {
        "containerd.toml": containerd(settings, may_lower_oom_score=may_lower_oom_score),
        "kubelet.json": json.dumps(_kubelet(settings), indent=1),
        "kube-proxy.json": json.dumps(_proxy(settings), indent=1),
        "cni/10-bridge.conflist": json.dumps(_bridge(settings), indent=1),
        "audit-policy.json": json.dumps(_audit(), indent=1),
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
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "local", "plugins": [bridge, ports]}


def _audit() -> dict[str, Any]:
    """Who wrote what: enough to count an operator's writes and to compare them with its rights."""
    return {
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
