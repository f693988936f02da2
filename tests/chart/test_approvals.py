"""Who may ask for a version and who may agree to it, on a real API server, asked as the people in question."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from sentiment_operator.api.model import API_VERSION
from tests.chart.conftest import Answer, Server
from tests.chart.rendering import NAMESPACE, RELEASE, Manifest

DEVELOPER, COLLEAGUE, APPROVER, LEAD = "dana", "colin", "ada", "lea"
"""Two that ask, one that approves, and one that may do both."""
FORGER = "mallory"
"""May create approvals, and approve nothing."""
OF_ONE_MODEL = "otto"
"""May approve versions of `imdb` alone."""
ROBOT = "system:serviceaccount:gitops:applier"
OPERATOR = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
DIGEST = "ab" * 32
MAY_APPROVE = "kubectl auth can-i approve smod/imdb -n "
_numbers = count(1)

DUTIES = {
    f"{RELEASE}-developer": (DEVELOPER, COLLEAGUE, LEAD, ROBOT),
    # That the operator is bound to it as well, is a mistake that the policies have to make up for.
    f"{RELEASE}-approver": (APPROVER, LEAD, OPERATOR),
    f"{RELEASE}-viewer": (FORGER, OF_ONE_MODEL),
}
CUSTOM_ROLES: dict[str, list[Manifest]] = {
    # kubectl reads before it writes, which the operator may not.
    "status-reader": [{"apiGroups": ["rottenpotatoes.com"], "resources": ["sentimentmodels/status"], "verbs": ["get"]}],
    FORGER: [{"apiGroups": ["rottenpotatoes.com"], "resources": ["sentimentmodelapprovals"], "verbs": ["create"]}],
    OF_ONE_MODEL: [
        {"apiGroups": ["rottenpotatoes.com"], "resources": ["sentimentmodelapprovals"], "verbs": ["create"]},
        {
            "apiGroups": ["rottenpotatoes.com"],
            "resources": ["sentimentmodels"],
            "resourceNames": ["imdb"],
            "verbs": ["approve"],
        },
    ],
}
RBAC = "rbac.authorization.k8s.io"


def binding(kind: str, role: str, people: tuple[str, ...]) -> Manifest:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": role},
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": name} for name in people],
    }


def everybody() -> Manifest:
    roles = [
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": name}, "rules": rules}
        for name, rules in CUSTOM_ROLES.items()
    ]
    bindings = [binding("ClusterRole", role, people) for role, people in DUTIES.items()]
    own = [binding("Role", name, (OPERATOR if name == "status-reader" else name,)) for name in CUSTOM_ROLES]
    return {"apiVersion": "v1", "kind": "List", "items": [*roles, *bindings, *own]}


@dataclass(frozen=True)
class Team:
    """A namespace with everybody above in it."""

    server: Server
    namespace: str

    def create(self, body: Manifest, user: str, *options: str) -> Answer:
        """Create the object as the user."""
        return self.server.kubectl(
            "create", "--filename=-", f"--namespace={self.namespace}", *options, body=body, user=user
        )

    def edit(self, spec: Manifest, user: str) -> Answer:
        """Merge into the spec of the model `imdb` as the user."""
        return self.patch("smod/imdb", {"spec": spec}, user)

    def patch(self, what: str, patch: Manifest, user: str, *options: str) -> Answer:
        """Merge into the object as the user."""
        command = ["patch", what, f"--namespace={self.namespace}", "--type=merge", f"--patch={json.dumps(patch)}"]
        return self.server.kubectl(*command, *options, user=user)

    def must_create(self, body: Manifest, user: str) -> None:
        """The same, where a refusal means that the test itself is wrong."""
        answer = self.create(body, user)
        assert answer.accepted, answer.error

    def label(self, value: str) -> None:
        """Say of the namespace whether approval is required there."""
        self.server.must("label", "namespace", self.namespace, f"rottenpotatoes.com/approval={value}")


@pytest.fixture
def team(installed: Server) -> Team:
    name = f"approving-{next(_numbers)}"
    installed.must("create", "namespace", name)
    installed.must("apply", f"--namespace={name}", "--filename=-", body=everybody())
    return Team(installed, name)


def an_approval(by: str, name: str = "imdb-2", **spec: Any) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "SentimentModelApproval",
        "metadata": {"name": name},
        "spec": {
            "modelRef": {"name": "imdb"},
            "version": "2",
            "revisionDigest": DIGEST,
            "decision": "Approve",
            "approvedBy": by,
            **spec,
        },
    }


MANUAL: Manifest = {"approval": {"policy": "Manual"}}
GATE: Manifest = {"name": "good-enough", "metric": "accuracy", "threshold": "0.8"}


def a_model(promotion: Manifest | None = None, **spec: Any) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "SentimentModel",
        "metadata": {"name": "imdb"},
        "spec": {
            "version": "1",
            "data": {"url": {"href": "https://example.org/reviews.csv", "sha256": DIGEST}},
            "promotion": promotion or {},
            **spec,
        },
    }


def refused(answer: Answer, *says: str) -> bool:
    """Whether a policy refused it, and said so."""
    assert not answer.accepted, answer.output
    assert all(text in answer.error for text in says), answer.error
    return True


# Who approves


@pytest.mark.parametrize("decision", ["Approve", "Reject"])
def test_an_approver_says_yes_or_no(team: Team, decision: str) -> None:
    team.must_create(an_approval(APPROVER, decision=decision, note="Looked at the slices."), APPROVER)
    command = ["get", "smap/imdb-2", f"--namespace={team.namespace}", "--output=jsonpath={.spec.decision}"]
    assert team.server.must(*command, user=APPROVER).output == decision


def test_a_developer_creates_no_approval(team: Team) -> None:
    assert refused(team.create(an_approval(DEVELOPER), DEVELOPER), "cannot create resource")


@pytest.mark.parametrize("decision", ["Approve", "Reject"])
def test_the_right_to_create_approvals_is_not_the_right_to_approve(team: Team, decision: str) -> None:
    answer = team.create(an_approval(FORGER, decision=decision), FORGER)
    assert refused(
        answer, f"{FORGER} may not approve versions of SentimentModel", f"Next: {MAY_APPROVE}{team.namespace}"
    )


def test_the_next_step_of_a_refusal_tells_who_may_approve(team: Team) -> None:
    for user, answer in ((APPROVER, "yes"), (FORGER, "no")):
        command = f"{MAY_APPROVE}{team.namespace}".split()[1:]
        assert team.server.kubectl(*command, user=user).output.strip() == answer


@pytest.mark.parametrize("name", [DEVELOPER, f"{APPROVER}2", "ADA"])
def test_an_approver_answers_in_nobody_elses_name(team: Team, name: str) -> None:
    answer = team.create(an_approval(name), APPROVER)
    assert refused(answer, f"this says {name} and is created by {APPROVER}", f"Next: set spec.approvedBy to {APPROVER}")


def test_who_may_approve_one_model_approves_no_other(team: Team) -> None:
    other = an_approval(OF_ONE_MODEL, "other-2", modelRef={"name": "other"})
    assert refused(
        team.create(other, OF_ONE_MODEL), f"may not approve versions of SentimentModel {team.namespace}/other"
    )
    team.must_create(an_approval(OF_ONE_MODEL), OF_ONE_MODEL)


def test_who_may_approve_in_one_namespace_approves_in_no_other(team: Team, installed: Server) -> None:
    elsewhere = Team(installed, f"{team.namespace}-elsewhere")
    installed.must("create", "namespace", elsewhere.namespace)
    role = ["create", "clusterrole", elsewhere.namespace, "--verb=create"]
    installed.must(*role, "--resource=sentimentmodelapprovals.rottenpotatoes.com")
    installed.must(
        *("create", "rolebinding", "forger", f"--clusterrole={elsewhere.namespace}", f"--user={APPROVER}"),
        f"--namespace={elsewhere.namespace}",
    )
    assert refused(elsewhere.create(an_approval(APPROVER), APPROVER), f"{APPROVER} may not approve")


def test_the_operator_approves_nothing_even_with_the_rights(team: Team) -> None:
    assert refused(
        team.create(an_approval(OPERATOR), OPERATOR), "The operator reads approvals and gives none", "Next: "
    )


def test_what_was_said_cannot_be_changed_not_even_by_an_administrator(team: Team) -> None:
    team.must_create(an_approval(APPROVER, decision="Reject"), APPROVER)
    for change in ({"decision": "Approve"}, {"note": "On second thoughts."}, {"version": "3"}, {"approvedBy": LEAD}):
        assert refused(team.patch("smap/imdb-2", {"spec": change}, ""), "spec cannot be changed", "create another")
    assert team.patch("smap/imdb-2", {"metadata": {"labels": {"a": "b"}}}, "").accepted


def test_an_approver_may_delete_an_approval_and_a_developer_may_not(team: Team) -> None:
    team.must_create(an_approval(APPROVER), APPROVER)
    command = ["delete", "smap/imdb-2", f"--namespace={team.namespace}"]
    assert refused(team.server.kubectl(*command, user=DEVELOPER), "cannot delete resource")
    team.server.must(*command, user=APPROVER)


# Who asks


def test_who_asks_is_who_writes(team: Team) -> None:
    forged = a_model({"requestedBy": COLLEAGUE})
    assert refused(team.create(forged, DEVELOPER), f"this says {COLLEAGUE} and is written by {DEVELOPER}", "Next: set ")
    team.must_create(a_model({"requestedBy": DEVELOPER}), DEVELOPER)


def test_who_asks_need_not_be_said(team: Team) -> None:
    team.must_create(a_model(), DEVELOPER)
    assert team.edit({"version": "2"}, COLLEAGUE).accepted


ASKED_FOR: dict[str, Manifest] = {
    "another version": {"version": "2"},
    "no version": {"version": None},
    "other data": {"data": {"url": {"sha256": "cd" * 32}}},
    "other parameters": {"training": {"parameters": {"ngramMax": 1}}},
    "a gate": {"gates": [GATE]},
    "agreement": {"promotion": MANUAL},
}


@pytest.mark.parametrize("change", ASKED_FOR.values(), ids=ASKED_FOR)
def test_who_asks_for_something_else_does_not_leave_it_to_who_asked_before(team: Team, change: Manifest) -> None:
    team.must_create(a_model({"requestedBy": DEVELOPER}), DEVELOPER)
    assert refused(team.edit(change, COLLEAGUE), f"this says {DEVELOPER} and is written by {COLLEAGUE}")
    promotion = {**change.get("promotion", {}), "requestedBy": COLLEAGUE}
    answer = team.edit({**change, "promotion": promotion}, COLLEAGUE)
    assert answer.accepted, answer.error


@pytest.mark.parametrize("name", [COLLEAGUE, LEAD])
def test_nobody_passes_on_to_another_what_they_asked_for(team: Team, name: str) -> None:
    """Else who asked could approve it: somebody else would seem to have asked."""
    team.must_create(a_model({"requestedBy": DEVELOPER}), DEVELOPER)
    assert refused(team.edit({"promotion": {"requestedBy": name}}, DEVELOPER), f"this says {name}")


NOT_ASKED_FOR: dict[str, Manifest] = {
    "more replicas": {"spec": {"serving": {"replicas": 2}}},
    "a pause": {"spec": {"suspend": True}},
    "another try": {"metadata": {"annotations": {"rottenpotatoes.com/retry": "again"}}},
}


@pytest.mark.parametrize("change", NOT_ASKED_FOR.values(), ids=NOT_ASKED_FOR)
def test_whoever_runs_a_model_does_not_become_the_one_who_asked(team: Team, change: Manifest) -> None:
    team.must_create(a_model({"requestedBy": DEVELOPER}), DEVELOPER)
    answer = team.patch("smod/imdb", change, COLLEAGUE)
    assert answer.accepted, answer.error


def test_a_robot_that_applies_from_git_asks_in_its_own_name(team: Team) -> None:
    promotion = {"requestedBy": ROBOT, "approval": {"policy": "Manual", "separationOfDuties": "Required"}}
    command = ["apply", "--server-side", "--field-manager=gitops", "--filename=-", f"--namespace={team.namespace}"]
    for version in ("1", "2", "2"):
        answer = team.server.kubectl(*command, body=a_model(promotion, version=version), user=ROBOT)
        assert answer.accepted, answer.error
    by_hand = a_model({**promotion, "requestedBy": DEVELOPER}, version="3")
    assert refused(team.server.kubectl(*command, body=by_hand, user=ROBOT), f"written by {ROBOT}")


# Who switches approval off


WAYS_AROUND: dict[str, Manifest] = {
    "approval off": {"promotion": {"approval": {"policy": "None", "minApprovals": 1, "separationOfDuties": "None"}}},
    "no approval": {"promotion": {"approval": None}},
    "no promotion": {"promotion": None},
    "fewer approvals": {"promotion": {"approval": {"minApprovals": 1}}},
    "separation off": {"promotion": {"approval": {"separationOfDuties": "None"}}},
    "no gates": {"gates": None},
    "an easier gate": {"gates": [{**GATE, "threshold": "0.1"}]},
    "a gate that only warns": {"gates": [{**GATE, "onFailure": "Warn"}]},
    "approval off and back to work": {"version": "2", "promotion": None},
}


@pytest.mark.parametrize("change", WAYS_AROUND.values(), ids=WAYS_AROUND)
def test_only_who_may_approve_changes_what_versions_have_to_pass(team: Team, change: Manifest) -> None:
    strict = {"policy": "Manual", "minApprovals": 2, "separationOfDuties": "Required"}
    promotion = {"approval": strict, "requestedBy": DEVELOPER}
    team.must_create(a_model(promotion, gates=[GATE]), DEVELOPER)
    answer = team.edit(change, DEVELOPER)
    assert refused(answer, "only who may approve changes what they have to pass", f"{MAY_APPROVE}{team.namespace}")
    promotion = change.get("promotion", {})
    asked_by_lead = None if promotion is None else {**promotion, "requestedBy": LEAD}
    answer = team.edit({**change, "promotion": asked_by_lead}, LEAD)
    assert answer.accepted, answer.error


FOLLOWING: Manifest = {"modelRef": {"name": "imdb"}, "namespace": "staging", "soakSeconds": 3600}


@pytest.mark.parametrize("change", [{"soakSeconds": 0}, {"namespace": "development"}], ids=str)
def test_only_who_may_approve_changes_whom_a_model_follows(team: Team, change: Manifest) -> None:
    promotion = {**MANUAL, "from": FOLLOWING, "requestedBy": DEVELOPER}
    team.must_create(a_model(promotion, data=None), DEVELOPER)
    answer = team.edit({"promotion": {"from": change}}, DEVELOPER)
    assert refused(answer, "only who may approve changes what they have to pass", f"{MAY_APPROVE}{team.namespace}")
    answer = team.edit({"promotion": {"from": change, "requestedBy": LEAD}}, LEAD)
    assert answer.accepted, answer.error


def test_a_developer_cannot_let_a_model_train_that_follows(team: Team) -> None:
    promotion = {**MANUAL, "from": FOLLOWING, "requestedBy": DEVELOPER}
    team.must_create(a_model(promotion, data=None), DEVELOPER)
    trains = {"data": a_model()["spec"]["data"], "promotion": {"from": None}}
    assert refused(team.edit(trains, DEVELOPER), "only who may approve changes what they have to pass")


def test_who_asks_goes_on_asking_where_versions_are_approved(team: Team) -> None:
    team.must_create(a_model({**MANUAL, "requestedBy": DEVELOPER}, gates=[GATE]), DEVELOPER)
    assert team.edit({"version": "2"}, DEVELOPER).accepted
    assert team.edit({"version": "3", "promotion": {"requestedBy": COLLEAGUE}}, COLLEAGUE).accepted


def test_whoever_writes_a_model_may_ask_for_more_agreement(team: Team) -> None:
    team.must_create(a_model(gates=[GATE]), DEVELOPER)
    assert team.edit({"gates": [{**GATE, "threshold": "0.7"}], "promotion": MANUAL}, DEVELOPER).accepted


# Where approval is required


ASKS_NOBODY = "is labelled rottenpotatoes.com/approval=Required"


def test_a_namespace_may_require_approval_of_every_model(team: Team) -> None:
    """Else a model could be deleted and made anew without."""
    team.label("Required")
    answer = team.create(a_model(), LEAD)
    assert refused(answer, ASKS_NOBODY, "Next: set spec.promotion.approval.policy to Manual")
    team.must_create(a_model(MANUAL), DEVELOPER)
    assert refused(team.edit({"promotion": None}, LEAD), ASKS_NOBODY)


def test_another_label_requires_nothing(team: Team) -> None:
    team.label("Recommended")
    team.must_create(a_model(), DEVELOPER)


def test_a_namespace_that_begins_to_require_approval_leaves_its_models_to_run_and_to_be_deleted(team: Team) -> None:
    team.must_create(a_model({"requestedBy": DEVELOPER}), DEVELOPER)
    team.label("Required")
    assert refused(team.edit({"version": "2"}, DEVELOPER), ASKS_NOBODY)
    for metadata in ({"labels": {"a": "b"}}, {"finalizers": ["example.org/hold"]}):
        assert team.patch("smod/imdb", {"metadata": metadata}, COLLEAGUE).accepted
    status = {"status": {"wantedVersion": "1"}}
    reported = team.patch("smod/imdb", status, OPERATOR, "--subresource=status")
    assert reported.accepted, reported.error
    team.server.must("delete", "smod/imdb", f"--namespace={team.namespace}", "--wait=false", user=DEVELOPER)
    assert team.patch("smod/imdb", {"metadata": {"finalizers": None}}, COLLEAGUE).accepted
    team.server.must("wait", "--for=delete", "smod/imdb", f"--namespace={team.namespace}", "--timeout=10s")


def test_only_who_may_approve_removes_what_people_have_approved(team: Team) -> None:
    team.must_create(a_model({**MANUAL, "requestedBy": DEVELOPER}), DEVELOPER)
    for command in (["smod/imdb"], ["smod", "--all"]):
        answer = team.server.kubectl("delete", *command, f"--namespace={team.namespace}", user=DEVELOPER)
        assert refused(answer, "its evidence would be gone with it", f"{MAY_APPROVE}{team.namespace}")
    team.server.must("delete", "smod/imdb", f"--namespace={team.namespace}", user=LEAD)


def test_whoever_writes_a_model_removes_what_nobody_has_to_approve(team: Team) -> None:
    team.must_create(a_model({"requestedBy": DEVELOPER}), DEVELOPER)
    team.server.must("delete", "smod/imdb", f"--namespace={team.namespace}", user=DEVELOPER)


def a_job(**owner: Any) -> Manifest:
    pod = {"restartPolicy": "Never", "containers": [{"name": "forger", "image": "localhost/forger"}]}
    owners = [{"apiVersion": API_VERSION, "kind": "SentimentModel", "name": "imdb", "uid": "0", **owner}]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "forged", "ownerReferences": owners},
        "spec": {"template": {"spec": pod}},
    }


def test_nobody_makes_a_job_that_would_answer_for_a_model(team: Team) -> None:
    assert refused(team.create(a_job(controller=True), ""), "made by the operator alone")


def test_jobs_of_others_are_nobodys_business(team: Team) -> None:
    assert team.create(a_job(kind="Workflow", apiVersion="example.org/v1", controller=True), "").accepted


def test_the_operator_reports_on_a_model_that_somebody_else_asked_for(team: Team) -> None:
    team.must_create(a_model({**MANUAL, "requestedBy": DEVELOPER}, gates=[GATE]), DEVELOPER)
    answer = team.patch("smod/imdb", {"status": {"wantedVersion": "1"}}, OPERATOR, "--subresource=status")
    assert answer.accepted, answer.error
