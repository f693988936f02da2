"""Which namespaces a line of a watch can be of: its own is always among those that are named, whatever people wrote into it."""

import json
from collections.abc import Callable

import pytest

from sentiment_operator.cluster.foreign import namespaces_in
from sentiment_operator.facts.observed import Manifest

OWN, OTHER = "own", "other"
HOSTILE = [
    "",
    OTHER,
    '"namespace":"other"',
    '","namespace":"other","x":"',
    '\\","namespace":"other","x":"',
    '\\\\","namespace":"other',
    '{"type":"ADDED","object":{"metadata":{"namespace":"other"}}}',
    '"namespace',
    '\n"namespace":"other"\n',
    "\u2028\u00e9\u65e5<&>",
]


def a_line(body: Manifest, event: str = "MODIFIED") -> bytes:
    """As the API server writes it: compact, and what may not stand in HTML as an escape."""
    text = json.dumps({"type": event, "object": body}, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode()


def typed(namespace: str = OWN, said: str = "") -> Manifest:
    """A Deployment: the fields of its metadata stand in the order of their numbers."""
    metadata: Manifest = {
        "name": "imdb",
        "namespace": namespace,
        "uid": "1",
        "resourceVersion": "2",
        "labels": {"namespace": said} if said.isalnum() else {},
        "annotations": {"a": said, "namespace": said},
        "managedFields": [{"fieldsV1": {"f:metadata": {"f:namespace": {}}}}],
    }
    return {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": metadata, "spec": {"replicas": 1}}


def of_a_definition(namespace: str = OWN, said: str = "") -> Manifest:
    """A model: all fields stand in the order of the alphabet, what people wrote before its namespace."""
    annotations = {'"namespace': said, "namespace": said, said: said}
    metadata = {"annotations": annotations, "labels": {"namespace": OTHER}, "name": "imdb", "namespace": namespace}
    source = {"modelRef": {"name": "imdb"}, "namespace": OTHER}
    return {"apiVersion": "v1", "kind": "X", "metadata": metadata, "spec": {"promotion": {"from": source}, said: said}}


@pytest.mark.parametrize("body", [typed, of_a_definition])
@pytest.mark.parametrize("said", HOSTILE)
@pytest.mark.parametrize("event", ["ADDED", "MODIFIED", "DELETED"])
def test_its_own_namespace_is_never_missing_among_those_that_are_certain(
    body: Callable[..., Manifest], said: str, event: str
) -> None:
    found = namespaces_in(a_line(body(said=said), event))
    assert not found or OWN in found


def test_where_nobody_tries_to_hide_it_the_namespace_is_certain() -> None:
    assert namespaces_in(a_line({"metadata": {"name": "imdb", "namespace": OWN}})) == {OWN}
    assert namespaces_in(a_line(of_a_definition(said="plain"))) == {OWN, OTHER, "plain"}
    escaped = '"namespace":"never"'
    assert namespaces_in(a_line({"metadata": {"annotations": {"a": escaped}, "namespace": OWN}})) == {OWN}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        a_line({"metadata": {"resourceVersion": "7", "creationTimestamp": None}}, "BOOKMARK"),
        a_line({"metadata": {"resourceVersion": "7", "namespace": OTHER}}, "BOOKMARK"),
        a_line({"kind": "Status", "code": 410, "message": '"namespace":"other"', "namespace": OTHER}, "ERROR"),
        a_line({"metadata": {"name": "of-no-namespace"}}),
        a_line({"metadata": {"name": "imdb", "namespace": OTHER}, "spec": {"namespace": {"a": 1}}}),
        a_line({"metadata": {"name": "imdb", "namespace": OTHER}, "spec": {"namespace": None}}),
        a_line({"metadata": {"annotations": {"of": "namespace"}, "name": "imdb", "namespace": OTHER}}),
        json.dumps({"type": "ADDED", "object": {"metadata": {"namespace": OTHER}}}).encode(),
        a_line({"metadata": {"namespace": OTHER}})[:40],
    ],
)
def test_what_is_not_certain_has_to_be_read(line: bytes) -> None:
    assert namespaces_in(line) == set()
