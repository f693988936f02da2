"""The chart on a real API server: installed, judged by Pod Security, taken away and put back."""

import subprocess
import time

from local_cluster import toolchain
from tests.chart.conftest import Server, install
from tests.chart.rendering import EVERYTHING, NAMESPACE, RELEASE, Helm, Manifest, Values, pod_templates

MODEL = """
apiVersion: rottenpotatoes.com/v1alpha1
kind: SentimentModel
metadata: {name: kept, namespace: kept}
spec: {data: {volume: {claimName: reviews, path: reviews.csv}}}
"""


def test_the_api_server_takes_every_object_and_every_field(installed: Server, helm: Helm) -> None:
    """What other tools check against copies of the schemas, asked of the server itself, warnings counting as errors."""
    values: Values = {**EVERYTHING, "watchNamespaces": [], "metrics": {"dashboard": {"enabled": True}}}
    for manifest in helm.template(values):
        answer = installed.kubectl(
            *(
                "apply",
                "--server-side",
                "--force-conflicts",
                "--dry-run=server",
                "--validate=strict",
                "--warnings-as-errors",
            ),
            *(f"--namespace={NAMESPACE}", "--filename=-"),
            body=manifest,
        )
        assert answer.accepted, f"{manifest['kind']} {manifest['metadata']['name']}: {answer.error}"


def test_no_expression_of_a_policy_names_a_field_that_is_not_there(installed: Server) -> None:
    """Kubernetes looks through the expressions of a policy after it is stored; here only while the test runs."""
    command = [
        *(
            str(toolchain.binary("kube-controller-manager")),
            f"--kubeconfig={installed.plane.kubeconfig}",
            "--leader-elect=false",
        ),
        *("--secure-port=0", "--controllers=validatingadmissionpolicy-status-controller"),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as controller:
        try:
            policies = eventually_checked(installed)
        finally:
            controller.terminate()
    assert len(policies) == 10
    assert {name: status["typeChecking"] for name, status in policies.items()} == {name: {} for name in policies}


def eventually_checked(server: Server) -> dict[str, Manifest]:
    """Name → status of every policy, as soon as each was looked through."""
    deadline = time.monotonic() + 60
    while True:
        policies = server.must("get", "validatingadmissionpolicies", "--output=yaml").manifest["items"]
        if all(
            policy.get("status", {}).get("observedGeneration") == policy["metadata"]["generation"]
            for policy in policies
        ):
            return {policy["metadata"]["name"]: policy["status"] for policy in policies}
        assert time.monotonic() < deadline, "not within 60 s: every policy is looked through"
        time.sleep(0.2)


def test_pod_security_restricted_admits_every_pod_without_a_warning(installed: Server, helm: Helm) -> None:
    installed.must("create", "namespace", "restricted")
    levels = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
    installed.must("label", "namespace", "restricted", *levels)
    installed.must("create", "serviceaccount", RELEASE, "--namespace=restricted")
    for name, spec in pod_templates(helm.template(EVERYTHING)).items():
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "judged", "namespace": "restricted"},
            "spec": spec,
        }
        answer = installed.kubectl("create", "--dry-run=server", "--warnings-as-errors", "--filename=-", body=pod)
        assert answer.accepted, f"{name}: {answer.error}"


def test_uninstall_and_reinstall_keep_models_definitions_and_the_claim_of_mlflow(installed: Server, helm: Helm) -> None:
    installed.must("create", "namespace", "kept")
    installed.must("apply", "--filename=-", body=MODEL)
    identities = ["get", "smod/kept", "--namespace=kept", "--output=jsonpath={.metadata.uid}"]
    claim = ["get", "pvc/mlflow", f"--namespace={NAMESPACE}", "--output=jsonpath={.metadata.uid}"]
    before = installed.must(*identities).output, installed.must(*claim).output

    helm.run("uninstall", RELEASE, f"--namespace={NAMESPACE}", f"--kubeconfig={installed.plane.kubeconfig}", "--wait")
    assert not installed.kubectl("get", f"deployment/{RELEASE}", f"--namespace={NAMESPACE}").accepted
    assert (installed.must(*identities).output, installed.must(*claim).output) == before
    installed.must("delete", "smod/kept", "--namespace=kept", "--timeout=10s", "--dry-run=server")

    install(installed, helm)
    assert (installed.must(*identities).output, installed.must(*claim).output) == before
    installed.must("delete", "smod/kept", "--namespace=kept", "--timeout=10s")


def test_an_upgrade_with_other_images_changes_what_the_policy_lets_run(installed: Server, helm: Helm) -> None:
    install(installed, helm, "--set=image.server.tag=next")
    policy = installed.must("get", "validatingadmissionpolicy", f"{RELEASE}-operator-pods", "--output=yaml").output
    assert "localhost/sentiment-server:next" in policy
    install(installed, helm, "--set=image.server.tag=")


def test_upgrade_and_uninstall_leave_nothing_else_behind(installed: Server, helm: Helm) -> None:
    everything = "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings"
    selector = "--selector=app.kubernetes.io/part-of=sentiment-operator"
    assert installed.must("get", everything, selector, "--output=name").output.count("\n") == 27
    helm.run("uninstall", RELEASE, f"--namespace={NAMESPACE}", f"--kubeconfig={installed.plane.kubeconfig}", "--wait")
    assert installed.must("get", everything, selector, "--output=name").output == ""
    install(installed, helm)
