"""Takes the demo away again: whole local clusters, or what it installed on a cluster of a person's own."""

from demo.installation import MARKED, NAMESPACE, RELEASE, namespaces
from demo.target import Target
from local_cluster import Cluster, toolchain
from local_cluster.console import say, step
from local_cluster.settings import CLUSTERS

DEFINITIONS = tuple(
    f"{plural}.rottenpotatoes.com"
    for plural in ("sentimentmodels", "sentimentmodelrevisions", "sentimentmodelapprovals")
)
PATIENCE = "--timeout=3m"


def remove(target: Target) -> None:
    """Remove every trace. It can be cut off anywhere and called again."""
    if target.is_local:
        for name in CLUSTERS:
            Cluster.named(name).down()
    else:
        toolchain.build(only="kube")
        _remove_from(target)


def _remove_from(target: Target) -> None:
    """The operator's namespace goes last: as long as it stands, the rest is known to be the demo's."""
    made = namespaces(target, "-l", MARKED)
    for name in made:
        if name != NAMESPACE:
            _remove_namespace(target, name)
    if NAMESPACE in made:
        with step(f"uninstall the helm release {RELEASE} from {target.context}"):
            target.helm("uninstall", RELEASE, "-n", NAMESPACE, "--ignore-not-found", "--wait")
        _remove_definitions(target)
        _remove_namespace(target, NAMESPACE)
    say(f"  {target.context} holds nothing of the demo any more" if made else f"  {target.context} held nothing of it")


def _remove_namespace(target: Target, name: str) -> None:
    with step(f"remove namespace {name} from {target.context}"):
        target.kubectl("delete", "namespace", name, "--ignore-not-found", PATIENCE)


def _remove_definitions(target: Target) -> None:
    """With them every model of the cluster would go, so they stay where somebody else has one."""
    there = target.kubectl("get", "crd", *DEFINITIONS, "--ignore-not-found", "-o", "name").split()
    models = [line for kind in there for line in _objects(target, kind)]
    if models:
        say(f"  the definitions stay: {len(models)} models or revisions of other namespaces need them")
        return
    with step(f"remove the definitions from {target.context}"):
        target.kubectl("delete", "crd", *DEFINITIONS, "--ignore-not-found", PATIENCE)


def _objects(target: Target, definition: str) -> list[str]:
    kind = definition.partition("/")[2]
    return target.kubectl("get", kind, "--all-namespaces", "-o", "name").split()
