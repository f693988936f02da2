"""What a person sees through kubectl: the columns, the explanations and the short names."""

import subprocess

import pytest

from sentiment_operator.api.model import API_VERSION
from tests.integration.admission.documents import approval, collection, create, model, revision
from tests.support.api_server import ApiServer
from tests.support.eventually import eventually

LONG = "Why: nothing is wrong. Next: kubectl get smod imdb"


def kubectl(server: ApiServer, *arguments: str) -> str:
    """The output of a kubectl command; fails with what it complained about."""
    command = [server.kubectl, "--kubeconfig", str(server.kubeconfig), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
    return done.stdout


@pytest.fixture
def explained(crds: ApiServer) -> ApiServer:
    """The API server once it publishes the documentation of our kinds, a moment after they are served."""

    def is_published() -> bool:
        document = crds.request("GET", f"/openapi/v3/apis/{API_VERSION}")
        return document.accepted and "SentimentModelApproval" in str(document.body["components"])

    eventually("our kinds are in the OpenAPI document", is_published)
    return crds


EXPLANATIONS = {
    "smod": "A sentiment model from data to served predictions",
    "smod.spec.data.dvc.revision": "Git commit, tag or branch whose .dvc files name the data.",
    "smod.spec.training.parametersFrom": "read at the commit that is trained from",
    "smod.status.followed.commit": "The commit that it stood for.",
    "smod.spec.version": "A known label is served as recorded, an unknown one is trained.",
    "smod.spec.training.parameters.regularizationC": 'a decimal string such as "30" or "0.5"',
    "smod.spec.training.preset": "Fast trains in seconds, Default is the better model, Best the most accurate one",
    "smod.status.conditions.reason": "Why, in one word.",
    "smrev": "One trained version of a SentimentModel, complete and immutable.",
    "smod.spec.gates.maxDecrease": "so that noise is not called progress",
    "smod.spec.promotion.requestedBy": "has to be the user who writes it",
    "smap": "To answer otherwise, create another: the latest answer of a person counts.",
    "smap.spec.revisionDigest": "An answer to other bytes does not count.",
    "smap.spec.approvedBy": "nobody answers in another's name",
    "smrev.spec.recipe.parameters.ngramMax": "Longest word n-gram that becomes a feature.",
}


@pytest.mark.parametrize(("field", "text"), EXPLANATIONS.items(), ids=EXPLANATIONS)
def test_kubectl_explain_teaches(explained: ApiServer, field: str, text: str) -> None:
    printed = " ".join(kubectl(explained, "explain", field).split())
    assert text in printed


def test_kubectl_explain_shows_what_a_choice_offers(explained: ApiServer) -> None:
    printed = kubectl(explained, "explain", "smod.spec.training.preset").split()
    assert printed[printed.index("ENUM:") :][:4] == ["ENUM:", "Fast", "Default", "Best"]


@pytest.fixture
def seen(crds: ApiServer, namespace: str) -> str:
    """A namespace with one model that has a status, its revision and an approval."""
    create(crds, namespace, model())
    conditions = [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": LONG,
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-02T03:04:05Z",
        }
        for kind, status, reason in (
            ("Accepted", "True", "Valid"),
            ("Ready", "False", "RollingOut"),
            ("GatesPassed", "Unknown", "NotLookedAt"),
            ("Drifted", "False", "NoDrift"),
        )
    ]
    status = {
        "wantedVersion": "2",
        "servingVersion": "1",
        "gatesSummary": "1/3",
        "canaryPercent": 10,
        "url": "http://imdb.default.svc",
        "lineage": {"summary": "9f2c1e7 a1a1a1a1 0f0f0f0f b2b2b2b2"},
        "training": {"metrics": [{"name": "f1", "value": "0.9"}, {"name": "accuracy", "value": "0.9052"}]},
        "conditions": conditions,
    }
    path = f"{collection(namespace, model())}/imdb/status"
    answer = crds.request("PATCH", path, {"status": status}, fieldValidation="Strict")
    assert answer.accepted, answer.message
    for document in (revision(), approval({"spec.note": "Looked at it."})):
        answer = create(crds, namespace, document)
        assert answer.accepted, answer.message
    return namespace


def table(printed: str, *columns: str) -> dict[str, str]:
    """Column → value of the only row, cut at the positions of the headings."""
    heading, row = printed.splitlines()
    assert tuple(heading.split()) == columns
    starts = [heading.index(f" {column}") + 1 if place else 0 for place, column in enumerate(columns)]
    ends = [*starts[1:], len(row)]
    return {column: row[start:end].strip() for column, start, end in zip(columns, starts, ends, strict=True)}


def test_one_line_tells_how_a_model_is(crds: ApiServer, seen: str) -> None:
    row = table(
        kubectl(crds, "get", "smod", "-n", seen),
        *("NAME", "READY", "REASON", "WANTED", "SERVING", "CANARY%", "GATES", "DRIFT", "AGE"),
    )
    del row["AGE"]
    assert row == {
        "NAME": "imdb",
        "READY": "False",
        "REASON": "RollingOut",
        "WANTED": "2",
        "SERVING": "1",
        "CANARY%": "10",
        "GATES": "1/3",
        "DRIFT": "False",
    }


def test_the_wide_line_tells_what_is_served_and_why(crds: ApiServer, seen: str) -> None:
    row = table(
        kubectl(crds, "get", "smod", "-n", seen, "-o", "wide"),
        *("NAME", "READY", "REASON", "WANTED", "SERVING", "CANARY%", "GATES", "DRIFT", "AGE"),
        *("ACCURACY", "LINEAGE", "URL", "MESSAGE"),
    )
    assert row["ACCURACY"] == "0.9052"
    assert row["LINEAGE"] == "9f2c1e7 a1a1a1a1 0f0f0f0f b2b2b2b2"
    assert row["URL"] == "http://imdb.default.svc"
    assert row["MESSAGE"] == LONG


def test_one_line_tells_what_a_version_is(crds: ApiServer, seen: str) -> None:
    row = table(kubectl(crds, "get", "smrev", "-n", seen), "NAME", "MODEL", "VERSION", "ACCURACY", "RUN", "AGE")
    del row["AGE"]
    assert row == {"NAME": "imdb.1", "MODEL": "imdb", "VERSION": "1", "ACCURACY": "0.9052", "RUN": "0f" * 16}


def test_the_wide_line_of_a_version_shows_where_it_comes_from(crds: ApiServer, seen: str) -> None:
    row = table(
        kubectl(crds, "get", "smrev", "-n", seen, "-o", "wide"),
        *("NAME", "MODEL", "VERSION", "ACCURACY", "RUN", "AGE", "DATA", "COMMIT", "DIGEST"),
    )
    assert (row["DATA"], row["COMMIT"], row["DIGEST"]) == ("a1" * 32, "9f2c1e7d", "a1" * 32)


def test_one_line_tells_who_answered_what(crds: ApiServer, seen: str) -> None:
    columns = ("NAME", "MODEL", "VERSION", "DECISION", "BY", "AGE")
    row = table(kubectl(crds, "get", "smap", "-n", seen), *columns)
    del row["AGE"]
    assert list(row.values()) == ["imdb.1-ada", "imdb", "1", "Approve", "ada@example.com"]
    wide = table(kubectl(crds, "get", "smap", "-n", seen, "-o", "wide"), *columns, "NOTE", "DIGEST")
    assert (wide["NOTE"], wide["DIGEST"]) == ("Looked at it.", "a1" * 32)


def test_all_kinds_are_listed_together_under_their_category(crds: ApiServer, seen: str) -> None:
    listed = kubectl(crds, "get", "rotten", "-n", seen, "-o", "name").split()
    assert sorted(listed) == [
        "sentimentmodel.rottenpotatoes.com/imdb",
        "sentimentmodelapproval.rottenpotatoes.com/imdb.1-ada",
        "sentimentmodelrevision.rottenpotatoes.com/imdb.1",
    ]


def test_a_model_has_no_scale_because_the_autoscaler_acts_on_its_deployment(crds: ApiServer, seen: str) -> None:
    assert crds.request("GET", f"{collection(seen, model())}/imdb/scale").status == 404
