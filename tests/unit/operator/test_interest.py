"""What is left unread is what would not be kept if it were read."""

from sentiment_operator.kinds import APPROVAL, DEPLOYMENT, JOB, MODEL, POD, REVISION, SERVICE
from sentiment_operator.replicas.interest import Interest
from tests.unit.operator.test_foreign import OTHER, OWN, a_line, typed


def of_one() -> Interest:
    """Of a replica that has one namespace."""
    return Interest(lambda namespace: namespace != OWN, frozenset[int])


def test_what_others_act_for_is_read_as_far_as_passes_read_it() -> None:
    own, other = a_line(typed(OWN)), a_line(typed(OTHER, OTHER))
    for kind in (MODEL, REVISION, JOB, POD, SERVICE, APPROVAL, DEPLOYMENT):
        assert of_one().reads(kind, own)
        assert of_one().reads(kind, other) is (kind in (MODEL, REVISION, JOB, DEPLOYMENT))
        assert of_one().keeps(kind, typed(OWN))
        assert of_one().keeps(kind, typed(OTHER)) is (kind in (MODEL, REVISION, JOB, DEPLOYMENT))
    assert of_one().reads(POD, a_line(typed(OWN, OTHER)))
    assert of_one().reads(POD, a_line({"metadata": {"resourceVersion": "7"}}, "BOOKMARK"))
    assert of_one().reads(POD, a_line({"kind": "Status", "code": 410}, "ERROR"))


def test_a_namespace_that_was_taken_over_is_read_from_then_on() -> None:
    elsewhere = {OTHER}
    interest = Interest(elsewhere.__contains__, frozenset[int])
    assert not interest.reads(POD, a_line(typed(OTHER, OTHER)))
    elsewhere.clear()
    assert interest.reads(POD, a_line(typed(OTHER, OTHER)))
