"""What a search of parameters tries, who tries it with whom, and what it came to.

The plan is a function of the recipe alone: operator and trainer make the same one, so neither tells it to the other, and a
pod that is started anew tries what the one before it did. It knows neither how a trial is measured nor who runs it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from sentiment_contract.base import Wire
from sentiment_contract.parameters import EffectiveParameters, varied
from sentiment_contract.recipe import Recipe
from sentiment_contract.searching import Search, SearchStrategy
from sentiment_contract.training import TrainingFailed

SEARCH_FORMAT = 1
"""Raised when the same search of the same data would come to other figures; it is part of the search's fingerprint."""

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
"""Kubernetes tells each pod of an Indexed Job its number in it: which group of trials is its own."""

_OF_FEATURES = ("ngram_max", "min_document_frequency", "max_features", "min_word_length", "sublinear_tf")


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of parameters to try; numbers count from 1 in the order in which the values were written."""

    number: int
    parameters: EffectiveParameters

    def featurisation(self) -> tuple[object, ...]:
        """What its matrix follows from: trials of equal featurisation share one."""
        return tuple(getattr(self.parameters, name) for name in _OF_FEATURES)


def trials_of(recipe: Recipe) -> tuple[Trial, ...]:
    """Every trial of the recipe's search, none without one. Combinations that mean the same are tried once."""
    if recipe.search is None:
        return ()
    chosen = dict.fromkeys(_wire(recipe.parameters, values) for values in _combinations(recipe.search, recipe))
    return tuple(
        Trial(number, EffectiveParameters.model_validate_json(wire)) for number, wire in enumerate(chosen, start=1)
    )


def groups_of(trials: Iterable[Trial]) -> tuple[tuple[Trial, ...], ...]:
    """The trials that share a featurisation, together, in the order of their first ones: one group for each pod."""
    groups: dict[tuple[object, ...], list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.featurisation(), []).append(trial)
    return tuple(map(tuple, groups.values()))


def _wire(parameters: EffectiveParameters, values: dict[str, object]) -> str:
    return varied(parameters, values).model_dump_json(by_alias=True, exclude_none=True)


def _combinations(search: Search, recipe: Recipe) -> Iterator[dict[str, object]]:
    """The combinations to try, the last of the searched parameters changing quickest."""
    values = {
        name: tried for name in type(search.parameters).model_fields if (tried := getattr(search.parameters, name))
    }
    size = prod(map(len, values.values()))
    match search.strategy:
        case SearchStrategy.GRID:
            positions: Iterable[int] = range(size)
        case SearchStrategy.RANDOM:
            positions = _drawn(size, recipe.parameters.seed) if search.max_trials < size else range(size)
    return (_at(position, values) for position in islice(positions, search.max_trials))


def _at(position: int, values: dict[str, tuple[object, ...]]) -> dict[str, object]:
    """The combination at that place of the grid, without making those before it."""
    found: dict[str, object] = {}
    for name, tried in reversed(values.items()):
        position, chosen = divmod(position, len(tried))
        found[name] = tried[chosen]
    return found


def _drawn(size: int, seed: int) -> Iterator[int]:
    """Places of the grid in an order that follows from the seed, each once: the same in every release of Python."""
    seen: set[int] = set()
    draw = 0
    while len(seen) < size:
        digest = hashlib.sha256(f"{seed}:{draw}".encode()).digest()
        position = int.from_bytes(digest) % size
        draw += 1
        if position not in seen:
            seen.add(position)
            yield position


class BestTrial(Wire):
    """The trial that got most reviews right that it had not learnt from."""

    trial: int = Field(ge=1, description="Its number, counted from 1 in the order in which the values were written.")
    accuracy: str = Field(
        max_length=32, description="Share of the reviews to learn from that it got right in cross-validation."
    )
    parameters: EffectiveParameters = Field(description="What it was tried with.")


class SearchResult(Wire):
    """What a search, or one group of it, came to."""

    trials: int = Field(ge=0, description="How many sets of parameters were to be tried.")
    failed: int = Field(ge=0, description="How many of them could not be.")
    best: BestTrial | None = Field(default=None, description="The best of them. Absent: none ended well.")


class GroupSearched(Wire):
    """The answer of a pod that tried its group."""

    outcome: Literal["GroupSearched"] = "GroupSearched"
    result: SearchResult


SearchAnswer = TypeAdapter[GroupSearched | TrainingFailed](
    Annotated[GroupSearched | TrainingFailed, Field(discriminator="outcome")]
)
