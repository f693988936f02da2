"""A comparison uses only reviews that neither version was trained on, and says so where that cannot be told."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sentiment_contract.data import Data, DataChecks, VolumeSource
from sentiment_contract.gates import Contestant
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe
from sentiment_trainer.compare.rows import HeldOut, Sides, held_out, require_data_of
from sentiment_trainer.compare.unmeasurable import Unmeasurable
from sentiment_trainer.data.checks import check
from sentiment_trainer.data.files import FetchedFile, identify
from sentiment_trainer.data.read import read
from sentiment_trainer.data.reviews import key_of
from sentiment_trainer.data.split import SplitKind, sample, split
from sentiment_trainer.generate import generate

OTHER = "0" * 64


def _file(folder: Path, columns: Mapping[str, Sequence[str]]) -> FetchedFile:
    path = folder / "reviews.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return identify(path, "File reviews.csv")


def _columns(rows: int = 600) -> dict[str, Sequence[str]]:
    made_up = list(generate(rows, seed=9))
    return {"review": [one.review for one in made_up], "sentiment": [one.sentiment for one in made_up]}


@pytest.fixture
def hashed(tmp_path: Path) -> FetchedFile:
    return _file(tmp_path, _columns())


@pytest.fixture
def with_column(tmp_path: Path) -> FetchedFile:
    return _file(tmp_path, _columns() | {"split": ["test" if i % 3 == 0 else "train" for i in range(600)]})


def _contestant(file_hash: str, version: str = "1", seed: int = 42, **data: object) -> Contestant:
    reference = Data.model_validate(
        {"volume": VolumeSource(claim_name="c", path="p"), "checks": DataChecks(max_duplicate_percent=60), **data}
    )
    recipe = Recipe(data=reference, parameters=effective_parameters(Preset.FAST, Parameters(seed=seed)))
    return Contestant(
        version=version, registry_version="1", runID="r", artifact_digest="d", data_hash=file_hash, recipe=recipe
    )


def _learnt(file: FetchedFile, contestant: Contestant) -> set[bytes]:
    """What a training on this file learns from."""
    data = contestant.recipe.data
    reviews, _ = check(read(file, data.text_column, data.label_column), data, file.called)
    sampled = sample(reviews, data.rows, contestant.recipe.parameters.seed)
    return set(split(sampled, data.test_percent, file.called).train.keys)


def _shared(rows: HeldOut) -> set[bytes]:
    return {key_of(text) for text, shared in zip(rows.texts, rows.shared, strict=True) if shared}


@pytest.mark.parametrize(("ours", "theirs"), [(20, 20), (40, 10), (10, 40)])
@pytest.mark.parametrize(("our_rows", "their_rows"), [(None, None), (400, 200), (200, 400), (None, 300)])
def test_split_by_hash_no_shared_review_was_learnt_from(
    ours: int, theirs: int, our_rows: int | None, their_rows: int | None, hashed: FetchedFile
) -> None:
    candidate = _contestant(hashed.sha256, "2", testPercent=ours, rows=our_rows)
    baseline = _contestant(OTHER, seed=7, testPercent=theirs, rows=their_rows)
    rows = held_out(hashed, candidate, Sides(baseline, SplitKind.HASH), [])
    assert not {key_of(text) for text in rows.texts} & _learnt(hashed, candidate)
    assert not _shared(rows) & _learnt(hashed, baseline)
    lower = held_out(hashed, candidate.model_copy(update={"recipe": candidate.recipe.model_copy(
        update={"data": candidate.recipe.data.model_copy(update={"test_percent": min(ours, theirs)})})}), None, [])  # fmt: skip
    assert _shared(rows) == {key_of(text) for text in lower.texts}
    assert _shared(rows)


def test_alone_a_candidate_is_measured_on_all_its_held_out_reviews(hashed: FetchedFile) -> None:
    candidate = _contestant(hashed.sha256)
    rows = held_out(hashed, candidate, None, [])
    reviews, _ = check(read(hashed, "review", "sentiment"), candidate.recipe.data, "")
    assert list(rows.texts) == list(split(reviews, 20, "f").test.texts)


def test_a_split_column_serves_versions_of_the_same_file(with_column: FetchedFile) -> None:
    candidate, baseline = (_contestant(with_column.sha256, rows=rows) for rows in (300, 500))
    rows = held_out(with_column, candidate, Sides(baseline), [])
    assert rows.not_shared == ""
    assert rows.shared.all()
    assert not _shared(rows) & _learnt(with_column, baseline)


def test_texts_that_stand_on_both_sides_of_a_column_are_left_out(tmp_path: Path) -> None:
    columns = _columns(300)
    both = {name: [*cells, *cells[:40]] for name, cells in columns.items()}
    both["split"] = ["test" if i % 2 == 0 else "train" for i in range(300)] + ["train"] * 40
    file = _file(tmp_path, both)
    rows = held_out(file, _contestant(file.sha256), None, [])
    assert len(rows) == 150 - 20
    assert not {key_of(text) for text in rows.texts} & {key_of(text) for text in columns["review"][:40]}


def test_a_repeated_text_at_the_edge_of_a_sample_is_left_out_for_the_larger_sample_of_the_other(tmp_path: Path) -> None:
    columns = _columns(300)
    twice = {name: [cell for cell in cells for _ in (0, 1)] for name, cells in columns.items()}
    file = _file(tmp_path, twice | {"split": ["test", "train"] * 300})
    reviews, _ = check(read(file, "review", "sentiment"), _contestant(OTHER).recipe.data, "")
    # An odd sample takes the held-out copy of its last text alone.
    assert len(sample(reviews, 151, 42).keys) == 151
    assert len(held_out(file, _contestant(file.sha256, rows=151), None, [])) == 0


UNTELLABLE = {
    "an unrecorded split of another file": (OTHER, None, {}, "was not recorded"),
    "another file split by its column": (OTHER, SplitKind.COLUMN, {}, "the candidate by the hash of the text"),
}
UNTELLABLE_WITH_COLUMN = {
    "another file with its own column": (OTHER, SplitKind.COLUMN, {}, "they are different files"),
    "another file split by hash": (OTHER, SplitKind.HASH, {}, "it was split by the hash of the text"),
    "an unrecorded split of another file": (OTHER, None, {}, "was not recorded"),
    "another text column of the same file": ("", None, {"textColumn": "summary"}, "column 'summary'"),
}


def _require_untellable(file: FetchedFile, case: tuple[str, SplitKind | None, dict[str, object], str]) -> None:
    data_hash, kind, data, told = case
    baseline = _contestant(data_hash or file.sha256, "1", **data)
    rows = held_out(file, _contestant(file.sha256, "2"), Sides(baseline, kind), [])
    assert rows.not_shared.startswith("cannot tell which reviews the serving version 1 was not trained on: ")
    assert told in rows.not_shared
    assert not rows.shared.any()
    assert len(rows) > 100


@pytest.mark.parametrize("case", UNTELLABLE)
def test_by_hash_nothing_is_shared_with(case: str, hashed: FetchedFile) -> None:
    _require_untellable(hashed, UNTELLABLE[case])


@pytest.mark.parametrize("case", UNTELLABLE_WITH_COLUMN)
def test_by_column_nothing_is_shared_with(case: str, with_column: FetchedFile) -> None:
    _require_untellable(with_column, UNTELLABLE_WITH_COLUMN[case])


def test_the_same_file_needs_no_record_of_its_split(hashed: FetchedFile) -> None:
    rows = held_out(hashed, _contestant(hashed.sha256), Sides(_contestant(hashed.sha256), None), [])
    assert (rows.not_shared, rows.shared.all()) == ("", True)


def test_columns_and_words_belong_to_their_reviews(tmp_path: Path) -> None:
    columns = _columns()
    file = _file(tmp_path, columns | {"domain": [text[:5] for text in columns["review"]]})
    rows = held_out(file, _contestant(file.sha256, rows=300), None, ["domain", "absent"])
    assert list(rows.columns) == ["domain"]
    assert list(rows.columns["domain"]) == [text[:5] for text in rows.texts]
    assert rows.words.tolist() == [len(text.split()) for text in rows.texts]


def test_other_data_than_those_of_the_training_are_refused(hashed: FetchedFile) -> None:
    require_data_of(_contestant(hashed.sha256), hashed)
    for data_hash in (OTHER, ""):
        with pytest.raises(Unmeasurable, match=r"not those that version 7 was trained on: File reviews.csv has sha256"):
            require_data_of(_contestant(data_hash, "7"), hashed)
