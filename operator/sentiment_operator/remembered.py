"""What was made of a value once is not made again while it is the same value: one pass looks at an object many times.

For pure functions of one value that nobody changes. It goes by identity, so that nothing has to be compared or hashed,
and keeps so few that memory does not grow with the number of models.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")
V = TypeVar("V")

REMEMBERED = 128
"""A few for each of the passes that go on at a time."""


def remembered(make: Callable[[T], V]) -> Callable[[T], V]:
    """The function, asked once for each of the latest values. What raises is asked again."""
    made: OrderedDict[int, tuple[T, V]] = OrderedDict()

    @wraps(make)
    def ask(value: T) -> V:
        known = made.get(id(value))
        # The value is kept with what was made of it: another one cannot get its id meanwhile.
        if known is not None and known[0] is value:
            return known[1]
        found = make(value)
        made[id(value)] = value, found
        if len(made) > REMEMBERED:
            made.popitem(last=False)
        return found

    return ask
