"""Names, address ranges and folders of the clusters, so that two of them never meet.

It knows no process and writes nothing.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

NODE_NAME = "node-1"
BRIDGE = "cni0"
API_PORT = 6443
KUBECONFIG = "admin.kubeconfig"
SOURCE = Path(__file__).parent


def cache_directory() -> Path:
    """Where downloads, builds and cluster state are kept: $ROTTEN_CACHE, or the user's cache folder."""
    chosen = os.environ.get("ROTTEN_CACHE")
    caches = Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache")
    folder = Path(chosen) if chosen else caches / "rottenpotatoes"
    # The kernel lists mounts by the path behind any links.
    return folder.expanduser().resolve()


def invoking_user() -> pwd.struct_passwd | None:
    """The person who called sudo; None for anybody who acts under their own name."""
    name = os.environ.get("SUDO_USER", "root")
    if os.geteuid() != 0 or name == "root":
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _home() -> Path:
    """The same folder with and without sudo."""
    user = invoking_user()
    return Path(user.pw_dir) if user else Path.home()


@dataclass(frozen=True, slots=True)
class Settings:
    """One named cluster. 198.18.0.0/15 is reserved for benchmarks of network devices (RFC 2544): nobody routes it."""

    name: str
    number: int

    @property
    def namespace(self) -> str:
        """Network namespace that the whole node lives in."""
        return f"rotten-{self.name}"

    @property
    def host_link(self) -> str:
        """The host's end of the cable."""
        return f"rp{self.number}h"

    @property
    def node_link(self) -> str:
        """The node's end of the cable."""
        return f"rp{self.number}n"

    @property
    def host_address(self) -> str:
        """The host as the node sees it."""
        return f"198.18.{self.number}.1"

    @property
    def node_address(self) -> str:
        """The node as the host sees it: API server and NodePorts answer here."""
        return f"198.18.{self.number}.2"

    @property
    def link_range(self) -> str:
        """The cable between the two."""
        return f"198.18.{self.number}.0/30"

    @property
    def pod_range(self) -> str:
        """Addresses of pods."""
        return f"10.{244 + self.number}.0.0/24"

    @property
    def pod_gateway(self) -> str:
        """The bridge that pods hang on; DNS answers here too."""
        return f"10.{244 + self.number}.0.1"

    @property
    def service_range(self) -> str:
        """Addresses of Services."""
        return f"10.{96 + self.number}.0.0/16"

    @property
    def ranges(self) -> tuple[str, str, str]:
        """All its addresses."""
        return self.link_range, self.pod_range, self.service_range

    @property
    def api_service(self) -> str:
        """Address of the `kubernetes` Service: the first of the range."""
        return f"10.{96 + self.number}.0.1"

    @property
    def dns_service(self) -> str:
        """Address of the DNS Service."""
        return f"10.{96 + self.number}.0.10"

    @property
    def state(self) -> Path:
        """Everything the cluster keeps on disk."""
        return cache_directory() / "clusters" / self.name

    @property
    def lock(self) -> str:
        """Held by whoever changes the cluster."""
        return f"cluster-{self.name}"

    @property
    def kubeconfig(self) -> Path:
        """Credentials of the cluster's administrator."""
        return self.state / KUBECONFIG

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens."""
        return self.state / "containerd.sock"

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://{self.node_address}:{API_PORT}"


CLUSTERS = {name: Settings(name, number) for number, name in enumerate(("demo", "test", "spare", "ready"))}
"""`demo` is the person's, `test` the tests', `spare` is broken on purpose by the tests of this package, `ready` is measured."""
