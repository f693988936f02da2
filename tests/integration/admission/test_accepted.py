"""What the API server accepts, and what it makes of it."""

import pytest

from sentiment_contract.gates import COMPARED_METRICS
from sentiment_operator.api.approval import SentimentModelApprovalSpec
from sentiment_operator.api.model import SentimentModelSpec
from sentiment_operator.api.revision import SentimentModelRevisionSpec
from tests.integration.admission.documents import (
    APPROVAL_EXAMPLES,
    MISSING,
    MODEL_EXAMPLES,
    Edits,
    Example,
    approval,
    collection,
    create,
    example,
    model,
    revision,
    try_to_create,
)
from tests.support.api_server import ApiServer, Manifest


@pytest.mark.parametrize("file", MODEL_EXAMPLES, ids=lambda file: file.name)
def test_an_example_is_accepted_and_means_to_the_operator_what_was_written(crds: ApiServer, file: Example) -> None:
    written = example(file)
    answer = try_to_create(crds, written)
    assert answer.accepted, answer.message
    stored = SentimentModelSpec.model_validate(answer.body["spec"])
    assert stored == SentimentModelSpec.model_validate(written["spec"])


@pytest.mark.parametrize("file", APPROVAL_EXAMPLES, ids=lambda file: file.name)
def test_an_approval_of_the_examples_is_accepted_and_stored_as_it_was_given(crds: ApiServer, file: Example) -> None:
    written = example(file)
    answer = try_to_create(crds, written)
    assert answer.accepted, answer.message
    assert answer.body["spec"] == written["spec"]
    SentimentModelApprovalSpec.model_validate(answer.body["spec"])


GATE = {"name": "good-enough", "metric": "accuracy", "threshold": "0.8"}
COMPARED = {"name": "no-step-back", "metric": "rocAUC", "compareWith": "Serving"}


def gates(*slices: Manifest) -> Edits:
    """A gate for each slice."""
    return {"spec.gates": [{**GATE, "name": f"g{number}", "slice": one} for number, one in enumerate(slices)]}


GOOD: dict[str, Edits] = {
    "a name of 40 characters": {"metadata.name": "a" * 40},
    "a version of 40 characters": {"spec.version": "a" * 40},
    "no version: follow the recipe": {"spec.version": MISSING},
    "a search that fills its trials": {
        "spec.training.search": {"parameters": {"ngramMax": [1, 2], "regularizationC": ["1", "3"]}, "maxTrials": 4}
    },
    "a search that draws from more than its trials": {
        "spec.training.search": {
            "strategy": "Random",
            "parameters": {"regularizationC": [str(number) for number in range(1, 65)], "ngramMax": [1, 2, 3]},
            "maxTrials": 10,
            "parallelism": 50,
            "queueName": "team.research",
        }
    },
    "a search of a forest": {
        "spec.training.parameters": {"classifier": "RandomForest"},
        "spec.training.search": {
            "parameters": {"trees": [50, 100], "maxDepth": [10, 20], "sublinearTF": [True, False]}
        },
    },
    "a search of what a file of the repository may make a forest": {
        "spec.training.parametersFrom": {"path": "params.yaml"},
        "spec.training.search": {"parameters": {"trees": [50, 100]}},
    },
    "another model to follow": {"spec.data": MISSING, "spec.promotion.from": {"modelRef": {"name": "reviews"}}},
    "a model of the same name to follow": {
        "spec.data": MISSING,
        "spec.promotion.from": {"modelRef": {"name": "imdb"}, "namespace": "staging", "soakSeconds": 3600},
    },
    "a comparison with another stage": {"spec.gates": [{**COMPARED, "compareWith": "Stage:production"}]},
    "a comparison with a model of another name": {
        "spec.gates": [{**COMPARED, "compareWith": "Stage:production/films"}]
    },
    "namespaces that may follow": {"spec.promotion.allowedNamespaces": ["staging", "production"]},
    "a version with dots and dashes": {"spec.version": "2026.1-spring"},
    "a volume for the DVC remote of an https repository": {"spec.data.dvc.volumeClaimName": "reviews"},
    "an @ in the path of a repository": {"spec.data.dvc.repoURL": "https://git.example.com/@film/reviews.git"},
    "a branch with a slash": {"spec.data.dvc.revision": "feature/more-reviews"},
    "a path with a hidden folder": {"spec.data.dvc.path": "data/.cache/train..2.csv"},
    "a null where nothing is meant": {"spec.data.rows": None},
    "the smallest numbers": {
        "spec.data.rows": 2,
        "spec.data.testPercent": 1,
        "spec.data.checks": {"minRows": 2, "maxEmptyPercent": 0, "minClassSharePercent": 0, "maxDuplicatePercent": 0},
        "spec.training.activeDeadlineSeconds": 30,
        "spec.training.backoffLimit": 0,
        "spec.serving.autoscaling": {"minReplicas": 1, "maxReplicas": 1, "targetCPUUtilizationPercent": 1},
    },
    "the largest numbers": {
        "spec.data.rows": 100_000_000,
        "spec.data.testPercent": 90,
        "spec.training.activeDeadlineSeconds": 604_800,
        "spec.training.backoffLimit": 10,
        "spec.training.parameters": {"ngramMax": 3, "maxFeatures": 5_000_000, "seed": 2_147_483_647},
        "spec.serving.autoscaling": {"minReplicas": 1000, "maxReplicas": 1000, "targetCPUUtilizationPercent": 100},
    },
    "a decimal below one": {"spec.training.parameters.regularizationC": "0.000001"},
    "requests equal to limits in another unit": {
        "spec.serving.resources": {
            "requests": {"cpu": "1000m", "memory": "1Gi"},
            "limits": {"cpu": "1", "memory": "1024Mi"},
        }
    },
    "amounts as numbers": {
        "spec.training.resources": {
            "requests": {"cpu": 2, "memory": 2_147_483_648},
            "limits": {"cpu": 2, "memory": "2Gi"},
        }
    },
    "amounts with a fraction": {"spec.serving.resources.limits": {"cpu": "1.5", "memory": "1.5Gi"}},
    "amounts in large units": {
        "spec.training.resources": {"requests": {"memory": "129e6"}, "limits": {"memory": "1Ti"}}
    },
    "a limit without a request": {"spec.training.resources": {"limits": {"memory": "4Gi"}}},
    "a column with blanks in another script": {"spec.data.textColumn": "評論 текст"},
    "a node port that the cluster chooses": {"spec.serving.serviceType": "NodePort"},
    "ten gates": {"spec.gates": [{**GATE, "name": f"gate-{number}"} for number in range(10)]},
    "a gate on a metric of the training's own": {
        "spec.gates": [{**GATE, "metric": "duration_seconds", "operator": "LessOrEqual", "onFailure": "Warn"}]
    },
    "a comparison with and without a margin": {
        "spec.gates": [COMPARED, {**COMPARED, "name": "nearly", "maxDecrease": "0.005"}]
    },
    "a comparison on a slice": {"spec.gates": [{**COMPARED, "slice": {"maxWords": 20}}]},
    "slices by length and by column": gates(
        {"minWords": 1},
        {"maxWords": 1_000_000},
        {"minWords": 20, "maxWords": 20},
        {"column": "domain", "value": "books"},
        {"minWords": 5, "column": "评 论", "value": "книги"},
    ),
    "every compared metric": {
        "spec.gates": [{**COMPARED, "name": metric.lower(), "metric": metric} for metric in COMPARED_METRICS]
    },
    "approval by one": {"spec.promotion": {"approval": {"policy": "Manual"}}},
    "approval by ten others": {
        "spec.promotion": {
            "approval": {"policy": "Manual", "minApprovals": 10, "separationOfDuties": "Required"},
            "requestedBy": "system:serviceaccount:argocd:argocd-application-controller",
        }
    },
    "a person who asks where nobody is asked": {"spec.promotion": {"requestedBy": "https://id.example.com#Dana D."}},
    "a canary to one half": {
        "spec.rollout": {"strategy": "Canary", "steps": [{"weightPercent": 1}, {"weightPercent": 50}]}
    },
    "a canary behind a gateway to the whole": {
        "spec.rollout": {
            "strategy": "Canary",
            "router": "GatewayAPI",
            "gateway": {"name": "public", "namespace": "ingress", "hostname": "*.example.com"},
            "steps": [{"weightPercent": 100, "pauseSeconds": 604_800, "minRequests": 100_000_000}],
        }
    },
    "a canary in ten steps": {"spec.rollout": {"strategy": "Canary", "steps": [{"weightPercent": 5}] * 10}},
    "blue-green at once": {"spec.rollout": {"strategy": "BlueGreen"}},
    "blue-green with a step": {"spec.rollout": {"strategy": "BlueGreen", "steps": [{"pauseSeconds": 60}]}},
    "a shadow of everything": {"spec.rollout": {"strategy": "Shadow", "steps": [{"weightPercent": 100}]}},
    "the strictest limits": {
        "spec.rollout": {
            "strategy": "BlueGreen",
            "analysis": {"maxErrorPercent": 0, "maxP95Milliseconds": 1, "maxDisagreementPercent": 0, "minSamples": 1},
            "onFailure": "Hold",
            "progressDeadlineSeconds": 30,
            "revisionHistoryLimit": 2,
        }
    },
    "a rolling update by name, with its deadline": {
        "spec.rollout": {"strategy": "RollingUpdate", "steps": [], "analysis": {}, "progressDeadlineSeconds": 86_400}
    },
    "everything that may be absent": {
        "spec.rollout": {},
        "spec.gates": [],
        "spec.promotion": {},
        "spec.training": {},
        "spec.registry": {},
        "spec.serving": {},
        "spec.data.checks": {},
    },
}


@pytest.mark.parametrize("edits", GOOD.values(), ids=GOOD)
def test_a_good_model_is_accepted_and_the_operator_can_read_it(crds: ApiServer, edits: Edits) -> None:
    answer = try_to_create(crds, model(edits))
    assert answer.accepted, answer.message
    SentimentModelSpec.model_validate(answer.body["spec"])


def test_defaults_are_written_where_a_value_is_part_of_the_api(crds: ApiServer) -> None:
    spec = try_to_create(crds, model({"spec.serving.autoscaling": {}})).body["spec"]
    assert spec == {
        "version": "1",
        "suspend": False,
        "data": {
            "dvc": {"repoURL": "https://git.example.com/reviews.git", "revision": "v1", "path": "data/train.csv"},
            "textColumn": "review",
            "labelColumn": "sentiment",
            "testPercent": 20,
            "checks": {"minRows": 100, "maxEmptyPercent": 1, "minClassSharePercent": 10, "maxDuplicatePercent": 20},
        },
        "training": {"preset": "Default", "activeDeadlineSeconds": 1800, "backoffLimit": 2},
        "promotion": {"approval": {"policy": "None", "minApprovals": 1, "separationOfDuties": "None"}},
        "rollout": {
            "strategy": "RollingUpdate",
            "router": "Replicas",
            "analysis": {"minSamples": 100},
            "onFailure": "Rollback",
            "revisionHistoryLimit": 50,
        },
        "serving": {
            "serviceType": "ClusterIP",
            "autoscaling": {"minReplicas": 1, "maxReplicas": 5, "targetCPUUtilizationPercent": 70},
        },
    }


def test_a_gate_blocks_where_it_does_not_say_so(crds: ApiServer) -> None:
    spec = try_to_create(crds, model({"spec.gates": [GATE]})).body["spec"]
    assert spec["gates"] == [{**GATE, "onFailure": "Block"}]


APPROVALS: dict[str, Edits] = {
    "a yes without a note": {},
    "a no with a note of several lines": {
        "spec.decision": "Reject",
        "spec.note": "No:\n\t1. too early\n\t2. not for us 🥔\n",
    },
    "a note of 1024 characters": {"spec.note": "x" * 1024},
    "a service account": {"spec.approvedBy": "system:serviceaccount:reviews:nightly"},
}


@pytest.mark.parametrize("edits", APPROVALS.values(), ids=APPROVALS)
def test_an_approval_is_stored_exactly_as_it_was_given(crds: ApiServer, edits: Edits) -> None:
    written = approval(edits)
    answer = try_to_create(crds, written)
    assert answer.accepted, answer.message
    assert answer.body["spec"] == written["spec"]
    SentimentModelApprovalSpec.model_validate(answer.body["spec"])


def test_an_approval_has_no_status(crds: ApiServer, namespace: str) -> None:
    create(crds, namespace, approval())
    path = f"{collection(namespace, approval())}/imdb.1-ada"
    assert crds.request("GET", f"{path}/status").status == 404
    assert "status" not in crds.request("PATCH", path, {"status": {"counted": True}}).body


def test_the_preset_decides_about_parameters_so_none_is_written(crds: ApiServer) -> None:
    parameters = {"spec.training.parameters": {"ngramMax": 1}}
    training = try_to_create(crds, model(parameters)).body["spec"]["training"]
    assert training["parameters"] == {"ngramMax": 1}


def test_a_revision_is_stored_exactly_as_it_was_recorded(crds: ApiServer) -> None:
    answer = try_to_create(crds, revision())
    assert answer.accepted, answer.message
    assert answer.body["spec"] == revision()["spec"]


TRAINED = [one for one in MODEL_EXAMPLES if "data" in one.document["spec"]]


@pytest.mark.parametrize("file", TRAINED, ids=lambda file: file.name)
def test_the_revision_of_an_example_is_accepted_and_reads_back_equal(crds: ApiServer, file: Example) -> None:
    recipe = SentimentModelSpec.model_validate(example(file)["spec"]).own_recipe()
    spec = SentimentModelRevisionSpec.model_validate(revision()["spec"]).model_copy(
        update={"recipe": recipe, "recipe_hash": recipe.recipe_hash()}
    )
    dumped = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    answer = try_to_create(crds, revision({"spec": dumped}))
    assert answer.accepted, answer.message
    assert SentimentModelRevisionSpec.model_validate(answer.body["spec"]) == spec


def test_every_mutable_field_may_be_edited(crds: ApiServer, namespace: str) -> None:
    create(crds, namespace, model({"spec.registry.modelName": "film.reviews"}))
    edit = {"version": "2", "suspend": True, "data": {"dvc": {"revision": "v2"}}, "serving": {"replicas": 3}}
    path = f"{collection(namespace, model())}/imdb"
    answer = crds.request("PATCH", path, {"spec": edit})
    assert answer.accepted, answer.message


def test_status_may_be_written_to_a_revision_whose_spec_cannot_change(crds: ApiServer, namespace: str) -> None:
    create(crds, namespace, revision())
    serving = [{"version": "1", "since": "2026-01-02T03:04:05Z", "reason": "Trained"}]
    path = f"{collection(namespace, revision())}/imdb.1/status"
    answer = crds.request("PATCH", path, {"status": {"serving": serving}}, fieldValidation="Strict")
    assert answer.accepted, answer.message
    assert answer.body["status"]["serving"] == serving


def test_a_spec_edit_does_not_touch_status_and_a_status_edit_does_not_touch_spec(
    crds: ApiServer, namespace: str
) -> None:
    create(crds, namespace, model({"status": {"servingVersion": "forged"}}))
    path = f"{collection(namespace, model())}/imdb"
    assert "servingVersion" not in crds.request("GET", path).body.get("status", {})
    crds.request("PATCH", f"{path}/status", {"spec": {"version": "9"}, "status": {"servingVersion": "1"}})
    stored = crds.request("GET", path).body
    assert (stored["spec"]["version"], stored["status"]["servingVersion"]) == ("1", "1")
