"""What the server takes from its environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sentiment_server.settings import Settings

_REGISTRY = {
    "SENTIMENT_MODEL": "imdb",
    "SENTIMENT_VERSION": "2",
    "SENTIMENT_ARTIFACT_DIGEST": "a" * 64,
    "SENTIMENT_TRACKING_URL": "http://mlflow:5000/",
    "SENTIMENT_REGISTERED_MODEL": "team.imdb",
    "SENTIMENT_REGISTRY_VERSION": "7",
    "SENTIMENT_CACHE_DIRECTORY": "/cache",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in _REGISTRY.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_pod_says_where_its_model_is(environment) -> None:
    environment.setenv("SENTIMENT_LINEAGE", '{"gitCommit": "abc"}')
    settings = Settings()
    assert (settings.model, settings.version, settings.lineage) == ("imdb", "2", {"gitCommit": "abc"})
    assert settings.registry.tracking_url == "http://mlflow:5000"
    assert settings.registry.cache_directory == Path("/cache")


@pytest.mark.parametrize("name", [name for name in _REGISTRY if name not in ("SENTIMENT_MODEL", "SENTIMENT_VERSION")])
def test_what_is_missing_is_named(environment, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(ValidationError, match=name):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SENTIMENT_ARTIFACT_DIGEST", "A" * 64),
        ("SENTIMENT_ARTIFACT_DIGEST", "abc"),
        ("SENTIMENT_TRACKING_URL", "file:///etc/passwd"),
        ("SENTIMENT_TRACKING_URL", "ftp://mlflow"),
        ("SENTIMENT_VERSION", "two\r\nX-Evil: 1"),
        ("SENTIMENT_MODEL", ""),
        ("SENTIMENT_RECEIPT_SECONDS", "nan"),
        ("SENTIMENT_RECEIPT_SECONDS", "0"),
        ("SENTIMENT_BODY_LIMIT_BYTES", "-1"),
        ("SENTIMENT_CONNECTION_REQUESTS", "-1"),
        ("SENTIMENT_CONNECTION_SECONDS", "nan"),
        ("SENTIMENT_LINEAGE", '{"a": {"b": 1}}'),
        ("PORT", "eighty"),
    ],
)
def test_values_that_make_no_sense_are_refused(environment, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_the_own_port_variable_goes_before_that_of_the_platform(environment) -> None:
    environment.setenv("PORT", "1")
    environment.setenv("SENTIMENT_PORT", "2")
    assert Settings().port == 2
    environment.delenv("SENTIMENT_PORT")
    assert Settings().port == 1


@pytest.mark.parametrize("name", ["VERSION", "MODEL", "DIGEST", "LINEAGE", "HOST", "ARTIFACT"])
def test_variables_of_other_programs_are_left_alone(environment, name: str) -> None:
    expected = Settings()
    environment.setenv(name, "of-something-else")
    assert Settings() == expected


def test_a_flag_goes_before_the_environment(environment) -> None:
    environment.setenv("PORT", "1")
    assert Settings(port=3, digest="b" * 64).port == 3
    assert Settings(digest="b" * 64).digest == "b" * 64


def test_a_rollout_needs_a_place_for_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_ROLLOUT_FILE", "/etc/sentiment/rollout/rollout.json")
    with pytest.raises(ValidationError, match="SENTIMENT_CACHE_DIRECTORY"):
        Settings(artifact=Path("model.rpm1"))
    monkeypatch.setenv("SENTIMENT_CACHE_DIRECTORY", "/cache")
    assert Settings(artifact=Path("model.rpm1")).rollout_file == Path("/etc/sentiment/rollout/rollout.json")
