"""The operator may do what its code does, and nothing else."""

from collections import defaultdict

import pytest

from sentiment_operator.kinds import HTTP_ROUTE, LEASE, PREVIEW_CALLS, calls
from sentiment_operator.replicas.sharding import LEASE_NAME, MOST_SHARDS, lease_name
from tests.chart.rendering import NAMESPACE, Helm, Manifest, Values, of_kind

Rights = dict[tuple[str, str], set[str]]


def rights_in(roles: list[Manifest]) -> Rights:
    rights: Rights = defaultdict(set)
    for role in roles:
        for rule in role["rules"]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    rights[group, resource] |= set(rule["verbs"])
    return dict(rights)


def needed(*, lease: bool, gateway_api: bool = False) -> Rights:
    called = calls(gateway_api=gateway_api)
    return {call: set(verbs) for call, verbs in called.items() if (call == (LEASE.group, LEASE.plural)) is lease}


def bound_roles(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """Roles of the kind that are bound to the operator's account."""
    bindings = [binding for binding in manifests if binding["kind"] == f"{kind}Binding"]
    for binding in bindings:
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "sentiment-operator", "namespace": NAMESPACE}]
    bound = {(binding["metadata"].get("namespace"), binding["roleRef"]["name"]) for binding in bindings}
    return [
        role
        for role in manifests
        if role["kind"] == kind and (role["metadata"].get("namespace"), role["metadata"]["name"]) in bound
    ]


def test_the_cluster_role_holds_exactly_the_calls_of_the_code(helm: Helm) -> None:
    assert rights_in(bound_roles(helm.template(), "ClusterRole")) == needed(lease=False)


def test_routes_are_written_only_where_the_gateway_api_is_switched_on(helm: Helm) -> None:
    rights = rights_in(bound_roles(helm.template({"gatewayAPI": {"enabled": True}}), "ClusterRole"))
    assert rights == needed(lease=False, gateway_api=True)
    assert rights.keys() - needed(lease=False).keys() == {(HTTP_ROUTE.group, HTTP_ROUTE.plural)}


def test_in_named_namespaces_routes_are_written_there_alone(helm: Helm) -> None:
    manifests = helm.template({"watchNamespaces": ["team-a"], "gatewayAPI": {"enabled": True}})
    by_namespace = {role["metadata"]["namespace"]: role for role in bound_roles(manifests, "Role")}
    assert rights_in([by_namespace["team-a"]]) == needed(lease=False, gateway_api=True)
    assert rights_in([by_namespace[NAMESPACE]]) == needed(lease=True)


def test_the_lease_is_written_only_where_the_operator_runs(helm: Helm) -> None:
    (role,) = bound_roles(helm.template(), "Role")
    assert role["metadata"]["namespace"] == NAMESPACE
    assert rights_in([role]) == needed(lease=True)


@pytest.mark.parametrize("shards", [1, 2, MOST_SHARDS])
def test_leases_are_read_and_renewed_by_name_alone(helm: Helm, shards: int) -> None:
    (role,) = bound_roles(helm.template({"operator": {"shards": shards}}), "Role")
    named = [rule["resourceNames"] for rule in role["rules"] if rule["verbs"] == ["get", "update"]]
    assert named == [list(dict.fromkeys([LEASE_NAME, *(lease_name(shard, shards) for shard in range(shards))]))]


def test_with_namespaces_named_nothing_is_bound_to_the_whole_cluster(helm: Helm) -> None:
    manifests = helm.template({"watchNamespaces": ["team-a", "team-b"]})
    assert not of_kind(manifests, "ClusterRoleBinding")
    by_namespace = {role["metadata"]["namespace"]: role for role in bound_roles(manifests, "Role")}
    assert set(by_namespace) == {"team-a", "team-b", NAMESPACE}
    assert rights_in([by_namespace["team-a"]]) == rights_in([by_namespace["team-b"]]) == needed(lease=False)


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": ["team-a"]}])
def test_nodes_are_seen_only_where_whoever_installs_it_wants_previews_of_them(helm: Helm, values: Values) -> None:
    plain, asked = (helm.template(values | {"preview": {"nodes": nodes}}) for nodes in (False, True))
    roles = {role["metadata"]["name"]: role for role in bound_roles(asked, "ClusterRole")}
    more = roles.keys() - {role["metadata"]["name"] for role in bound_roles(plain, "ClusterRole")}
    assert more == {"sentiment-operator-preview"}
    granted = {call: set(verbs) for call, verbs in PREVIEW_CALLS.items()}
    assert rights_in([roles["sentiment-operator-preview"]]) == granted
    assert "nodes" not in {resource for _, resource in rights_in(bound_roles(plain, "ClusterRole"))}


def unbound(manifests: list[Manifest], name: str) -> Rights:
    """Rights of a ClusterRole that people may be bound to."""
    return rights_in([of_kind(manifests, "ClusterRole")[f"sentiment-operator-{name}"]])


GROUP = "rottenpotatoes.com"
MODELS, REVISIONS, APPROVALS = ((GROUP, f"sentimentmodel{what}") for what in ("s", "revisions", "approvals"))
READ = {"get", "list", "watch"}
WRITE = {"create", "update", "patch", "delete", "deletecollection"}


@pytest.mark.parametrize("gateway_api", [True, False])
def test_who_asks_for_a_version_does_not_approve_it(helm: Helm, *, gateway_api: bool) -> None:
    rights = unbound(helm.template({"gatewayAPI": {"enabled": gateway_api}}), "developer")
    assert (rights[MODELS], rights[REVISIONS], rights[APPROVALS]) == (READ | WRITE, READ, READ)
    assert all(verbs == READ for call, verbs in rights.items() if call != MODELS)
    assert {resource for _, resource in rights.keys() - {MODELS, REVISIONS, APPROVALS}} == {
        *("jobs", "pods", "pods/log", "services", "deployments", "horizontalpodautoscalers", "endpointslices"),
        *("persistentvolumeclaims", "resourcequotas", "limitranges", "events"),
        *(("httproutes",) if gateway_api else ()),
    }


def test_who_approves_a_version_does_not_ask_for_it(helm: Helm) -> None:
    assert unbound(helm.template(), "approver") == {
        MODELS: READ | {"approve"},
        REVISIONS: READ,
        APPROVALS: READ | {"create", "delete"},
    }


def test_who_looks_on_sees_all_three_kinds_and_changes_none(helm: Helm) -> None:
    seen = {MODELS: READ, REVISIONS: READ, APPROVALS: READ}
    assert unbound(helm.template(), "viewer") == unbound(helm.template(), "view") == seen


def test_the_roles_of_the_cluster_get_no_right_to_approve(helm: Helm) -> None:
    """Whoever may edit a namespace would approve what they asked for themselves."""
    manifests = helm.template()
    aggregated = [
        role
        for role in of_kind(manifests, "ClusterRole").values()
        if any(label.startswith("rbac.authorization.k8s.io/aggregate-to-") for label in role["metadata"]["labels"])
    ]
    assert len(aggregated) == 2
    assert rights_in(aggregated) == {MODELS: READ | WRITE, REVISIONS: READ, APPROVALS: READ}


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": ["team-a"]}])
def test_no_role_of_the_operator_reaches_secrets_or_the_inside_of_pods(helm: Helm, values: Values) -> None:
    manifests = helm.template(values)
    rights = rights_in(bound_roles(manifests, "ClusterRole") + bound_roles(manifests, "Role"))
    assert not {resource for _, resource in rights} & {"secrets", "pods/exec", "pods/attach", "nodes", "*"}
    assert all("*" not in verbs and "escalate" not in verbs and "bind" not in verbs for verbs in rights.values())
