"""The command line: python3 -m local_cluster up | down | status | load-image | logs | kubectl | kubeconfig | …"""

import argparse
import os
import re
import sys
from pathlib import Path

from local_cluster import preflight, toolchain
from local_cluster.cluster import Cluster
from local_cluster.console import ClusterError, say
from local_cluster.control_plane import ControlPlane
from local_cluster.ownership import handed_over
from local_cluster.settings import CLUSTERS, cache_directory

ONLY_ROOT_IS_MISSING = 3
INTERRUPTED = 130


def main() -> int:
    """Exit code 0 when all went well, 1 after an error that a person can act on, 3 from `check` without root."""
    arguments = parse(sys.argv[1:])
    try:
        with handed_over():
            return _perform(arguments)
    except ClusterError as error:
        say(f"error: {error}")
        return 1
    except OSError as error:
        say(f"error: this machine refuses: {error}. Next: see to that, then the same command again")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        return INTERRUPTED


def parse(words: list[str]) -> argparse.Namespace:
    """What follows `kubectl [--name NAME]` is kubectl's alone, options and all."""
    own, rest = words, list[str]()
    if words[:1] == ["kubectl"]:
        length = 3 if words[1:2] == ["--name"] else 2 if words[1:2] and words[1].startswith("--name=") else 1
        own, rest = words[:length], words[length:]
    arguments = _parser().parse_args(own)
    arguments.words = rest
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_cluster", description=__doc__)
    name = argparse.ArgumentParser(add_help=False)
    what = f"{' or '.join(CLUSTERS)}, or any name for a control plane alone (default: $CLUSTER_NAME, or demo)"
    name.add_argument("--name", type=_name, default=os.environ.get("CLUSTER_NAME") or "demo", help=what)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start or repair the cluster", parents=[name])
    up.add_argument("--control-plane-only", action="store_true", help="etcd and API server on loopback, without root")
    up.add_argument("--with-controller-manager", action="store_true", help="and the controllers that need no node")
    up.add_argument("--audit", action="store_true", help="and an audit log, which a whole cluster always writes")
    for command, text in {
        "down": "remove every trace of it",
        "status": "say which component runs",
        "kubeconfig": "print the path of its kubeconfig",
        "kubectl": "run kubectl; --name comes first",
    }.items():
        commands.add_parser(command, help=text, parents=[name])
    commands.add_parser("check", help="say whether this machine can run a cluster; exit code 3: but for root it could")
    build = commands.add_parser("build", help="install what is missing and build the programs")
    build.add_argument("--tools", action="store_true", help="also the programs that only checks use")
    build.add_argument("--gateway", action="store_true", help="also a Gateway, for its test; that takes long")
    for program in ("kubectl-path", "helm-path", "kubeconform-path"):
        commands.add_parser(program, help=f"print the path of {program.removesuffix('-path')}")
    images = commands.add_parser("load-image", help="bring images into the node", parents=[name])
    images.add_argument("image", nargs="+", help="an image archive, or the name of an image of buildah or docker")
    logs = commands.add_parser("logs", help="print the log of a component, or the end of each", parents=[name])
    logs.add_argument("component", nargs="?")
    return parser


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", text):
        raise argparse.ArgumentTypeError("small letters, digits and hyphens, 32 at most")
    return text


def _perform(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "check":
            return _check()
        case "build":
            preflight.check()
            preflight.install()
            toolchain.build(tools=arguments.tools)
            if arguments.gateway:
                toolchain.build_module(toolchain.GATEWAY)
        case "kubectl-path" | "helm-path" | "kubeconform-path":
            print(toolchain.binary(arguments.command.removesuffix("-path")))
        case _:
            return _perform_on(_target(arguments), arguments)
    return 0


def _check() -> int:
    found = preflight.examine()
    for obstacle in found:
        say(f"{obstacle.kind}: {obstacle.text}")
    if not found:
        say("this machine can run a local cluster")
        return 0
    return ONLY_ROOT_IS_MISSING if {obstacle.kind for obstacle in found} == {"root"} else 1


def _target(arguments: argparse.Namespace) -> Cluster | ControlPlane:
    folder = cache_directory() / "clusters" / arguments.name
    wants_control_plane = getattr(arguments, "control_plane_only", False)
    if arguments.name in CLUSTERS:
        if wants_control_plane:
            raise ClusterError(f"{arguments.name} is a whole cluster. Next: --name something else")
        return Cluster.named(arguments.name)
    if wants_control_plane:
        return ControlPlane(folder, with_controllers=arguments.with_controller_manager, with_audit=arguments.audit)
    return ControlPlane(folder) if folder.exists() else Cluster.named(arguments.name)


def _perform_on(target: Cluster | ControlPlane, arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "up":
            target.up()
        case "down":
            target.down()
        case "status":
            return _status(target)
        case "kubeconfig":
            print(target.kubeconfig)
        case "load-image":
            if isinstance(target, ControlPlane):
                raise ClusterError(f"{arguments.name} has no node for images. Next: --name {' or '.join(CLUSTERS)}")
            for image in arguments.image:
                target.load_image(image)
        case "logs":
            _logs(target, arguments.component)
        case "kubectl":
            program = toolchain.binary("kubectl")
            os.execv(program, [str(program), "--kubeconfig", str(target.kubeconfig), *arguments.words])  # noqa: S606  kubectl takes its place
        case _:
            raise ClusterError(f"no such command: {arguments.command}")
    return 0


def _status(target: Cluster | ControlPlane) -> int:
    states = target.states()
    for name, pid in states.items():
        print(f"{name:26}{f'runs ({pid})' if pid else 'does not run'}")
    return 0 if states and all(states.values()) else 1


def _logs(target: Cluster | ControlPlane, component: str | None) -> None:
    names = target.states()
    if component is None:
        for name in names:
            print(f"{name}: {target.process(name).log}\n{target.process(name).last_words()}\n")
        return
    log: Path = target.process(component).log
    if component not in names or not log.exists():
        raise ClusterError(f"{component} has no log. Next: one of {', '.join(names) or 'none: nothing was started'}")
    with log.open(errors="replace") as lines:
        sys.stdout.writelines(lines)


if __name__ == "__main__":
    sys.exit(main())
