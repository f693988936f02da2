"""Builds the Kubernetes programs from their Go modules, once for each content of what they are built from.

It knows where binaries are kept; it starts none of them.
"""

import functools
import hashlib
import json
import platform
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from local_cluster import compiler
from local_cluster.commands import administrator, last_lines
from local_cluster.console import ClusterError, say, step
from local_cluster.locks import lock
from local_cluster.settings import SOURCE, cache_directory

KUBERNETES = "v1.35.4"
VERSION_VARIABLES = ("k8s.io/component-base/version.gitVersion", "k8s.io/client-go/pkg/version.gitVersion")
VERSION = " ".join(f"-X {variable}={KUBERNETES}" for variable in VERSION_VARIABLES)
FLAGS = ("-mod=readonly", "-trimpath", f"-ldflags=-s -w {VERSION}")
ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}
HEARTBEAT_SECONDS = 15
BUILDS_KEPT = 3
MULTI_CALL = (
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
    "kubectl", "etcd", "coredns",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module in a folder of this package, the packages of it that are built, and the names one of them goes by."""

    name: str
    packages: tuple[str, ...]
    links: tuple[str, ...] = ()


KUBE = Module("kube", (".", "./pause", "./volumes", "helm.sh/helm/v3/cmd/helm"), MULTI_CALL)
METRICS_SERVER = Module("metrics_server", ("sigs.k8s.io/metrics-server/cmd/metrics-server",))
NODE = (KUBE, METRICS_SERVER)
TOOLS = Module("tools", ("github.com/yannh/kubeconform/cmd/kubeconform",))
GATEWAY = Module("gateway", ("github.com/traefik/traefik/v3/cmd/traefik",))
"""What a cluster has only where a test of the Gateway API asks for it: the build takes long."""
GATEWAY_API = "sigs.k8s.io/gateway-api"
KWOK = Module("kwok", ("sigs.k8s.io/kwok/cmd/kwok",))
"""Plays nodes where operators are measured with more pods than a machine can run."""


def binary(name: str) -> Path:
    """Path of a built program; ClusterError if it is not built yet."""
    for module in (*NODE, TOOLS, GATEWAY, KWOK):
        candidate = folder_of(module) / name
        if candidate.exists():
            return candidate
    option = {"kubeconform": " --tools", "traefik": " --gateway"}.get(name, "")
    raise ClusterError(f"{name} is not built. Next: python3 -m local_cluster build{option}")


def build(*, only: str = "", tools: bool = False) -> None:
    """Build whatever is not there for the present sources. Safe to cut off, and to call twice at once."""
    for module in (*NODE, TOOLS) if tools else NODE:
        if only in ("", module.name):
            build_module(module)


def build_module(module: Module) -> None:
    """Build its programs, if they are not there for the present sources."""
    if folder_of(module).exists():
        return
    with lock(f"build-{module.name}"):
        if not folder_of(module).exists():
            _build(module)


def sources_of(module: Module, dependency: str) -> Path:
    """The sources of a Go module that this one depends on, in the version that is pinned; fetched where they are not there."""
    go = str(compiler.go())
    told = json.loads("".join(_go(module, [go, "mod", "download", "-json", dependency], "modules fetched")))
    return Path(told["Dir"])


@functools.cache
def content_of(module: Module) -> str:
    """Hash of everything that a module is built from."""
    how = (module.packages, module.links, FLAGS, ENVIRONMENT, compiler.release(), platform.machine())
    digest = hashlib.sha256(repr(how).encode())
    for path in sorted((SOURCE / module.name).rglob("*")):
        if path.suffix in {".go", ".mod", ".sum"}:
            digest.update(str(path.relative_to(SOURCE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def folder_of(module: Module) -> Path:
    """Where its programs are, once they are built."""
    return cache_directory() / "bin" / f"{module.name}-{content_of(module)}"


def _build(module: Module) -> None:
    target = folder_of(module)
    go = str(compiler.go())
    half_done = target.with_name(f"{target.name}.partial")
    shutil.rmtree(half_done, ignore_errors=True)
    half_done.mkdir(parents=True)
    with step(f"fetch the sources of {module.name}"):
        names = _go(module, [go, "list", "-mod=readonly", "-deps", *module.packages], "modules fetched")
    with step(f"compile {module.name}: {len(names)} packages at most (minutes the first time)"):
        _go(module, [go, "build", "-v", *FLAGS, "-o", f"{half_done}/", *module.packages], "packages compiled")
    for name in module.links:
        (half_done / name).symlink_to(module.name)
    half_done.rename(target)
    _forget_old_builds(module)


def _go(module: Module, command: list[str], what: str) -> list[str]:
    """Run the compiler and say now and then how many lines it has reported on stderr. Lines of its stdout."""
    place, surroundings = SOURCE / module.name, administrator(**ENVIRONMENT)
    process = subprocess.Popen(
        command, cwd=place, env=surroundings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    answer: list[str] = []
    reports: list[str] = []
    readers = [
        threading.Thread(target=lambda: answer.extend(process.stdout or ()), daemon=True),
        threading.Thread(target=lambda: reports.extend(process.stderr or ()), daemon=True),
    ]
    for reader in readers:
        reader.start()
    began = spoken = time.monotonic()
    while any(reader.is_alive() for reader in readers):
        for reader in readers:
            reader.join(0.5)
        if time.monotonic() - spoken > HEARTBEAT_SECONDS:
            spoken = time.monotonic()
            say(f"    {module.name}: {len(reports)} {what}, {spoken - began:.0f} s")
    if process.wait():
        failed = f"`go {command[1]}` of local_cluster/{module.name} failed:\n{last_lines(''.join(reports))}"
        raise ClusterError(f"{failed}\nNext: the same command goes on from here")
    return answer


def _forget_old_builds(module: Module) -> None:
    """Keep the newest few, for other branches and for clusters that run from them."""
    builds = sorted((cache_directory() / "bin").glob(f"{module.name}-*"), key=lambda path: path.stat().st_mtime)
    for build in builds[:-BUILDS_KEPT]:
        shutil.rmtree(build, ignore_errors=True)
