"""Comparisons as the operator orders them, against a real MLflow server with really trained versions."""

import csv
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from mlflow import MlflowClient

from sentiment_contract import names
from sentiment_contract.data import Data, DataChecks, DVCSource, VolumeSource
from sentiment_contract.gates import Compared, ComparisonOrder, Contestant, Figures, Gate, Verdict, decisive, judge
from sentiment_contract.training import FailureReason, TrainingOrder, TrainingSucceeded
from sentiment_trainer.compare.compare import compare
from sentiment_trainer.data.files import identify
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.generate import generate, write_csv
from sentiment_trainer.settings import Settings
from sentiment_trainer.train import train

NO_WORSE = Gate.model_validate({"name": "no-worse", "metric": "f1", "compareWith": "Serving"})
SHORT = Gate.model_validate({"name": "short", "metric": "accuracy", "slice": {"maxWords": 60}, "threshold": "0.7"})
HOTELS = Gate.model_validate(
    {"name": "hotels", "metric": "accuracy", "slice": {"column": "domain", "value": "hotel"}, "threshold": "0.7"}
)

Trained = tuple[TrainingOrder, TrainingSucceeded]


@dataclass(frozen=True)
class Desk:
    """A volume with files, and a registered model that versions are trained into."""

    settings: Settings
    order: Callable[..., TrainingOrder]
    url: str

    def train(self, label: str, path: str = "reviews.csv", **data: object) -> Trained:
        """A version of the file on the volume."""
        reference = Data.model_validate(
            {"volume": VolumeSource(claim_name="c", path=path), "checks": DataChecks(min_rows=50), **data}
        )
        order = self.order(reference, label=label, tracking_url=self.url)
        return order, train(order, self.settings)

    def compare(self, candidate: Trained, baseline: Trained | None, *gates: Gate) -> list[Figures]:
        """The figures of a comparison of both."""
        return list(compare(self.ordered(candidate, baseline, *gates), self.settings).figures)

    def ordered(self, candidate: Trained, baseline: Trained | None, *gates: Gate) -> ComparisonOrder:
        """The order for a comparison of both, as the operator gives it."""
        return ComparisonOrder(
            namespace="tests",
            model=candidate[0].model,
            registered_model=candidate[0].registered_model,
            trackingURL=self.url,
            candidate=contestant(candidate),
            baseline=baseline and contestant(baseline),
            gates=gates,
        )


def contestant(trained: Trained) -> Contestant:
    order, result = trained
    return Contestant(
        version=order.label,
        registry_version=result.registry_version,
        runID=result.run_id,
        artifact_digest=result.artifact_digest,
        data_hash=result.data_hash,
        git_commit=result.git_commit,
        recipe=order.recipe,
    )


@pytest.fixture
def desk(settings: Settings, make_order, mlflow_url: str) -> Desk:
    write_csv(settings.data_root / "reviews.csv", rows=1200, seed=7)
    return Desk(settings, make_order, mlflow_url)


@pytest.fixture
def client(mlflow_url: str) -> MlflowClient:
    return MlflowClient(mlflow_url, mlflow_url)


def _write(path: Path, *, rows: int = 800, flip: float = 0.0, **columns: Callable[[int], str]) -> None:
    """Made-up reviews with more columns; of the first `flip` the sentiment is turned round."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["review", "sentiment", *columns])
        for i, one in enumerate(generate(rows, seed=7)):
            turned = {"positive": "negative", "negative": "positive"}[one.sentiment]
            said = turned if i < flip * rows else one.sentiment
            writer.writerow([one.review, said, *(cell(i) for cell in columns.values())])


def test_the_same_model_twice_is_no_worse(desk: Desk) -> None:
    first = desk.train("1")
    twin = (first[0].model_copy(update={"label": "2"}), first[1])
    (figures,) = desk.compare(twin, first, NO_WORSE)
    assert (figures.value, figures.p_value) == (figures.baseline_value, "1")
    assert figures.samples > 200
    assert -0.02 < float(figures.low) < 0, "what was not seen in so few may be there all the same"
    assert judge(NO_WORSE.model_copy(update={"max_decrease": "0.02"}), figures)[0] is Verdict.PASSED


def test_a_model_that_saw_less_is_worse_and_one_that_saw_more_is_better(desk: Desk) -> None:
    write_csv(desk.settings.data_root / "reviews.csv", rows=2500, seed=7)
    few, many = desk.train("1", rows=200), desk.train("2")
    (worse,) = desk.compare(
        (few[0].model_copy(update={"recipe": many[0].recipe}), few[1]), many, NO_WORSE
    )  # on all held-out reviews, not on the few of its own sample
    (better,) = desk.compare(many, few, NO_WORSE)
    assert judge(NO_WORSE, worse)[0] is Verdict.FAILED
    assert judge(NO_WORSE, better)[0] is Verdict.PASSED
    assert float(worse.value) == float(better.baseline_value) < float(better.value)
    assert float(worse.high) < 0 < float(better.low)


def test_a_model_of_few_reviews_without_a_fault_is_refused_by_those_that_what_serves_was_judged_by(desk: Desk) -> None:
    write_csv(desk.settings.data_root / "reviews.csv", rows=2000, seed=1)
    lines = (desk.settings.data_root / "reviews.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (desk.settings.data_root / "few.csv").write_text("".join(lines[:201]), encoding="utf-8")
    gate = NO_WORSE.model_copy(update={"metric": "accuracy", "max_decrease": "0.03"})
    (figures,) = desk.compare(desk.train("few", "few.csv"), desk.train("1"), gate)
    verdict, told = judge(gate, figures)
    measured = decisive(gate, figures)
    assert verdict is Verdict.FAILED
    assert float(measured.low) < float(measured.value) - float(measured.baseline_value) < -0.03
    assert all(figure in told for figure in (measured.value, measured.baseline_value, measured.low, "95 % confidence"))


def test_turned_labels_fail(desk: Desk) -> None:
    good = desk.train("1")
    _write(desk.settings.data_root / "turned.csv", rows=1200, flip=0.45)
    turned = desk.train("2", "turned.csv")
    (figures,) = desk.compare(turned, good, NO_WORSE)
    assert judge(NO_WORSE, figures)[0] is Verdict.FAILED


def test_a_version_that_learnt_turned_labels_fails_by_the_reviews_that_what_serves_was_judged_by(desk: Desk) -> None:
    good = desk.train("1")
    _write(desk.settings.data_root / "turned.csv", rows=1200, flip=1.0)
    turned = desk.train("2", "turned.csv")
    (figures,) = desk.compare(turned, good, NO_WORSE)
    assert float(figures.low) > 0, "by its own reviews it is the better one"
    assert figures.on_earlier_reviews is not None
    assert float(figures.on_earlier_reviews.high) < 0
    verdict, why = judge(NO_WORSE, figures)
    assert verdict is Verdict.FAILED
    assert figures.on_earlier_reviews.value in why


def test_no_review_that_the_candidate_learnt_counts_among_the_earlier_ones(desk: Desk) -> None:
    forty = desk.train("1", testPercent=40)
    write_csv(desk.settings.data_root / "more.csv", rows=1300, seed=7)
    ten = desk.train("2", "more.csv", testPercent=10)
    (figures,) = desk.compare(ten, forty, NO_WORSE)
    assert figures.on_earlier_reviews is not None
    assert 30 <= figures.on_earlier_reviews.samples < int(forty[1].metrics["testRows"]) / 2


def test_reviews_of_one_file_are_not_scored_twice(desk: Desk) -> None:
    first, second = desk.train("1", rows=900), desk.train("2")
    (figures,) = desk.compare(second, first, NO_WORSE)
    assert figures.on_earlier_reviews is None


@pytest.mark.parametrize("harm", ["lost", "changed"])
def test_without_the_earlier_reviews_no_comparison_counts(
    harm: str, desk: Desk, client: MlflowClient, tmp_path: Path
) -> None:
    good = desk.train("1")
    _write(desk.settings.data_root / "turned.csv", rows=1200, flip=1.0)
    turned = desk.train("2", "turned.csv")
    baseline = contestant(good)
    if harm == "lost":
        other = client.create_run(client.get_run(good[1].run_id).info.experiment_id).info.run_id
        model = client.download_artifacts(good[1].run_id, f"model/{names.ARTIFACT_PATH}", str(tmp_path))
        client.log_artifact(other, model, "model/artifacts")
        baseline = baseline.model_copy(update={"run_id": other})
    else:
        kept = Path(client.download_artifacts(good[1].run_id, "held_out/reviews.parquet", str(tmp_path)))
        kept.write_bytes(kept.read_bytes() + b" ")
        client.log_artifact(good[1].run_id, str(kept), "held_out")
    order = desk.ordered(turned, good, NO_WORSE, SHORT).model_copy(update={"baseline": baseline})
    compared, alone = compare(order, desk.settings).figures
    assert "the reviews that version 1 was judged by" in compared.problem
    assert not alone.problem


def test_only_reviews_that_neither_holds_back_less_of_are_compared(desk: Desk) -> None:
    ten, forty = desk.train("1", testPercent=10), desk.train("2", testPercent=40)
    (of_forty, short) = desk.compare(forty, ten, NO_WORSE, SHORT)
    (of_ten,) = desk.compare(ten, forty, NO_WORSE)
    assert of_forty.samples == of_ten.samples == int(ten[1].metrics["testRows"])
    assert short.samples > of_forty.samples


def test_a_first_version_is_measured_alone(desk: Desk, client: MlflowClient) -> None:
    first = desk.train("1")
    alone, beside = desk.compare(first, None, SHORT, NO_WORSE)
    assert judge(SHORT, alone)[0] is Verdict.PASSED
    assert (alone.low, alone.high, alone.baseline_value) == ("", "", "")
    assert beside.problem == "nothing serves yet to compare with"
    assert {file.path for file in client.list_artifacts(first[1].run_id, "comparisons")} == {"comparisons/alone"}


def test_a_slice_by_column_is_read_from_the_data_of_the_candidate(desk: Desk) -> None:
    _write(desk.settings.data_root / "sites.csv", domain=lambda i: "hotel" if i % 2 else "film")
    found = desk.compare(desk.train("1", "sites.csv"), None, HOTELS)
    assert 60 < found[0].samples < 110
    (missing,) = desk.compare(desk.train("2", rows=800), None, HOTELS)
    assert missing.problem == "the data have no column 'domain' to slice by"


def test_versions_of_one_file_with_its_own_split_are_compared_and_of_two_are_not(
    desk: Desk, client: MlflowClient
) -> None:
    for name, rows in (("a", 800), ("b", 801)):
        _write(desk.settings.data_root / f"{name}.csv", rows=rows, split=lambda i: "test" if i % 5 < 2 else "train")
    first, second, other = desk.train("1", "a.csv"), desk.train("2", "a.csv", rows=600), desk.train("3", "b.csv")
    tags = client.get_model_version(first[0].registered_model, first[1].registry_version).tags
    assert tags[names.TAG_SPLIT] == "Column"
    (same,) = desk.compare(second, first, NO_WORSE)
    assert same.problem == ""
    (different,) = desk.compare(other, first, NO_WORSE)
    assert "version 1 was not trained on: both files bring their own column 'split'" in different.problem


def test_a_version_whose_split_was_not_recorded_is_compared_on_the_same_file_alone(
    desk: Desk, client: MlflowClient
) -> None:
    old, new = desk.train("1", rows=900), desk.train("2")
    write_csv(desk.settings.data_root / "more.csv", rows=1300, seed=7)
    newest = desk.train("3", "more.csv")
    (recorded,) = desk.compare(newest, old, NO_WORSE)
    client.delete_model_version_tag(old[0].registered_model, old[1].registry_version, names.TAG_SPLIT)
    (same_file,) = desk.compare(new, old, NO_WORSE)
    (other_file,) = desk.compare(newest, old, NO_WORSE)
    assert (recorded.problem, same_file.problem) == ("", "")
    assert "was not recorded" in other_file.problem


def test_a_version_that_is_gone_from_the_registry_has_no_recorded_split(desk: Desk, client: MlflowClient) -> None:
    old = desk.train("1", rows=900)
    write_csv(desk.settings.data_root / "more.csv", rows=1300, seed=7)
    newest = desk.train("2", "more.csv")
    client.delete_model_version(old[0].registered_model, old[1].registry_version)
    (figures,) = desk.compare(newest, old, NO_WORSE)
    assert "was not recorded" in figures.problem


def _all_say(figures: list[Figures], told: str) -> None:
    assert len(figures) == 2
    for one in figures:
        assert told in one.problem
        assert one == Figures(gate=one.gate, problem=one.problem)


def test_foreign_data_measure_nothing(desk: Desk, client: MlflowClient) -> None:
    first = desk.train("1", rows=900)
    write_csv(desk.settings.data_root / "reviews.csv", rows=1199, seed=7)
    _all_say(desk.compare(first, None, NO_WORSE, SHORT), "the data are not those that version 1 was trained on: File")
    page = client.download_artifacts(first[1].run_id, "comparisons/alone/report.md", str(desk.settings.scratch))
    assert "the data are not those that version 1 was trained on" in Path(page).read_text()


def test_foreign_data_behind_a_pinned_hash_measure_nothing(desk: Desk) -> None:
    file = desk.settings.data_root / "reviews.csv"
    pinned = VolumeSource(claim_name="c", path="reviews.csv", sha256=identify(file, "").sha256)
    first = desk.train("1", volume=pinned, rows=900)
    write_csv(file, rows=1199, seed=7)
    _all_say(desk.compare(first, None, NO_WORSE, SHORT), "not those that version 1 was trained on: File reviews.csv on")


@pytest.mark.parametrize("role", ["candidate", "baseline"])
def test_a_model_that_is_not_the_one_that_was_trained_measures_nothing(
    role: str, desk: Desk, client: MlflowClient, tmp_path: Path
) -> None:
    first, second = desk.train("1", rows=900), desk.train("2")
    version, other, damaged = (second, first, "2") if role == "candidate" else (first, second, "1")
    file = client.download_artifacts(other[1].run_id, "model/artifacts/model.rpm1", str(tmp_path))
    client.log_artifact(version[1].run_id, file, "model/artifacts")
    _all_say(desk.compare(second, first, NO_WORSE, SHORT), f"the compiled model of version {damaged} is damaged")


def test_a_model_that_mlflow_has_lost_measures_nothing(desk: Desk) -> None:
    first, second = desk.train("1", rows=900), desk.train("2")
    gone = (first[0], first[1].model_copy(update={"run_id": "0" * 32}))
    _all_say(desk.compare(second, gone, NO_WORSE, SHORT), f"no compiled model of version 1 in run {'0' * 32}")
    _all_say(desk.compare(gone, None, NO_WORSE, SHORT), "no compiled model of version 1")


def test_data_that_fail_their_checks_end_as_in_a_training(desk: Desk) -> None:
    order, result = desk.train("1", rows=900)
    strict = order.recipe.data.model_copy(update={"checks": DataChecks(min_rows=5000)})
    recipe = order.recipe.model_copy(update={"data": strict})
    with pytest.raises(TrainingError) as raised:
        desk.compare((order.model_copy(update={"recipe": recipe}), result), None, SHORT)
    assert raised.value.reason is FailureReason.DATA_TOO_FEW_ROWS


@pytest.mark.parametrize("call", ["list_artifacts", "get_model_version", "log_artifacts"])
def test_a_comparison_that_loses_mlflow_says_so(call: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desk.train("1", rows=900)

    def away(*_: object, **__: object) -> None:
        raise requests.ConnectionError("connection refused")

    monkeypatch.setattr(MlflowClient, call, away)
    with pytest.raises(TrainingError, match="connection refused") as raised:
        desk.compare(first, first, NO_WORSE)
    assert raised.value.reason is FailureReason.REGISTRY_UNREACHABLE


def test_an_absent_mlflow_is_named(desk: Desk) -> None:
    first = desk.train("1", rows=900)
    order = desk.ordered(first, None, SHORT).model_copy(update={"tracking_url": "http://robot:hidden@127.0.0.1:9"})
    with pytest.raises(
        TrainingError, match=r"MLflow at http://127.0.0.1:9 could not give the compiled model"
    ) as raised:
        compare(order, desk.settings)
    assert "hidden" not in raised.value.message


def test_a_download_that_breaks_is_no_lost_model(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desk.train("1", rows=900)
    monkeypatch.setattr(
        "mlflow.store.artifact.http_artifact_repo.HttpArtifactRepository._download_file",
        lambda *_: (_ for _ in ()).throw(requests.ConnectionError("broken off")),
    )
    with pytest.raises(TrainingError) as raised:
        desk.compare(first, None, SHORT)
    assert raised.value.reason is FailureReason.REGISTRY_UNREACHABLE


def test_the_report_stands_beside_the_finished_training(desk: Desk, client: MlflowClient, tmp_path: Path) -> None:
    first, second = desk.train("1", rows=900), desk.train("2")
    figures = desk.compare(second, first, NO_WORSE, SHORT)
    run_id = second[1].run_id
    assert {file.path for file in client.list_artifacts(run_id, "comparisons/1")} == {
        f"comparisons/1/{name}" for name in ("report.md", "figures.json", "difference.png", "confusion_matrices.png")
    }
    folder = Path(client.download_artifacts(run_id, "comparisons/1", str(tmp_path)))
    page, document = (folder / "report.md").read_text(), json.loads((folder / "figures.json").read_text())
    assert "| no-worse | " in page
    assert "![difference](difference.png)" in page
    assert judge(NO_WORSE, figures[0])[1].split(";")[0] in page
    assert (folder / "difference.png").read_bytes().startswith(b"\x89PNG")
    assert document["baseline"]["version"] == "1"
    assert [Figures.model_validate(one["figures"]) for one in document["gates"]] == figures
    assert client.get_run(run_id).info.status == "FINISHED"
    desk.compare(second, first, NO_WORSE)
    assert len(client.list_artifacts(run_id, "comparisons")) == 1


def test_a_moved_branch_is_compared_on_the_commit_that_was_trained(desk: Desk) -> None:
    repository = desk.settings.data_root / "git"
    repository.mkdir()
    identity = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def commit(rows: int) -> None:
        write_csv(repository / "small.csv", rows=rows, seed=7)
        for words in (["init", "--quiet", "--initial-branch=main"], ["add", "."], ["commit", "--quiet", "-m", "x"]):
            subprocess.run(["git", *words], cwd=repository, check=True, env=os.environ | identity)

    commit(800)
    source = DVCSource(repoURL="file:///data/git", revision="main", path="small.csv")
    first = desk.train("1", volume=None, dvc=source)
    commit(900)
    (figures,) = desk.compare(first, None, SHORT)
    assert figures.problem == ""
    unpinned = (first[0], first[1].model_copy(update={"git_commit": ""}))
    (figures,) = desk.compare(unpinned, None, SHORT)
    assert "the data are not those" in figures.problem


def test_nothing_is_left_in_the_scratch_folder(desk: Desk) -> None:
    first = desk.train("1", rows=900)
    assert isinstance(compare(desk.ordered(first, first, NO_WORSE), desk.settings), Compared)
    assert list(desk.settings.scratch.iterdir()) == []


# Where the data of the candidate are not to be had


def without_data(desk: Desk, candidate: Trained, baseline: Trained | None, *gates: Gate) -> list[Figures]:
    """The figures of a comparison in a place where nothing but MLflow is."""
    order = desk.ordered(candidate, baseline, *gates).model_copy(update={"on_kept_reviews": True})
    for file in desk.settings.data_root.glob("*.csv"):
        file.unlink()
    return list(compare(order, desk.settings).figures)


def test_without_the_data_the_kept_reviews_give_the_same_figures(desk: Desk) -> None:
    _write(desk.settings.data_root / "more.csv", rows=2000)
    first, second = desk.train("1"), desk.train("2", "more.csv")
    with_data = desk.compare(second, first, NO_WORSE, SHORT)
    assert [one.problem for one in with_data] == ["", ""]
    assert without_data(desk, second, first, NO_WORSE, SHORT) == with_data


def test_without_the_data_a_slice_by_column_cannot_be_measured(desk: Desk) -> None:
    (figures,) = without_data(desk, desk.train("1"), None, HOTELS)
    assert "the data have no column 'domain' to slice by" in figures.problem


def test_without_the_data_what_a_version_learnt_has_to_be_known(desk: Desk, client: MlflowClient) -> None:
    _write(desk.settings.data_root / "more.csv", rows=2000)
    first, second = desk.train("1"), desk.train("2", "more.csv")
    client.delete_model_version_tag(second[0].registered_model, second[1].registry_version, names.TAG_SPLIT)
    (figures,) = without_data(desk, second, first, NO_WORSE)
    assert "cannot tell which reviews version 2 was not trained on" in figures.problem


def test_a_version_of_another_registered_model_is_found_there(desk: Desk) -> None:
    first = desk.train("1")
    other = first[0].model_copy(update={"registered_model": "another.model"})
    there = (other, train(other, desk.settings))
    order = desk.ordered(first, there, NO_WORSE)
    assert order.baseline is not None
    baseline = order.baseline.model_copy(update={"registered_model": "another.model"})
    (figures,) = compare(order.model_copy(update={"baseline": baseline}), desk.settings).figures
    assert figures.value == figures.baseline_value != ""
