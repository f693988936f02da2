"""What a Gateway says of a route, and which share follows from what answers."""

from dataclasses import replace
from typing import Any

import pytest

from sentiment_operator import kinds
from sentiment_operator.api.status import ConditionType
from sentiment_operator.deciding.decide import decide
from sentiment_operator.deciding.plan import Blocked, Steady
from sentiment_operator.deciding.view import View
from sentiment_operator.facts.observed import Child, ChildKind, Manifest, Model, Observed
from sentiment_operator.kinds import HTTP_ROUTE
from sentiment_operator.rollout import routing
from sentiment_operator.telling.verdicts import verdicts
from tests.support.builders import NOW, SETTINGS, deployment, model, observed, pod, probe, served
from tests.support.scenarios import scenario

DIVIDED = scenario("divided-by-a-gateway")
WITH_GATEWAY_API = SETTINGS.model_copy(update={"gateway_api": True})
OURS = {"namespace": "edge", "name": "public"}


def condition(kind: str, truth: str = "True", **more: Any) -> Manifest:
    return {"type": kind, "status": truth, "reason": kind, "message": "as it is", "observedGeneration": 1, **more}


def route(*parents: Manifest, ours: bool = True, generation: int = 1, backend: str = "imdb", **metadata: Any) -> Child:
    """The live HTTPRoute of the model, of which controllers say this."""
    rules = [{"backendRefs": [{"name": backend, "weight": 100}]}]
    head = {"name": "imdb", "generation": generation, **metadata}
    return Child({"metadata": head, "spec": {"rules": rules}, "status": {"parents": list(parents)}}, ours)


def parent(*conditions: Manifest, **reference: str) -> Manifest:
    return {"parentRef": {**OURS, **reference}, "controllerName": "example.com/gateway", "conditions": list(conditions)}


def seen(live: Child | None) -> Observed:
    return observed(children={ChildKind.ROUTE: live})


@pytest.mark.parametrize(
    ("live", "why"),
    [
        (route(parent(condition("Accepted"), condition("ResolvedRefs"))), ""),
        (route(parent(condition("Accepted"))), ""),
        (None, "is not there"),
        (route(parent(condition("Accepted")), ours=False), "is not there"),
        (route(), "does not exist, or no controller"),
        (route(parent(condition("Accepted"), name="another")), "does not exist, or no controller"),
        (route(parent(condition("Accepted"), namespace="reviews")), "does not exist, or no controller"),
        (route(parent()), "has not said"),
        (route(parent(condition("Accepted", "False", reason="NotAllowedByListeners"))), "NotAllowedByListeners"),
        (route(parent(condition("Accepted"), condition("ResolvedRefs", "False"))), "ResolvedRefs is False"),
        (route(parent(condition("Accepted", "False")), parent(condition("Accepted"))), ""),
    ],
    ids=[
        "taken", "no word on backends", "no route", "somebody else's", "no answer", "of another Gateway",
        "of one elsewhere", "half an answer", "refused", "no backend", "one of two controllers",
    ],
)  # fmt: skip
def test_a_gateway_takes_requests_only_where_its_controller_says_so(live: Child | None, why: str) -> None:
    told = routing.not_routed(DIVIDED, seen(live))
    assert bool(told) is bool(why)
    assert why in told
    assert "edge/public" in told or not told or live is None or not live.ours


def test_without_a_gateway_nothing_is_missing() -> None:
    assert routing.not_routed(model(), seen(None)) == ""


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (None, False),
        (route(parent(condition("Accepted"))), False),
        (route(parent(condition("Accepted")), backend="imdb-candidate"), True),
        (route(parent(condition("Accepted")), generation=2), True),
        (route(parent(condition("Accepted"), name="another"), generation=2), False),
        (route(generation=2), False),
        (route(parent({"type": "Accepted", "status": "True"}), generation=2), False),
    ],
    ids=["no route", "seen", "it is told to", "not seen yet", "another's", "no controller", "no generation"],
)
def test_a_gateway_may_lead_requests_to_a_candidate_until_it_has_seen_that_it_no_longer_should(
    live: Child | None, *, expected: bool
) -> None:
    assert routing.may_lead_to_candidate(DIVIDED, seen(live)) is expected


def serving(of: Model, live: Child | None, **facts: Any) -> Observed:
    """Version 1 serves with two pods."""
    return observed(
        served("1"),
        live=deployment("1", wanted=2),
        pods=(pod("1"), pod("1")),
        probe=probe("1"),
        pods_are_fresh=True,
        children={ChildKind.ROUTE: live},
        **facts,
    )


def test_what_serves_while_its_gateway_takes_nothing_is_ready_and_says_so() -> None:
    facts = serving(DIVIDED, route())
    plan = decide(DIVIDED, facts, WITH_GATEWAY_API, NOW)
    assert isinstance(plan.step, Steady)
    found = verdicts(View(DIVIDED, facts, plan))[ConditionType.ROLLED_OUT]
    assert found.status == "True"
    assert "no controller looks after it. Next: kubectl -n reviews describe httproute imdb" in found.message


def test_without_the_gateway_api_the_model_is_told_what_to_do() -> None:
    plan = decide(DIVIDED, serving(DIVIDED, None), SETTINGS, NOW)
    assert isinstance(plan.step, Blocked)
    assert (plan.step.step, plan.step.reason, plan.step.dead_end) == ("Accepted", "UnsupportedRouter", True)
    assert "Next: kubectl -n reviews patch smod imdb" in plan.step.message
    assert "--set gatewayAPI.enabled=true" in plan.step.message
    assert plan.target is not None
    assert plan.target.spec.version == "1"


def test_while_pods_of_another_version_are_left_over_the_service_is_kept_to_what_serves() -> None:
    facts = serving(DIVIDED, route(parent(condition("Accepted"))))
    left_over = replace(facts, pods=(*facts.pods, pod("2")))
    assert decide(DIVIDED, facts, WITH_GATEWAY_API, NOW).only_version == ""
    assert decide(DIVIDED, left_over, WITH_GATEWAY_API, NOW).only_version == "1"
    ending = replace(facts, pods=(*facts.pods, pod("2", deleting=True)))
    assert decide(DIVIDED, ending, WITH_GATEWAY_API, NOW).only_version == ""


def test_a_service_is_never_kept_to_a_version_that_has_no_pods() -> None:
    rolling = replace(
        serving(DIVIDED, route()),
        children={ChildKind.DEPLOYMENT: deployment("1", wanted=2, updatedReplicas=0)},
        pods=(pod("1"), pod("2")),
    )
    assert decide(DIVIDED, rolling, WITH_GATEWAY_API, NOW).only_version == ""


def test_routes_are_watched_and_called_only_where_the_settings_say_so() -> None:
    assert set(kinds.watched(gateway_api=True)) - set(kinds.watched(gateway_api=False)) == {HTTP_ROUTE}
    with_it, without = kinds.calls(gateway_api=True), kinds.calls(gateway_api=False)
    assert with_it.keys() - without.keys() == {(HTTP_ROUTE.group, HTTP_ROUTE.plural)}
