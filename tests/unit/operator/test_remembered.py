"""What was made of a value is made once, and never taken for what another one comes to."""

from sentiment_operator.remembered import REMEMBERED, remembered


class Counting:
    """A function that knows how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, value: list[int]) -> int:
        self.asked += 1
        return sum(value)


def test_the_same_value_is_asked_about_once() -> None:
    count = Counting()
    total, value = remembered(count.__call__), [1, 2]
    assert (total(value), total(value), count.asked) == (3, 3, 1)


def test_an_equal_value_is_another_one() -> None:
    count = Counting()
    total = remembered(count.__call__)
    assert (total([1, 2]), total([1, 2]), count.asked) == (3, 3, 2)


def test_values_that_are_gone_are_not_taken_for_those_that_got_their_place_in_memory() -> None:
    total = remembered(Counting().__call__)
    assert [total([number]) for number in range(10 * REMEMBERED)] == list(range(10 * REMEMBERED))


def test_only_the_latest_are_kept() -> None:
    count = Counting()
    total, first = remembered(count.__call__), [1]
    total(first)
    for number in range(REMEMBERED):
        total([number])
    total(first)
    assert count.asked == REMEMBERED + 2
