"""What is held out stays held out, equal texts never stand on both sides, and larger samples hold the smaller ones."""

from collections.abc import Sequence

import pytest

from sentiment_trainer.data.reviews import Reviews, key_of
from sentiment_trainer.data.split import sample, split
from sentiment_trainer.generate import generate


def _reviews(rows: int, held_out: Sequence[bool] | None = None) -> Reviews:
    made_up = list(generate(rows, seed=5))
    return Reviews(
        [one.review for one in made_up],
        [one.sentiment == "positive" for one in made_up],
        [key_of(one.review) for one in made_up],
        held_out,
    )


@pytest.mark.parametrize("percent", [1, 20, 50, 90])
def test_the_held_out_share_is_what_was_asked_for(percent: int) -> None:
    sides = split(_reviews(3000), percent, "The file")
    assert len(sides.test) / 3000 == pytest.approx(percent / 100, abs=0.03)
    assert len(sides.train) + len(sides.test) == 3000


def test_what_is_held_out_stays_held_out_when_the_data_grows() -> None:
    small, large = (split(_reviews(rows), 20, "The file") for rows in (400, 2000))
    assert set(small.test.keys) <= set(large.test.keys)
    assert set(small.train.keys) <= set(large.train.keys)


def test_a_higher_percentage_holds_out_all_that_a_lower_one_does() -> None:
    low, high = (split(_reviews(1000), percent, "The file") for percent in (10, 30))
    assert set(low.test.keys) <= set(high.test.keys)


def test_texts_that_differ_in_case_or_spacing_never_stand_on_both_sides() -> None:
    texts = [text for one in generate(300, seed=5) for text in (one.review, f"  {one.review.upper()}\n")]
    reviews = Reviews(texts, [i % 4 < 2 for i in range(600)], [key_of(text) for text in texts], None)
    assert split(reviews, 20, "The file").texts_on_both_sides == 0


def test_composed_and_decomposed_letters_are_one_text() -> None:
    assert key_of("Ame\u0301lie") == key_of("am\u00e9lie")


@pytest.mark.parametrize(("few", "many"), [(2, 3), (50, 400), (399, 400)])
def test_a_larger_sample_holds_the_smaller_one(few: int, many: int) -> None:
    reviews = _reviews(500)
    smaller, larger = sample(reviews, few, seed=1), sample(reviews, many, seed=1)
    assert (len(smaller), len(larger)) == (few, many)
    assert set(smaller.keys) <= set(larger.keys)


def test_a_sample_of_grown_data_keeps_what_still_ranks_among_the_first() -> None:
    small, large = sample(_reviews(300), 100, seed=1), sample(_reviews(900), 100, seed=1)
    from_the_old_rows = set(large.keys) & set(_reviews(300).keys)
    assert from_the_old_rows <= set(small.keys)


def test_another_seed_draws_another_sample() -> None:
    assert sample(_reviews(500), 100, seed=1).keys != sample(_reviews(500), 100, seed=2).keys


@pytest.mark.parametrize("rows", [None, 500, 501])
def test_a_sample_of_all_rows_changes_nothing(rows: int | None) -> None:
    reviews = _reviews(500)
    assert sample(reviews, rows, seed=1) is reviews


def test_a_sample_keeps_the_order_of_the_file() -> None:
    reviews = _reviews(500)
    chosen = sample(reviews, 100, seed=1)
    assert [reviews.keys.index(key) for key in chosen.keys] == sorted(reviews.keys.index(key) for key in chosen.keys)


def test_the_split_of_the_file_itself_is_obeyed() -> None:
    held_out = [i % 3 == 0 for i in range(300)]
    sides = split(_reviews(300, held_out), test_percent=1, called="The file")
    assert (len(sides.train), len(sides.test)) == (200, 100)
