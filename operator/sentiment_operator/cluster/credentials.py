"""How the operator proves who it is to the API server: one source for its own client and for kopf.

In a pod the service account's token, read anew every minute since the kubelet replaces it; elsewhere $KUBECONFIG.
"""

import os
from pathlib import Path

import kopf
from kubernetes.aio import config
from kubernetes.aio.client import Configuration

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster() -> bool:
    """True in a pod with a service account."""
    return "KUBERNETES_SERVICE_HOST" in os.environ and (ACCOUNT / "token").exists()


async def client_configuration() -> Configuration:
    """For kubernetes.aio. Raises ConfigException where there is no usable configuration."""
    configuration = Configuration()
    if in_cluster():
        config.load_incluster_config(configuration)  # pyright: ignore[reportUnknownMemberType]  # untyped library
    else:
        await config.load_kube_config(client_configuration=configuration)  # pyright: ignore[reportUnknownMemberType]  # untyped library
    return configuration


def watch_connection(*, settings: kopf.OperatorSettings, **_: object) -> kopf.ConnectionInfo | None:
    """For kopf, which asks again whenever the API server answers 401."""
    if not in_cluster():
        return kopf.login_with_kubeconfig(settings=settings)
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    return kopf.ConnectionInfo(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        ca_path=str(ACCOUNT / "ca.crt"),
        token=(ACCOUNT / "token").read_text().strip(),
    )
