"""The plan of a search: the same for whoever makes it, complete, bounded, and no trial in two groups."""

from math import prod
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from sentiment_contract.data import Data, VolumeSource
from sentiment_contract.parameters import Classifier, Parameters, Preset, effective_parameters, overridden
from sentiment_contract.recipe import Recipe
from sentiment_contract.search import groups_of, trials_of
from sentiment_contract.searching import Search, SearchStrategy
from sentiment_contract.training import EXIT_CODES, FailureReason, Fault, fault_of

VALUES: dict[str, some.SearchStrategy[Any]] = {
    "ngramMax": some.integers(1, 3),
    "minDocumentFrequency": some.integers(1, 20),
    "minWordLength": some.sampled_from([1, 2]),
    "sublinearTF": some.booleans(),
    "regularizationC": some.sampled_from(["0.1", "1", "1.0", "3", "10", "30", "030"]),
    "naiveBayesSmoothing": some.sampled_from(["0", "1", "3"]),
    "maxFeatures": some.integers(10, 5000),
}
PARAMETERS = some.fixed_dictionaries(
    {}, optional={name: some.lists(value, min_size=1, max_size=3, unique=True) for name, value in VALUES.items()}
)


def recipe(
    parameters: dict[str, Any], strategy: str = "Grid", most: int = 200, preset: Preset = Preset.DEFAULT, **more: Any
) -> Recipe:
    search = Search.model_validate({"strategy": strategy, "parameters": parameters, "maxTrials": most})
    written = Parameters.model_validate(more)
    data = Data(volume=VolumeSource(claim_name="reviews", path="reviews.csv"))
    return Recipe(data=data, parameters=effective_parameters(preset, written), search=search)


def test_a_grid_tries_every_combination_once_in_the_order_it_was_written() -> None:
    found = trials_of(recipe({"ngramMax": [2, 1], "regularizationC": ["1", "10", "3"]}))
    tried = [(trial.parameters.ngram_max, trial.parameters.regularization_c) for trial in found]
    assert tried == [(2, "1"), (2, "10"), (2, "3"), (1, "1"), (1, "10"), (1, "3")]
    assert [trial.number for trial in found] == [1, 2, 3, 4, 5, 6]


def test_what_is_not_searched_stays_as_it_is() -> None:
    wanted = recipe({"ngramMax": [1]}, preset=Preset.BEST, seed=7)
    [trial] = trials_of(wanted)
    assert trial.parameters == wanted.parameters.model_copy(update={"ngram_max": 1})


def test_one_number_written_twice_is_one_trial() -> None:
    assert len(trials_of(recipe({"regularizationC": ["3", "3.0", "03"]}))) == 1


def test_a_parameter_that_the_classifier_does_not_use_makes_no_trials() -> None:
    forest = recipe({"regularizationC": ["1", "2"], "trees": [10, 20]}, classifier=Classifier.RANDOM_FOREST)
    assert [trial.parameters.trees for trial in trials_of(forest)] == [10, 20]


@given(parameters=PARAMETERS)
def test_a_trial_is_what_a_training_with_its_values_would_be(parameters: dict[str, list[Any]]) -> None:
    for trial in trials_of(recipe(parameters)):
        wire = trial.parameters.model_dump(mode="json", by_alias=True, exclude_none=True)
        usual = {"minWordLength": 2, "naiveBayesSmoothing": "0"}
        overrides = Parameters.model_validate({name: wire.get(name, usual.get(name)) for name in parameters})
        assert effective_parameters(Preset.DEFAULT, overridden(Parameters(), overrides)) == trial.parameters


@given(parameters=PARAMETERS, strategy=some.sampled_from(SearchStrategy), most=some.integers(1, 40))
def test_groups_hold_each_trial_once_and_share_one_featurisation(
    parameters: dict[str, list[Any]], strategy: SearchStrategy, most: int
) -> None:
    trials = trials_of(recipe(parameters, strategy, most))
    groups = groups_of(trials)
    assert 1 <= len(trials) <= most
    assert sorted(trial.number for group in groups for trial in group) == list(range(1, len(trials) + 1))
    assert len({trial.parameters.model_dump_json() for trial in trials}) == len(trials)
    assert all(len({trial.featurisation() for trial in group}) == 1 for group in groups)
    assert len({group[0].featurisation() for group in groups}) == len(groups)


@given(parameters=PARAMETERS, most=some.integers(1, 40), seed=some.integers(0, 1000))
def test_what_is_drawn_stands_in_the_grid_and_follows_from_the_seed(
    parameters: dict[str, list[Any]], most: int, seed: int
) -> None:
    drawn = trials_of(recipe(parameters, "Random", most, seed=seed))
    assert drawn == trials_of(recipe(parameters, "Random", most, seed=seed))
    grid = trials_of(recipe(parameters, "Grid", 200, seed=seed))
    if prod(map(len, parameters.values())) <= 200:
        assert {trial.parameters.model_dump_json() for trial in drawn} <= {
            trial.parameters.model_dump_json() for trial in grid
        }


def test_as_many_are_drawn_as_were_asked_for() -> None:
    values = {"regularizationC": [str(number) for number in range(1, 61)]}
    assert len(trials_of(recipe(values, "Random", 59))) == 59


def test_another_seed_draws_others() -> None:
    values = {"regularizationC": [str(number) for number in range(1, 60)]}
    first, second = (trials_of(recipe(values, "Random", 8, seed=seed)) for seed in (1, 2))
    assert [trial.parameters.regularization_c for trial in first] != [
        trial.parameters.regularization_c for trial in second
    ]


def test_the_draw_is_pinned_so_that_a_search_is_found_again_after_an_upgrade() -> None:
    values = {"regularizationC": [str(number) for number in range(1, 65)], "ngramMax": [1, 2, 3]}
    found = trials_of(recipe(values, "Random", 4))
    tried = [(trial.parameters.ngram_max, trial.parameters.regularization_c) for trial in found]
    assert tried == [(3, "49"), (3, "33"), (1, "24"), (2, "18")]


def test_a_grid_of_millions_is_not_made_to_draw_a_few() -> None:
    values = {
        "minDocumentFrequency": list(range(1, 17)),
        "maxFeatures": list(range(10, 26)),
        "regularizationC": [str(number) for number in range(1, 65)],
        "naiveBayesSmoothing": [str(number) for number in range(16)],
    }
    assert len(trials_of(recipe(values, "Random", 200))) == 200
    assert len(trials_of(recipe(values, "Grid", 200))) == 200


def test_without_a_search_nothing_is_tried() -> None:
    assert trials_of(recipe({"ngramMax": [1]}).model_copy(update={"search": None})) == ()


# Which search it is


def test_a_search_is_part_of_the_recipe() -> None:
    wanted = recipe({"ngramMax": [1, 2]})
    without = wanted.model_copy(update={"search": None})
    assert wanted.recipe_hash() != without.recipe_hash()
    assert wanted.recipe_hash() != recipe({"ngramMax": [1, 3]}).recipe_hash()


def test_how_much_a_grid_may_hold_changes_nothing_and_how_much_is_drawn_does() -> None:
    values = {"ngramMax": [1, 2]}
    assert recipe(values, most=2).recipe_hash() == recipe(values, most=99).recipe_hash()
    assert recipe(values, "Random", 1).recipe_hash() != recipe(values, "Random", 2).recipe_hash()


def test_one_number_has_one_hash_however_it_is_written() -> None:
    assert recipe({"regularizationC": ["3"]}).recipe_hash() == recipe({"regularizationC": ["3.0"]}).recipe_hash()


def test_a_search_without_result_waits_for_a_person() -> None:
    assert fault_of(FailureReason.SEARCH_FAILED) is Fault.DATA
    assert EXIT_CODES[FailureReason.SEARCH_FAILED] == max(EXIT_CODES.values())


def test_a_list_without_values_says_nothing() -> None:
    assert recipe({"ngramMax": [1, 2], "trees": []}).recipe_hash() == recipe({"ngramMax": [1, 2]}).recipe_hash()
    assert trials_of(recipe({"ngramMax": [1, 2], "maxDepth": []})) == trials_of(recipe({"ngramMax": [1, 2]}))
