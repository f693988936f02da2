"""The process: who leads, how it ends, what it writes when there is nothing to do."""

import json
import time

from tests.integration.api_server import eventually
from tests.integration.operator.conftest import Shop, Start
from tests.integration.operator.operator_process import LEASE, OperatorProcess


def test_a_restart_with_healthy_models_writes_nothing(shop: Shop, start: Start) -> None:
    first = start("one").wait_until_it_leads()
    for number in range(5):
        shop.a_model(f"model-{number}", version="1", serving={"autoscaling": {"minReplicas": 2}})
    for number in range(5):
        shop.ready(f"model-{number}", "1")
    eventually("nothing happens any more", first.is_quiet)
    before = shop.versions_of_everything()
    first.terminate()
    second = start("two").wait_until_it_leads()
    eventually("nothing happens any more", second.is_quiet)
    assert second.writes() == {}
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


def test_it_is_healthy_and_its_metrics_say_that_it_leads(shop: Shop, operator: OperatorProcess) -> None:
    shop.a_model(version="1")
    shop.ready(version="1")
    assert operator.is_healthy()
    metrics = operator.metrics()
    for line in (
        "sentiment_operator_leader 1.0",
        'sentiment_operator_models{condition="Ready",status="True"} 1.0',
        "sentiment_operator_trainings_running 0.0",
        'sentiment_operator_reconcile_duration_seconds_count{outcome="done"}',
    ):
        assert line in metrics


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
