"""Who changes a child back as often as it is restored is told apart from a rollout, which writes a child often too."""

from typing import Any

import pytest

from sentiment_operator.cluster.contests import REST_SECONDS, RESTORED_TIMES, WITHIN_SECONDS, Contests
from sentiment_operator.facts.observed import Manifest, Refusal
from sentiment_operator.kinds import DEPLOYMENT, SERVICE
from sentiment_operator.names import FIELD_MANAGER
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def contests(clock: Clock) -> Contests:
    return Contests(clock)


def child(image: str, *managers: tuple[str, str]) -> Manifest:
    entries = [{"manager": manager, "time": f"2026-01-01T00:00:{second}Z"} for manager, second in managers]
    return {"metadata": {"name": "imdb", "managedFields": entries}, "spec": {"image": image}}


LIVE = child("theirs", ("kubectl", "01"), ("flux", "02"), (FIELD_MANAGER, "03"))


def note(contests: Contests, times: int = 1, uid: str = "u1", image: str = "ours", live: Any = LIVE) -> None:
    for _ in range(times):
        contests.note(uid, DEPLOYMENT, child(image), live)


def test_whoever_wrote_last_to_what_was_restored_again_and_again_is_named(contests: Contests) -> None:
    note(contests, RESTORED_TIMES - 1)
    contests.note("u1", SERVICE, child("ours"), LIVE)
    assert contests.of("u1") == ()
    note(contests)
    assert contests.of("u1") == (Refusal("Deployment", "imdb", "", rival="flux"),)
    assert contests.of("u2") == ()


def test_somebody_who_left_no_name_is_unknown(contests: Contests) -> None:
    note(contests, RESTORED_TIMES, live=child("theirs", (FIELD_MANAGER, "01")))
    assert [one.rival for one in contests.of("u1")] == ["unknown"]


def test_what_a_rollout_writes_is_another_thing_each_time(contests: Contests) -> None:
    for image in ("a", "b", "c", "a", "b", "c"):
        note(contests, image=image)
    assert contests.of("u1") == ()


def test_somebody_who_tries_one_thing_after_the_other_is_at_work(contests: Contests) -> None:
    for image in ("a", "b", "c", "a", "b", "c"):
        note(contests, live=child(image, ("kubectl-edit", "02")))
    assert contests.of("u1") == ()


def test_it_goes_on_for_as_long_as_it_is_restored_after_each_rest_and_ends_after_that(
    contests: Contests, clock: Clock
) -> None:
    note(contests, RESTORED_TIMES)
    for _ in range(10):
        clock.now += REST_SECONDS + 1
        note(contests)
        assert contests.of("u1")
    clock.now += WITHIN_SECONDS - 2 * (REST_SECONDS + 1)
    assert contests.of("u1")
    clock.now += 1
    assert contests.of("u1") == ()


def test_what_was_restored_now_and_then_is_no_contest(contests: Contests, clock: Clock) -> None:
    for _ in range(10):
        note(contests)
        clock.now += WITHIN_SECONDS / 2 + 1
        assert contests.of("u1") == ()


def test_models_that_are_gone_are_forgotten(contests: Contests, clock: Clock) -> None:
    for number in range(100):
        note(contests, uid=f"u{number}")
        clock.now += 1
    assert len(contests) == WITHIN_SECONDS + 1
