"""Verdicts: a gate passes by proof alone, and what cannot be told is never passed."""

import pytest
from pydantic import ValidationError

from sentiment_contract.gates import (
    Comparator,
    Compared,
    ComparisonAnswer,
    Figures,
    Gate,
    Slice,
    Verdict,
    decisive,
    judge,
)
from sentiment_contract.training import FailureReason, TrainingFailed

AT_LEAST = Gate(name="g", metric="f1", threshold="0.88")
AT_MOST = Gate(name="g", metric="latencyMilliseconds", threshold="20", operator=Comparator.LESS_OR_EQUAL)
NO_WORSE = Gate(name="g", metric="f1", compare_with="Serving")
HARDLY_WORSE = NO_WORSE.model_copy(update={"max_decrease": "0.005"})


def _compared(value: str, baseline: str, low: str, **others: object) -> Figures:
    return Figures.model_validate(
        {"gate": "g", "value": value, "baselineValue": baseline, "low": low, "high": "0.1", "samples": 5000, **others}
    )


def _measured(value: str) -> Figures:
    return Figures(gate="g", value=value, samples=5000)


VERDICTS = {
    "above the threshold": (AT_LEAST, _measured("0.9"), Verdict.PASSED),
    "on the threshold": (AT_LEAST, _measured("0.88"), Verdict.PASSED),
    "below the threshold": (AT_LEAST, _measured("0.879999"), Verdict.FAILED),
    "below an upper bound": (AT_MOST, _measured("19.5"), Verdict.PASSED),
    "on an upper bound": (AT_MOST, _measured("20"), Verdict.PASSED),
    "above an upper bound": (AT_MOST, _measured("20.000001"), Verdict.FAILED),
    "no value": (AT_LEAST, _measured(""), Verdict.INCONCLUSIVE),
    "a value that is no number": (AT_LEAST, _measured("NaN"), Verdict.INCONCLUSIVE),
    "a value without end": (AT_LEAST, _measured("Infinity"), Verdict.INCONCLUSIVE),
    "a value that is a word": (AT_LEAST, _measured("high"), Verdict.INCONCLUSIVE),
    "a problem beside a good value": (
        AT_LEAST,
        Figures(gate="g", value="0.9", problem="the data are others"),
        Verdict.INCONCLUSIVE,
    ),
    "surely better": (NO_WORSE, _compared("0.9", "0.88", "0.01"), Verdict.PASSED),
    "just the same": (NO_WORSE, _compared("0.88", "0.88", "0"), Verdict.PASSED),
    "better, but not surely": (NO_WORSE, _compared("0.9", "0.88", "-0.000001"), Verdict.INCONCLUSIVE),
    "worse": (NO_WORSE, _compared("0.879999", "0.88", "-0.01"), Verdict.FAILED),
    "surely within the margin": (HARDLY_WORSE, _compared("0.879", "0.88", "-0.005"), Verdict.PASSED),
    "perhaps within the margin": (HARDLY_WORSE, _compared("0.879", "0.88", "-0.005001"), Verdict.INCONCLUSIVE),
    "measured on the margin": (HARDLY_WORSE, _compared("0.875", "0.88", "-0.009"), Verdict.INCONCLUSIVE),
    "measured below the margin": (HARDLY_WORSE, _compared("0.874999", "0.88", "-0.009"), Verdict.FAILED),
    "better on the new reviews, surely worse on the earlier ones": (
        HARDLY_WORSE,
        _compared("0.9", "0.1", "0.75", onEarlierReviews={"value": "0.1", "baselineValue": "0.9", "high": "-0.7"}),
        Verdict.FAILED,
    ),
    "perhaps worse on the earlier reviews": (
        HARDLY_WORSE,
        _compared("0.9", "0.8", "0.05", onEarlierReviews={"value": "0.8", "baselineValue": "0.85", "high": "-0.005"}),
        Verdict.PASSED,
    ),
    "earlier reviews without a bound": (
        HARDLY_WORSE,
        _compared("0.9", "0.8", "0.05", onEarlierReviews={"value": "0.8", "baselineValue": "0.85"}),
        Verdict.PASSED,
    ),
    "worse on both": (
        HARDLY_WORSE,
        _compared("0.5", "0.9", "-0.45", onEarlierReviews={"value": "0.4", "baselineValue": "0.9", "high": "-0.4"}),
        Verdict.FAILED,
    ),
    "no figure of the baseline": (NO_WORSE, _compared("0.9", "", "0.01"), Verdict.INCONCLUSIVE),
    "a baseline that is no number": (NO_WORSE, _compared("0.9", "NaN", "0.01"), Verdict.INCONCLUSIVE),
    "no bound": (NO_WORSE, _compared("0.9", "0.88", ""), Verdict.INCONCLUSIVE),
    "a bound that is no number": (NO_WORSE, _compared("0.9", "0.88", "NaN"), Verdict.INCONCLUSIVE),
    "a value that is no number beside a baseline": (NO_WORSE, _compared("NaN", "0.88", "0"), Verdict.INCONCLUSIVE),
    "a problem beside a good comparison": (
        NO_WORSE,
        _compared("0.9", "0.88", "0.01", problem="no"),
        Verdict.INCONCLUSIVE,
    ),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_the_verdict_on(case: str) -> None:
    gate, figures, verdict = VERDICTS[case]
    assert judge(gate, figures)[0] is verdict


def test_a_threshold_is_told_with_the_figure() -> None:
    assert judge(AT_LEAST, _measured("0.87"))[1] == "f1 is 0.87 and has to be at least 0.88"
    assert judge(AT_MOST, _measured("21"))[1] == "latencyMilliseconds is 21 and has to be at most 20"


def test_a_comparison_is_told_with_all_its_figures() -> None:
    gate = HARDLY_WORSE.model_copy(update={"slice": Slice(column="domain", value="hotel", min_words=10)})
    assert judge(gate, _compared("0.879", "0.88", "-0.0061"))[1] == (
        "f1 of reviews with 10 words or more, domain=hotel is 0.879, that of the serving version 0.88 on the same 5,000"
        " reviews; with 95 % confidence the difference is at least -0.0061, and it has to be at least -0.005: too few"
        " reviews to tell"
    )
    assert judge(NO_WORSE, _compared("0.9", "0.88", "0.01"))[1].endswith("it has to be at least 0")


def test_a_failure_on_earlier_reviews_is_told_with_their_figures() -> None:
    earlier = {"value": "0.1", "baselineValue": "0.95", "low": "-0.9", "high": "-0.8", "samples": 400}
    figures = _compared("0.95", "0.1", "0.8", onEarlierReviews=earlier)
    assert judge(NO_WORSE, figures)[1] == (
        "on the reviews that the serving version was judged by, f1 is 0.1, that of the serving version 0.95 on the same 400"
        " reviews; with 95 % confidence the difference is at least -0.9, and it has to be at least 0"
    )
    assert decisive(NO_WORSE, figures) == figures.on_earlier_reviews


def test_a_problem_is_told_as_it_is() -> None:
    assert judge(NO_WORSE, Figures(gate="g", problem="the data are others"))[1] == "the data are others"


SLICES = {
    "5 to 9 words": Slice(min_words=5, max_words=9),
    "5 words or more": Slice(min_words=5),
    "at most 9 words": Slice(max_words=9),
    "domain=hotel": Slice(column="domain", value="hotel"),
    "": Slice(),
}


@pytest.mark.parametrize("told", SLICES)
def test_a_slice_in_words(told: str) -> None:
    assert SLICES[told].told() == told


def test_only_what_needs_reviews_is_scored() -> None:
    assert not AT_LEAST.needs_scoring
    assert NO_WORSE.needs_scoring
    assert AT_LEAST.model_copy(update={"slice": Slice(max_words=9)}).needs_scoring


ANSWERS = (
    Compared(figures=(Figures(gate="g", value="0.9", samples=30),)),
    TrainingFailed(reason=FailureReason.REGISTRY_UNREACHABLE, message="MLflow is away. Next: wait."),
)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.outcome)
def test_an_answer_reads_back_as_it_was_written(answer: Compared | TrainingFailed) -> None:
    assert ComparisonAnswer.validate_json(answer.model_dump_json(by_alias=True)) == answer


def test_log_lines_are_no_answer() -> None:
    with pytest.raises(ValidationError):
        ComparisonAnswer.validate_json('{"message": "scoring"}')
