"""What is left unread is what would not be kept if it were read."""

import itertools

import pytest

from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import APPROVAL, DEPLOYMENT, JOB, MODEL, POD, REVISION, SERVICE
from sentiment_operator.replicas.interest import Interest
from tests.unit.operator.test_foreign import HOSTILE, OTHER, OWN, a_line, typed

FAKE_STATUS = ',"status":{"observedGeneration":9,"replicas":1,"updatedReplicas":1}'


def of_one(*known: str) -> Interest:
    """Of a replica that has one namespace, and knows the Deployments of these others."""
    return Interest(lambda namespace: namespace != OWN, lambda _, namespace, __: namespace in known)


def a_deployment(generation: int, status: Manifest, namespace: str = OTHER, said: str = "") -> Manifest:
    body = typed(namespace)
    name, space, uid, version, *more = body["metadata"].items()
    metadata = dict([name, space, uid, version, ("generation", generation), *more])
    metadata["annotations"] = {"a": said, "status": FAKE_STATUS}
    return {**body, "metadata": metadata, **({"status": status} if status else {})}


def statuses() -> list[Manifest]:
    counts = itertools.product((None, 1, 2, 3), (None, 1, 2), (None, 1, 2))
    told = [dict(zip(("observedGeneration", "replicas", "updatedReplicas"), one, strict=True)) for one in counts]
    condition = [{"type": "Progressing", "status": "True", "message": FAKE_STATUS}]
    return [
        {name: value for name, value in one.items() if value is not None} | ({"conditions": condition} if one else {})
        for one in told
    ]


@pytest.mark.parametrize("said", ["", HOSTILE[2], FAKE_STATUS])
def test_of_deployments_those_are_read_that_are_kept(said: str) -> None:
    for generation, status in itertools.product((1, 2, 3), statuses()):
        body, interest = a_deployment(generation, status, said=said), of_one()
        assert interest.reads(DEPLOYMENT, a_line(body)) is interest.keeps(DEPLOYMENT, body), body
        assert interest.reads(DEPLOYMENT, a_line(body, "DELETED"))


def test_a_deployment_that_was_rolling_is_read_until_it_is_known_to_be_still() -> None:
    still = a_deployment(2, {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1})
    assert of_one(OTHER).reads(DEPLOYMENT, a_line(still))
    assert not of_one(OTHER).keeps(DEPLOYMENT, still)
    assert not of_one().reads(DEPLOYMENT, a_line(still))


def test_what_others_act_for_is_read_as_far_as_passes_read_it() -> None:
    own, other = a_line(typed(OWN)), a_line(typed(OTHER, OTHER))
    for kind in (MODEL, REVISION, JOB, POD, SERVICE, APPROVAL, DEPLOYMENT):
        assert of_one().reads(kind, own)
        assert of_one().reads(kind, other) is (kind in (MODEL, REVISION, JOB, DEPLOYMENT))
        assert of_one().keeps(kind, typed(OWN))
        assert of_one().keeps(kind, typed(OTHER)) is (kind in (MODEL, REVISION, JOB))
    assert of_one().reads(POD, a_line(typed(OWN, OTHER)))
    assert of_one().reads(POD, a_line({"metadata": {"resourceVersion": "7"}}, "BOOKMARK"))
    assert of_one().reads(POD, a_line({"kind": "Status", "code": 410}, "ERROR"))


def test_a_namespace_that_was_taken_over_is_read_from_then_on() -> None:
    elsewhere = {OTHER}
    interest = Interest(elsewhere.__contains__, lambda *_: False)
    assert not interest.reads(POD, a_line(typed(OTHER, OTHER)))
    elsewhere.clear()
    assert interest.reads(POD, a_line(typed(OTHER, OTHER)))
