"""When a live object already is what is desired."""

from typing import Any

import pytest

from sentiment_operator.difference import is_subset, quantity


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ({"a": 1}, {"a": 1, "added": "by others"}),
        ({"resources": {"requests": {"cpu": "1000m"}}}, {"resources": {"requests": {"cpu": "1"}}}),
        ({"resources": {"requests": {"cpu": "0.5"}}}, {"resources": {"requests": {"cpu": "500m"}}}),
        ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1024Mi"}}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}),
        ({"envFrom": []}, {}),
        ({"readOnly": False}, {"readOnly": False}),
        ({"metadata": {"labels": {"ours": "1"}}}, {"metadata": {"labels": {"ours": "1", "theirs": "2"}}}),
    ],
    ids=[
        "added fields",
        "thousandths of a core",
        "fractions of a core",
        "mebibytes",
        "another order",
        "an empty list is nothing",
        "equal",
        "foreign labels",
    ],
)
def test_this_is_no_difference(desired: dict[str, Any], live: dict[str, Any]) -> None:
    assert is_subset(desired, live)


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {}),
        ({"a": True}, {"a": 1}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": []}),
        ({"drop": ["ALL"]}, {"drop": ["ALL", "NET_RAW"]}),
        ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1Gi", "cpu": "1"}}),
        ({"matchLabels": {"a": "1"}}, {"matchLabels": {"a": "1", "b": "2"}}),
    ],
    ids=[
        "another value",
        "missing",
        "one is not true",
        "another value in a named list",
        "missing from a named list",
        "a longer plain list",
        "a limit that is no longer wanted",
        "a narrower selector",
    ],
)
def test_this_is_a_difference(desired: dict[str, Any], live: dict[str, Any]) -> None:
    assert not is_subset(desired, live)


def test_what_is_no_quantity_is_itself() -> None:
    assert quantity("a lot") == "a lot"
