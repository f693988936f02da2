"""What the operator writes for servers, and what they refuse to read."""

import pytest
from pydantic import ValidationError

from sentiment_contract.rollout import RolloutSetting

_ARTIFACT = {
    "version": "2",
    "digest": "a" * 64,
    "trackingURL": "http://mlflow:5000",
    "registeredModel": "reviews.imdb",
    "registryVersion": "7",
}


def test_the_candidate_alone_is_a_whole_setting() -> None:
    setting = RolloutSetting.model_validate({"candidate": _ARTIFACT})
    assert (setting.baseline, setting.mirror) == (None, None)
    assert RolloutSetting.model_validate_json(setting.model_dump_json(by_alias=True)) == setting


@pytest.mark.parametrize("url", ["http://imdb-candidate:8000", "http://imdb.reviews.svc", "http://10.0.0.1:1"])
def test_copies_go_to_an_address(url: str) -> None:
    setting = RolloutSetting.model_validate({"candidate": _ARTIFACT, "mirror": {"url": url, "percent": 1}})
    assert setting.mirror
    assert setting.mirror.url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://imdb", "imdb:8000", "http://", "http://imdb/", "http://imdb/v2", "http://imdb?a=b", "http://imdb#a",
        "http://imdb:0", "http://imdb:", "http://:80", "http://im db", "http://user@imdb", "file:///etc",
    ],
)  # fmt: skip
def test_copies_go_to_nothing_else(url: str) -> None:
    with pytest.raises(ValidationError, match=r"mirror\.url"):
        RolloutSetting.model_validate({"candidate": _ARTIFACT, "mirror": {"url": url, "percent": 1}})


@pytest.mark.parametrize("percent", [0, 101, -1, 0.5])
def test_a_share_is_a_whole_number_of_a_hundred(percent: float) -> None:
    with pytest.raises(ValidationError, match="percent"):
        RolloutSetting.model_validate({"candidate": _ARTIFACT, "mirror": {"url": "http://imdb", "percent": percent}})


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://mlflow", "mlflow:5000", "http://ml flow"])
def test_artifacts_come_over_http(url: str) -> None:
    with pytest.raises(ValidationError, match="trackingURL"):
        RolloutSetting.model_validate({"candidate": _ARTIFACT | {"trackingURL": url}})
