"""The command line: python3 -m local_cluster up | down | status | load-image | logs | kubectl | kubeconfig | …"""

import argparse
import os
import sys
from pathlib import Path

from local_cluster import preflight, toolchain
from local_cluster.cluster import Cluster
from local_cluster.console import ClusterError, say
from local_cluster.settings import CLUSTERS


def main() -> int:
    """Exit code 0 when all went well, 1 after an error that a person can act on."""
    arguments = _parser().parse_args()
    try:
        return _perform(arguments)
    except ClusterError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_cluster", description=__doc__)
    name = argparse.ArgumentParser(add_help=False)
    name.add_argument("--name", choices=tuple(CLUSTERS), default=os.environ.get("CLUSTER_NAME", "demo"))
    commands = parser.add_subparsers(dest="command", required=True)
    for command, text in {
        "up": "start or repair the cluster",
        "down": "remove every trace of it",
        "status": "say which component runs",
        "kubeconfig": "print the path of its kubeconfig",
    }.items():
        commands.add_parser(command, help=text, parents=[name])
    commands.add_parser("check", help="say whether this machine can run a cluster")
    commands.add_parser("build", help="build the programs").add_argument("--tools", action="store_true")
    for program in ("kubectl-path", "helm-path"):
        commands.add_parser(program, help=f"print the path of {program.removesuffix('-path')}")
    commands.add_parser("load-image", help="import an image archive", parents=[name]).add_argument("archive", type=Path, nargs="+")
    commands.add_parser("logs", help="print the log of a component", parents=[name]).add_argument("component")
    commands.add_parser("kubectl", help="run kubectl", parents=[name]).add_argument("words", nargs=argparse.REMAINDER)
    return parser


def _perform(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "check":
            preflight.check()
            say("this machine can run a local cluster")
        case "build":
            preflight.check()
            preflight.install()
            toolchain.build(tools=arguments.tools)
        case "kubectl-path" | "helm-path":
            print(toolchain.binary(arguments.command.removesuffix("-path")))
        case _:
            return _perform_on(Cluster.named(arguments.name), arguments)
    return 0


def _perform_on(cluster: Cluster, arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "up":
            cluster.up()
        case "down":
            cluster.down()
        case "status":
            return _status(cluster)
        case "kubeconfig":
            print(cluster.kubeconfig)
        case "load-image":
            for archive in arguments.archive:
                cluster.load_image(archive)
        case "logs":
            sys.stdout.write(cluster.process(arguments.component).log.read_text(errors="replace"))
        case "kubectl":
            program = toolchain.binary("kubectl")
            os.execv(program, [str(program), "--kubeconfig", str(cluster.kubeconfig), *arguments.words])
        case _:
            raise ClusterError(f"no such command: {arguments.command}")
    return 0


def _status(cluster: Cluster) -> int:
    states = cluster.states()
    for name, pid in states.items():
        print(f"{name:26}{f'runs ({pid})' if pid else 'does not run'}")
    return 0 if all(states.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
