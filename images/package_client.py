"""How this machine reaches PyPI and Debian, handed to the build stages without becoming part of an image.

A machine behind a proxy, with a mirror or with a certificate authority of its own has told pip and apt so. The same
settings go into the build as secret mounts, which neither docker nor buildah store. Where nothing is set, there is
nothing to hand over.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_FOR_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
"""pip's name of a setting → the variable by which uv, which reads no pip.conf, knows it."""
_FOR_PIP = frozenset({"index-url", "extra-index-url", "trusted-host", "default-timeout", "timeout", "retries", "proxy"})
_PASSED_ON = re.compile(
    r"UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|INSECURE_HOST|HTTP_TIMEOUT)|(HTTPS?|ALL|NO)_PROXY",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PackageClient:
    """Settings of this machine's package clients."""

    environment: Mapping[str, str]
    """Variables for pip and uv."""
    authorities: Path | None
    """Bundle of the certificate authorities that this machine trusts."""
    apt: str
    """Settings in apt's own syntax; empty: none."""
    debian_mirror: str
    """Mirror of Debian that this machine uses; empty: the one that debootstrap would take by itself."""

    def write_secrets(self, folder: Path, suite: str) -> dict[str, Path]:
        """Write what the Dockerfiles mount, with `suite` of Debian; answers secret id → file."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        secrets: dict[str, Path] = {}
        if self.environment:
            lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(self.environment.items())]
            secrets["package-client"] = _write(folder / "package-client", "".join(lines))
        if self.authorities:
            secrets["ca"] = self.authorities
        apt = self.apt
        if self.debian_mirror:
            secrets["sources.list"] = _write(folder / "sources.list", f"deb {self.debian_mirror} {suite} main\n")
            apt += 'Dir::Etc::sourcelist "/run/secrets/sources.list";\nDir::Etc::sourceparts "-";\n'
        if apt:
            secrets["apt.conf"] = _write(folder / "apt.conf", apt)
        return secrets


def package_client_of_this_machine() -> PackageClient:
    """Ask pip, apt and the environment."""
    pip = _pip_settings()
    return PackageClient(
        environment=environment_for_build(pip, os.environ),
        authorities=_authorities(pip),
        apt=_apt_settings(),
        debian_mirror=_debian_mirror(),
    )


def environment_for_build(pip: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Variables for pip and uv that follow from pip's settings and this process's environment."""
    variables = {_FOR_UV[name]: value for name, value in pip.items() if name in _FOR_UV}
    variables |= {f"PIP_{name.upper().replace('-', '_')}": value for name, value in pip.items() if name in _FOR_PIP}
    return variables | {name: value for name, value in environment.items() if _PASSED_ON.fullmatch(name) and value}


def parse_pip_settings(listing: str) -> dict[str, str]:
    """Settings in the output of `pip config list`; of a setting named twice the environment's wins, as in pip."""
    found: dict[str, str] = {}
    for line in sorted(listing.splitlines(), key=lambda line: line.startswith(":env:")):
        name, separator, value = line.partition("=")
        if separator and (name.startswith((":env:.", "global.", "download.", "install."))):
            found[name.rpartition(".")[2]] = value.strip("'\"")
    return found


def _pip_settings() -> dict[str, str]:
    command = [sys.executable, "-m", "pip", "config", "list"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return parse_pip_settings(answer.stdout) if answer.returncode == 0 else {}


def _authorities(pip: Mapping[str, str]) -> Path | None:
    for name in (os.environ.get("SSL_CERT_FILE"), pip.get("cert"), str(SYSTEM_AUTHORITIES)):
        if name and Path(name).is_file():
            return Path(name).resolve()
    return None


def _apt_settings() -> str:
    """How apt fetches (proxies, retries, checks), and its mirror where that is not the usual one."""
    if shutil.which("apt-config") is None:
        return ""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=False).stdout
    kept = [line for line in dump.splitlines() if re.match(r"Acquire::(https?|Retries|Check-)", line)]
    return "".join(f"{line}\n" for line in kept)


def _debian_mirror() -> str:
    """The first mirror in apt's sources, unless debootstrap takes it anyway or this machine is no Debian."""
    release = Path("/etc/os-release")
    if not release.is_file() or "ID=debian" not in release.read_text(encoding="utf-8").split():
        return ""
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *folder.glob("sources.list.d/*.list"), *folder.glob("sources.list.d/*.sources")]
    mirror = first_mirror("\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file()))
    debootstrap = shutil.which("debootstrap")
    usual = Path(debootstrap).read_text(encoding="utf-8") if debootstrap else ""
    return "" if f'"{mirror}"' in usual else mirror


def first_mirror(sources: str) -> str:
    """Address of the first mirror of Debian in apt's sources, in either of their two formats; empty: none."""
    found = re.search(r"^(?:URIs:|deb(?: +\[[^]]*\])?) +(https?://\S+/debian)/?(?:\s|$)", sources, re.MULTILINE)
    return found[1] if found else ""


def _write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file
