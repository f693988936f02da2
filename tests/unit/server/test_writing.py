"""A prediction is written as its pydantic shape writes it."""

from hypothesis import given
from hypothesis import strategies as st

from sentiment_artifact import Score
from sentiment_server.web import writing
from sentiment_server.web.schemas import Prediction, Predictions, Sentiment

_SCORES = st.builds(
    lambda positive, share: Score(positive, 1 - share if positive else share, share if positive else 1 - share, None),
    st.booleans(),
    st.floats(0.25, 1),
)
_VERSIONS = st.text(st.characters(exclude_categories=["Cs"]))


@given(_SCORES, _VERSIONS)
def test_one_is_written_as_its_shape_writes_it(score: Score, version: str) -> None:
    shape = Prediction(sentiment=score.sentiment, probability=score.probability, version=version)
    assert writing.prediction(score, version) == shape.model_dump_json().encode()


@given(st.lists(_SCORES, max_size=5), _VERSIONS)
def test_many_are_written_as_their_shape_writes_them(scores: list[Score], version: str) -> None:
    told = [Sentiment(sentiment=score.sentiment, probability=score.probability) for score in scores]
    assert (
        writing.predictions(scores, version)
        == Predictions(predictions=told, version=version).model_dump_json().encode()
    )
