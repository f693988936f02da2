"""The command line of every program of a cluster, as values. It starts nothing and writes no file."""

from pathlib import Path

from local_cluster.settings import API_PORT, NODE_NAME, Settings

ETCD = "http://127.0.0.1:2379"
ORDER = (
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
    "containerd", "kubelet", "kube-proxy", "coredns", "metrics-server", "volumes",
)  # fmt: skip
"""In which they start. They end the other way round: an API server that outlives etcd blocks the next start."""

CONFIGURED_BY = {
    "kube-apiserver": "audit-policy.json",
    "containerd": "containerd.toml",
    "kubelet": "kubelet.json",
    "kube-proxy": "kube-proxy.json",
    "coredns": "Corefile",
}
"""Component → the file of its configuration: it starts anew when that changes."""

FAST_AUTOSCALER = (
    "--horizontal-pod-autoscaler-sync-period=5s",
    "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
    "--horizontal-pod-autoscaler-cpu-initialization-period=20s",
    "--horizontal-pod-autoscaler-downscale-stabilization=30s",
)
MORE_REQUESTS = ("--kube-api-qps=100", "--kube-api-burst=200")


def arguments(settings: Settings, name: str) -> list[str]:
    """What the program is started with."""
    state = settings.state
    match name:
        case "etcd":
            return _etcd(state)
        case "kube-apiserver":
            return _apiserver(settings)
        case "kube-controller-manager" | "kube-scheduler" | "metrics-server":
            return [*_client(state, name), *_special(settings, name)]
        case "kubelet":
            return _kubelet_arguments(settings)
        case "containerd" | "kube-proxy":
            return [f"--config={state}/{CONFIGURED_BY[name]}"]
        case "coredns":
            return ["-conf", f"{state}/{CONFIGURED_BY[name]}"]
        case "volumes":
            return [f"--kubeconfig={settings.kubeconfig}", f"--root={state}/volumes"]
        case _:
            raise ValueError(f"no component is called {name}")


def _etcd(state: Path) -> list[str]:
    return [
        f"--data-dir={state}/etcd", f"--listen-client-urls={ETCD}", f"--advertise-client-urls={ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380", "--unsafe-no-fsync",
    ]  # fmt: skip


def _client(state: Path, name: str) -> list[str]:
    """Of a program that speaks to the API server and asks it who may speak to itself."""
    whats = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    return [*(f"--{what}={state}/{name}.kubeconfig" for what in whats), f"--cert-dir={state}/serving/{name}"]


def _special(settings: Settings, name: str) -> list[str]:
    pki = settings.state / "pki"
    return {
        "kube-controller-manager": [
            f"--root-ca-file={pki}/ca.crt", f"--service-account-private-key-file={pki}/sa.key",
            "--use-service-account-credentials=true", f"--cluster-cidr={settings.pod_range}",
            "--allocate-node-cidrs=false", "--leader-elect=false", *FAST_AUTOSCALER, *MORE_REQUESTS,
        ],
        "kube-scheduler": ["--leader-elect=false", *MORE_REQUESTS],
        "metrics-server": [
            "--secure-port=4443", "--kubelet-insecure-tls", "--metric-resolution=10s",
            "--kubelet-request-timeout=5s", "--kubelet-preferred-address-types=InternalIP",
        ],
    }[name]  # fmt: skip


def _kubelet_arguments(settings: Settings) -> list[str]:
    state = settings.state
    return [
        f"--kubeconfig={state}/kubelet.kubeconfig", f"--config={state}/kubelet.json",
        f"--hostname-override={NODE_NAME}", f"--node-ip={settings.node_address}",
        f"--root-dir={state}/kubelet", f"--cert-dir={state}/serving/kubelet",
    ]  # fmt: skip


def _apiserver(settings: Settings) -> list[str]:
    state, pki = settings.state, settings.state / "pki"
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
        f"--cert-dir={state}/serving/kube-apiserver", *audit(state),
    ]  # fmt: skip


def audit(state: Path) -> list[str]:
    """Arguments of an API server that writes its audit log below the state folder."""
    return [
        f"--audit-policy-file={state}/audit-policy.json", f"--audit-log-path={state}/logs/audit.log",
        "--audit-log-maxsize=100", "--audit-log-maxbackup=1",
    ]  # fmt: skip
