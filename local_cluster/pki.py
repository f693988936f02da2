"""Certificates and kubeconfigs of a cluster, made once with openssl. It knows who trusts whom and starts nothing."""

import base64
import json
from pathlib import Path

from local_cluster.commands import run
from local_cluster.settings import NODE_NAME, Settings

DAYS = "3650"
KUBECONFIG_USERS = (
    "admin",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "coredns",
    "metrics-server",
)
COMPLETE = "complete"
LEAF = """basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


def create(settings: Settings) -> None:
    """Make what is missing: all or nothing, so that a cut-off run leaves no half of it."""
    addresses = f",IP:{settings.node_address},IP:{settings.api_service}"
    certificates = _api_certificates(addresses) | _node_certificates(settings)
    _create(settings.state, certificates, KUBECONFIG_USERS, settings.server, f"rotten-{settings.name}")


def create_for_loopback(state: Path, server: str) -> None:
    """What an API server without nodes needs."""
    _create(state, _api_certificates(""), ("admin",), server, "control-plane")


def _create(
    state: Path, certificates: dict[str, tuple[str, str]], users: tuple[str, ...], server: str, name: str
) -> None:
    folder = state / "pki"
    if (folder / COMPLETE).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _authority(folder, "ca")
    _authority(folder, "front-proxy-ca")
    for certificate, (subject, names) in certificates.items():
        authority = "front-proxy-ca" if certificate == "front-proxy" else "ca"
        _certificate(folder, certificate, subject, names, authority)
    run("openssl", "genrsa", "-out", folder / "sa.key", "2048")
    run("openssl", "rsa", "-in", folder / "sa.key", "-pubout", "-out", folder / "sa.pub")
    for user in users:
        _kubeconfig(state, user, server, name)
    (folder / COMPLETE).touch()


def _api_certificates(addresses: str) -> dict[str, tuple[str, str]]:
    """Name → subject and alternative names."""
    names = f"DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1{addresses}"
    return {"apiserver": ("/CN=kube-apiserver", names), "admin": ("/O=system:masters/CN=admin", "")}


def _node_certificates(settings: Settings) -> dict[str, tuple[str, str]]:
    return {
        "apiserver-kubelet": ("/O=system:masters/CN=apiserver-kubelet", ""),
        "front-proxy": ("/CN=front-proxy-client", ""),
        "kube-controller-manager": ("/CN=system:kube-controller-manager", ""),
        "kube-scheduler": ("/CN=system:kube-scheduler", ""),
        "kubelet": (f"/O=system:nodes/CN=system:node:{NODE_NAME}", f"DNS:{NODE_NAME},IP:{settings.node_address}"),
        "kube-proxy": ("/CN=system:kube-proxy", ""),
        "coredns": ("/O=system:masters/CN=coredns", ""),
        "metrics-server": ("/O=system:masters/CN=metrics-server", "DNS:metrics-server.kube-system.svc"),
    }


def _key_request(folder: Path, name: str) -> tuple[str | Path, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder / f"{name}.key")


def _authority(folder: Path, name: str) -> None:
    # Python 3.13 and later refuse an authority that does not say what its key is for.
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    certificate = ("-days", DAYS, *usage, "-subj", f"/CN={name}", "-out", folder / f"{name}.crt")
    run("openssl", "req", "-x509", *_key_request(folder, name), *certificate)


def _certificate(folder: Path, name: str, subject: str, names: str, authority: str) -> None:
    extensions = folder / f"{name}.ext"
    extensions.write_text(LEAF + (f"subjectAltName={names}\n" if names else ""))
    request = folder / f"{name}.csr"
    run("openssl", "req", *_key_request(folder, name), "-out", request, "-subj", subject)
    signed_by = ("-CA", folder / f"{authority}.crt", "-CAkey", folder / f"{authority}.key", "-CAcreateserial")
    run(
        "openssl",
        "x509",
        "-req",
        "-in",
        request,
        *signed_by,
        "-days",
        DAYS,
        "-out",
        folder / f"{name}.crt",
        "-extfile",
        extensions,
    )


def _kubeconfig(state: Path, user: str, server: str, name: str) -> None:
    folder = state / "pki"
    cluster = {"server": server, "certificate-authority-data": _inline(folder / "ca.crt")}
    credentials = {
        "client-certificate-data": _inline(folder / f"{user}.crt"),
        "client-key-data": _inline(folder / f"{user}.key"),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
    }
    path = state / f"{user}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=1))


def _inline(file: Path) -> str:
    """A kubeconfig that holds its keys works for whoever may read it, wherever it lies."""
    return base64.b64encode(file.read_bytes()).decode()
