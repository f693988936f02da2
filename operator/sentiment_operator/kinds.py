"""The Kubernetes kinds the operator reads or writes, and what it may do with each.

`API_CALLS` is the whole of it, with `PREVIEW_CALLS` where that is switched on: cluster/kube.py refuses to make a call that is not
listed, and the chart's roles are compared with them. This module knows no client.
"""

from dataclasses import dataclass

from sentiment_contract.names import GROUP
from sentiment_operator.api.model import VERSION
from sentiment_operator.facts.observed import ChildKind


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind as the API server addresses it. Each is made once, below, and is equal to itself alone: it is what
    everything that is known is looked up by."""

    group: str
    version: str
    plural: str
    name: str

    @property
    def api_version(self) -> str:
        """As it stands in a manifest's apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """URL path; without a namespace, of all namespaces."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        parts = [root, f"namespaces/{namespace}" if namespace else "", self.plural, name, subresource]
        return "/".join(part for part in parts if part)


MODEL = Kind(GROUP, VERSION, "sentimentmodels", "SentimentModel")
REVISION = Kind(GROUP, VERSION, "sentimentmodelrevisions", "SentimentModelRevision")
APPROVAL = Kind(GROUP, VERSION, "sentimentmodelapprovals", "SentimentModelApproval")
JOB = Kind("batch", "v1", "jobs", "Job")
POD = Kind("", "v1", "pods", "Pod")
DEPLOYMENT = Kind("apps", "v1", "deployments", "Deployment")
SERVICE = Kind("", "v1", "services", "Service")
CONFIG_MAP = Kind("", "v1", "configmaps", "ConfigMap")
SERVICE_ACCOUNT = Kind("", "v1", "serviceaccounts", "ServiceAccount")
AUTOSCALER = Kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
DISRUPTION_BUDGET = Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
NETWORK_POLICY = Kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
HTTP_ROUTE = Kind("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute")
LEASE = Kind("coordination.k8s.io", "v1", "leases", "Lease")
EVENT = Kind("events.k8s.io", "v1", "events", "Event")
NODE = Kind("", "v1", "nodes", "Node")

SERVING: dict[ChildKind, Kind] = {
    ChildKind.SERVICE_ACCOUNT: SERVICE_ACCOUNT,
    ChildKind.NETWORK_POLICY: NETWORK_POLICY,
    ChildKind.SERVICE: SERVICE,
    ChildKind.ROUTE: HTTP_ROUTE,
    ChildKind.DEPLOYMENT: DEPLOYMENT,
    ChildKind.ROLLOUT_SETTING: CONFIG_MAP,
    ChildKind.CANDIDATE_SERVICE: SERVICE,
    ChildKind.CANDIDATE: DEPLOYMENT,
    ChildKind.AUTOSCALER: AUTOSCALER,
    ChildKind.DISRUPTION_BUDGET: DISRUPTION_BUDGET,
}
"""The serving children in the order in which they are written."""

OF_GATEWAY_API = frozenset({HTTP_ROUTE})
"""Kinds that a cluster has only where somebody installed them: without the setting they are not watched, read or written."""
OWN: tuple[Kind, ...] = (MODEL, REVISION, APPROVAL)
"""Watched without a selector: whatever stands there is meant for the operator."""
BY_PEOPLE: tuple[Kind, ...] = (MODEL, APPROVAL)
"""Watched by kopf; what the operator and other controllers write, cluster/child_watch.py watches."""
LABELLED: tuple[Kind, ...] = (JOB, POD, *dict.fromkeys(SERVING.values()))
"""Watched with a label selector on the server, so that foreign objects are never sent."""
WATCHED: tuple[Kind, ...] = (*OWN, *LABELLED)


KNOWN_OF_ALL: frozenset[Kind] = frozenset({MODEL, REVISION, JOB})
"""What a pass reads of other models than its own: whom it follows, who has its registered model, and how many train. Of the
other kinds a replica keeps what it acts for."""


def watched(*, gateway_api: bool) -> tuple[Kind, ...]:
    """What is watched with this setting."""
    return tuple(kind for kind in WATCHED if gateway_api or kind not in OF_GATEWAY_API)


_CHILD_VERBS = frozenset({"get", "list", "watch", "create", "patch", "delete"})

API_CALLS: dict[tuple[str, str], frozenset[str]] = {
    (MODEL.group, MODEL.plural): frozenset({"list", "watch"}),
    (MODEL.group, f"{MODEL.plural}/status"): frozenset({"patch"}),
    (REVISION.group, REVISION.plural): frozenset({"get", "list", "watch", "create", "delete"}),
    (REVISION.group, f"{REVISION.plural}/status"): frozenset({"patch"}),
    (APPROVAL.group, APPROVAL.plural): frozenset({"list", "watch"}),
    (JOB.group, JOB.plural): frozenset({"get", "list", "watch", "create", "delete"}),
    (POD.group, POD.plural): frozenset({"list", "watch"}),
    **{(kind.group, kind.plural): _CHILD_VERBS for kind in SERVING.values()},
    (DEPLOYMENT.group, f"{DEPLOYMENT.plural}/scale"): frozenset({"patch"}),
    (LEASE.group, LEASE.plural): frozenset({"get", "create", "update"}),
    (EVENT.group, EVENT.plural): frozenset({"create", "list"}),
}
"""(group, resource) → verbs of every call that the operator makes, watches of kopf included.

Leases only in the operator's own namespace, everything else where models may stand.
"""

PREVIEW_CALLS: dict[tuple[str, str], frozenset[str]] = {
    (NODE.group, NODE.plural): frozenset({"list"}),
    (POD.group, POD.plural): frozenset({"list"}),
}
"""The same of the whole cluster, made and granted only where whoever installs the operator wants previews to tell
whether nodes have room."""


def calls(*, gateway_api: bool) -> dict[tuple[str, str], frozenset[str]]:
    """What is called with this setting."""
    left_out = {(kind.group, kind.plural) for kind in OF_GATEWAY_API} if not gateway_api else set[tuple[str, str]]()
    return {call: verbs for call, verbs in API_CALLS.items() if call not in left_out}
