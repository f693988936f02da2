"""A real API server as tests see it: a kubeconfig and one way to send a request.

It knows nothing of how the server was started, and nothing of our kinds.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client, config

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said to one request."""

    status: int
    body: Manifest

    @property
    def accepted(self) -> bool:
        """True for a 2xx answer."""
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """The message of a refusal, empty otherwise."""
        return "" if self.accepted else str(self.body.get("message", ""))


class ApiServer:
    """A running API server."""

    def __init__(self, kubeconfig: Path, kubectl: str) -> None:
        self.kubeconfig = kubeconfig
        self.kubectl = kubectl
        """Path of a kubectl binary."""
        access = client.Configuration()
        config.load_kube_config(  # pyright: ignore[reportUnknownMemberType]  # its parameters carry no types
            str(kubeconfig), client_configuration=access
        )
        self._host = access.host
        token = access.api_key.get("BearerToken")
        self._headers = {"Authorization": token} if token else {}
        self._pool = urllib3.PoolManager(
            ca_certs=access.ssl_ca_cert,
            cert_file=access.cert_file,
            key_file=access.key_file,
            cert_reqs="CERT_REQUIRED",
            timeout=30,
            retries=False,
            maxsize=4,
        )

    def request(
        self, method: str, path: str, body: Manifest | None = None, *, patch: str = "merge-patch", **query: str
    ) -> Answer:
        """Send one request; `patch` chooses the content type of a PATCH (merge-patch, json-patch, apply-patch)."""
        syntax = "yaml" if patch == "apply-patch" else "json"
        content_type = f"application/{patch}+{syntax}" if method == "PATCH" else "application/json"
        answer = self._pool.request(
            method,
            f"{self._host}{path}?{urlencode(query)}",
            body=None if body is None else json.dumps(body).encode(),
            headers=self._headers | {"Content-Type": content_type, "Accept": "application/json"},
        )
        return Answer(answer.status, json.loads(answer.data) if answer.data else {})

    def apply(self, path: str, body: Manifest) -> Answer:
        """Server-side apply, as a test that prepares something does it."""
        return self.request("PATCH", path, body, patch="apply-patch", fieldManager="integration-test", force="true")
