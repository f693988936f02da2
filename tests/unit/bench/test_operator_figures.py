"""The arithmetic of the benchmark of operators: what counts as a request, a write, an object, and a model that serves."""

import json
from collections import Counter
from typing import Any

import pytest

from bench.operator.figures import Beside, Cell, Edited, Latency, Made, Quiet, Restarted, latency, objects_made, samples
from bench.operator.peers import OURS, USUAL, ours, usual
from bench.operator.requests import AuditLog, Requests, counted
from bench.operator.table import lines


def _event(verb: str, resource: str, stage: str = "ResponseComplete", subresource: str = "") -> str:
    place = {"resource": resource} | ({"subresource": subresource} if subresource else {})
    return json.dumps({"verb": verb, "stage": stage, "objectRef": place})


def test_a_watch_counts_when_it_begins_and_leases_count_for_nothing() -> None:
    lines = [
        _event("watch", "pods", "ResponseStarted"),
        _event("watch", "pods"),
        _event("watch", "jobs", "ResponseStarted"),
        _event("get", "services"),
        _event("patch", "sentimentmodels", subresource="status"),
        _event("update", "leases"),
        json.dumps({"verb": "get", "stage": "ResponseComplete"}),
    ]
    requests = counted(lines)
    assert (requests.total, requests.writes) == (4, 1)
    assert requests.by_verb() == {"get": 1, "patch": 1, "watch": 2}
    assert requests.status_writes("sentimentmodels") == 1


def test_the_log_is_read_piece_by_piece_and_never_half_a_line(tmp_path: Any) -> None:
    log = tmp_path / "audit.log"
    audit = AuditLog(log)
    assert audit.since_last().total == 0
    whole, half = _event("get", "pods") + "\n", _event("create", "pods")
    log.write_text(whole + half)
    assert audit.since_last().by_verb() == {"get": 1}
    log.write_text(whole + half + "\n")
    assert (audit.untold(), audit.untold()) == (1, 1)
    assert audit.since_last().by_verb() == {"create": 1}
    assert audit.untold() == 0


def test_an_apply_makes_an_object_once_for_each_model() -> None:
    requests = Counter({("patch", "services"): 30, ("create", "revisions"): 20, ("create", "events"): 40})
    assert objects_made(requests, models=20, of_models="models") == 40
    read_then_written = Counter({("create", "services"): 20, ("patch", "services"): 5, ("patch", "models"): 60})
    assert objects_made(read_then_written, models=20, of_models="models") == 20


def test_the_99th_of_a_hundred_durations_is_told_beside_the_median_and_the_worst() -> None:
    found = latency([float(number) for number in range(1, 101)])
    assert (found.p50, found.p99, found.worst) == (50.0, 99.0, 100.0)


@pytest.mark.parametrize(("observed", "truth", "serves"), [(2, "True", "1"), (1, "True", ""), (2, "False", "")])
def test_a_model_of_ours_serves_when_it_says_so_of_what_is_wanted_now(observed: int, truth: str, serves: str) -> None:
    status = {"observedGeneration": observed, "servingVersion": "1", "conditions": [{"type": "Ready", "status": truth}]}
    assert ours(autoscaled=True).serving({"metadata": {"generation": 2}, "status": status}) == serves


def test_a_model_of_the_usual_operator_serves_when_its_status_says_so() -> None:
    peer = usual(autoscaled=False)
    assert peer.serving({"metadata": {}, "status": {"ready": True, "servingVersion": "2"}}) == "2"
    assert not peer.serving({"metadata": {}, "status": {"ready": False, "servingVersion": "2"}})
    assert not peer.serving({"metadata": {}})


def test_nothing_asked_is_nothing_counted() -> None:
    assert Requests().writes == 0


def _cell(operator: str, *, models: int = 10, seconds: float = 10.0, cpu: float = 1.0, writes: int = 100) -> Cell:
    quick = Latency(0.1, 0.2, 0.3)
    made = Made(seconds, quick, {}, {"create": writes}, 60, 40, writes, cpu, {"etcd": 1.0}, 0, 0, quick)
    quiet, restarted = Quiet(20.0, 0, 0.1, 90.0), Restarted(2.0, 1.0, 0, {})
    edited, beside = Edited(10, quick, quick, 1.0, {}), Beside(quick, 100, 0.5)
    return Cell(operator, models, False, False, 80.0, 100.0, made, quiet, edited, restarted, beside)


def _line(cells: list[Cell], name: str) -> str:
    return next(line for line in lines(cells, OURS) if line.startswith(name))


def test_a_goal_is_met_or_missed_by_how_many_times_ours_is_better() -> None:
    cheap = [_cell(OURS, cpu=1.0, writes=30), _cell(USUAL, cpu=6.0, writes=80)]
    assert "6.0  ≥ 5×: met" in _line(cheap, "operator CPU-ms/object")
    assert "2.7  ≥ 2×: met, ≤ 20: met" in _line(cheap, "writes/model")
    dear = [_cell(OURS, cpu=2.0, writes=250), _cell(USUAL, cpu=6.0)]
    assert "3.0  ≥ 5×: MISSED" in _line(dear, "operator CPU-ms/object")
    assert "≤ 20: MISSED" in _line(dear, "writes/model")
    assert "1.0  ≥ 1.5×: MISSED" in _line(dear, "models/s")


def test_a_goal_for_a_size_counts_at_that_size_alone_and_one_operator_makes_a_table_too() -> None:
    assert "met" in _line([_cell(OURS, models=1000)], "peak RSS")
    assert "met" not in _line([_cell(OURS, models=100)], "peak RSS")
    assert "–" in _line([_cell(OURS)], "models/s")


def test_figures_are_found_by_their_whole_name_with_any_labels() -> None:
    told = "\n".join(
        [
            "# TYPE passes_count counter",
            'passes_count{outcome="done"} 3.0',
            'passes_count{outcome="repeat"} 2.0',
            "passes_count_of_others 9.0",
            "depth 4.0",
        ]
    )
    assert [samples(told, name) for name in ("passes_count", "depth", "absent")] == [[3.0, 2.0], [4.0], []]
