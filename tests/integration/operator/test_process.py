"""The process: who leads, how it ends, what it writes when there is nothing to do."""

import json
import time

from tests.integration.operator.conftest import Shop, Start
from tests.integration.operator.operator_process import LEASE, OperatorProcess
from tests.support.eventually import eventually

READY_MODELS = 'sentiment_operator_models{condition="Ready",status="True"}'
ROLLOUTS = 'sentiment_rollout_seconds_count{rollout="First"}'


def test_a_restart_with_healthy_models_writes_nothing(shop: Shop, start: Start) -> None:
    first = start("one").wait_until_it_leads()
    for number in range(5):
        shop.a_model(f"model-{number}", version="1", serving={"autoscaling": {"minReplicas": 2}})
    for number in range(5):
        shop.ready(f"model-{number}", "1")
    eventually("nothing happens any more", first.is_quiet)
    before = shop.versions_of_everything()
    assert first.values()[ROLLOUTS] == 5
    first.terminate()
    second = start("two").wait_until_it_leads()
    eventually("nothing happens any more", second.is_quiet)
    assert second.writes() == {}
    assert ROLLOUTS not in second.values(), "it told rollouts that the first one had told"
    assert shop.versions_of_everything() == before


def test_sigterm_ends_it_soon_with_success_and_gives_the_lease_back(shop: Shop, start: Start) -> None:
    process = start("one").wait_until_it_leads()
    code, seconds = process.terminate()
    assert code == 0
    assert seconds < 10
    assert shop.api.request("GET", LEASE.format(shop.namespace)).body["spec"]["holderIdentity"] == ""


def test_of_two_replicas_one_leads_and_the_other_takes_over_at_once(shop: Shop, start: Start) -> None:
    first = start("one").wait_until_it_leads()
    second = start("two")
    eventually("the second one answers", second.is_healthy)
    shop.a_model(version="1")
    shop.ready(version="1")
    assert second.writes() == {}
    told = [process.values().get(READY_MODELS, 0) for process in (first, second)]
    assert told == [1, 0], "a sum over the replicas counts a model twice"
    first.terminate()
    eventually("the second one leads", lambda: second.leads, 5)
    shop.patch("smod", "imdb", {"spec": {"version": "2"}})
    shop.ready(version="2")


def test_a_leader_that_was_frozen_and_replaced_ends_without_a_write(shop: Shop, start: Start) -> None:
    first = start("one").wait_until_it_leads()
    second = start("two")
    first.freeze()
    eventually("the second one leads", lambda: second.leads, 40)
    shop.a_model(version="1")
    shop.ready(version="1")
    eventually("nothing happens any more", second.is_quiet)
    before = shop.versions_of_everything()
    assert first.thaw() == 1
    assert shop.versions_of_everything() == before


PREFIX = "sentiment_operator_"


def test_its_metrics_tell_of_passes_queue_calls_models_and_who_leads(shop: Shop, start: Start) -> None:
    leader = start("one").wait_until_it_leads()
    shop.a_model(version="1")
    shop.a_model("suspended", version="1", suspend=True)
    shop.ready(version="1")
    shop.wait("suspended", "Ready", "False")
    eventually("nothing happens any more", leader.is_quiet)
    values = leader.values()
    assert leader.is_healthy()
    assert {name: values[PREFIX + name] for name in ("leader", "queue_depth", "queue_oldest_seconds")} == {
        "leader": 1,
        "queue_depth": 0,
        "queue_oldest_seconds": 0,
    }
    assert values[PREFIX + "trainings_running"] == 0
    assert values[f'{PREFIX}models{{condition="Ready",status="True"}}'] == 1
    assert values[f'{PREFIX}models{{condition="Ready",status="False"}}'] == 1
    assert values[f'{PREFIX}models{{condition="Accepted",status="True"}}'] == 2


def test_the_duration_of_every_pass_is_counted(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    eventually("nothing happens any more", operator.is_quiet)
    values, duration = operator.values(), PREFIX + "reconcile_duration_seconds"
    passes = values[duration + '_count{outcome="done"}']
    assert passes >= 1
    assert values[duration + '_bucket{le="+Inf",outcome="done"}'] == passes
    assert 0 < values[duration + '_sum{outcome="done"}'] < 10 * passes
    assert duration + '_count{outcome="error"}' not in values


def test_where_the_time_of_a_rollout_went_is_counted(shop: Shop, operator: OperatorProcess) -> None:
    began = time.time()
    shop.a_model(version="1")
    shop.ready(version="1")
    took = time.time() - began
    eventually("it is counted", lambda: operator.values().get(ROLLOUTS) == 1)
    total = operator.values()['sentiment_rollout_seconds_sum{rollout="First"}']
    # Whole seconds: both ends are rounded down. A training waits for two seconds without an edit.
    assert 1 <= total <= took + 1
    steps = {
        step["reached"]: seconds
        for step, seconds in operator.labelled("sentiment_rollout_step_seconds_sum")
        if step["rollout"] == "First"
    }
    assert sum(steps.values()) == total
    assert {"VersionFound", "DeploymentWritten", "PodCreated", "Answered", "Ready"} <= steps.keys()
    assert steps["VersionFound"] >= 1


def test_calls_are_counted_by_verb_and_resource(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    calls = {
        (call["verb"], call["resource"], call["code"]): count
        for call, count in operator.labelled(PREFIX + "api_calls_total")
    }
    assert calls["create", "jobs", "201"] == 1
    assert calls["create", "sentimentmodelrevisions", "201"] == 1
    assert calls["patch", "deployments", "201"] == 1
    assert calls["list", "sentimentmodels", "200"] >= 1
    assert any(resource == "leases" and verb in ("create", "update") for verb, resource, _ in calls)
    assert 1 <= calls["patch", "sentimentmodels/status", "200"] <= 20
    # The Lease alone is updated, and not before it has to be renewed.
    assert {verb for verb, _, _ in calls} - {"update"} == {"get", "list", "create", "patch"}


def test_a_follower_says_that_it_does_not_lead(start: Start) -> None:
    start("one").wait_until_it_leads()
    follower = start("two")
    eventually("it answers", follower.is_healthy)
    assert follower.values()[PREFIX + "leader"] == 0


def test_every_log_line_is_json_and_every_decision_that_changed_something_has_one(
    shop: Shop, operator: OperatorProcess
) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    lines = [json.loads(line) for line in operator.log.read_text().splitlines()]
    actions = {line.get("event.action") for line in lines}
    assert {"lease-acquired", "child-created", "training-started", "version-recorded"} <= actions
    assert [line for line in lines if line["log.level"] in ("warning", "error")] == []


def test_an_operator_killed_again_and_again_comes_to_the_same_end(shop: Shop, start: Start) -> None:
    shop.a_model(version="1")
    # One identity, as of a container that is started again in its pod: it need not wait for the end of its own Lease.
    for tenths in range(12, 32, 2):
        process = start("one")
        time.sleep(tenths / 10)
        process.kill()
    start("one").wait_until_it_leads()
    shop.ready(version="1")
    assert len(shop.names("job")) == 1
    assert len(shop.node.trained) == 1
    assert shop.names("smrev") == ["imdb.1"]


def test_it_ends_with_success_while_it_waits_for_the_lease(start: Start) -> None:
    start("one").wait_until_it_leads()
    second = start("two")
    eventually("it answers", second.is_healthy)
    code, seconds = second.terminate()
    assert (code, seconds < 10) == (0, True)
