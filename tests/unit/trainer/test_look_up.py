"""What a branch holds, looked up in real git repositories, and every way in which it cannot be told."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sentiment_contract.look_up import LOOK_UP_VARIABLE, LookedUp, LookUpAnswer, LookUpOrder
from sentiment_contract.parameters import Parameters
from sentiment_contract.training import EXIT_CODES, FailureReason, TrainingFailed
from sentiment_trainer.__main__ import main
from sentiment_trainer.data.look_up import look_up
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.settings import DATA_ROOT_VARIABLE, SCRATCH_VARIABLE, TERMINATION_LOG_VARIABLE, Settings

POINTER = "outs:\n- md5: {md5}\n  size: 7\n  hash: md5\n  path: {path}\n"
FIRST, SECOND = "a" * 32, "b" * 32

Push = Callable[..., str]
LookUp = Callable[..., LookedUp]


@pytest.fixture
def push(settings: Settings) -> Push:
    """Commits files to `main` of a repository on the volume; gives the commit."""
    repository = settings.data_root / "reviews"
    repository.mkdir()
    who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*arguments: str) -> str:
        environment = os.environ | who | {"HOME": str(settings.scratch)}
        done = subprocess.run(
            ["git", *arguments], cwd=repository, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch=main", ".")

    def commit(files: dict[str, str]) -> str:
        for name, content in files.items():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_text(content)
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "--message", "a push")
        return git("rev-parse", "HEAD")

    return commit


def an_order(path: str = "data/train.csv", revision: str = "main", key: str | None = None) -> LookUpOrder:
    """`key`: read parameters as well, below this key; empty: the whole file."""
    source = {"repoURL": "file:///data/reviews", "revision": revision, "path": path, "volumeClaimName": "reviews"}
    document = {"namespace": "tests", "model": "imdb", "source": source}
    reference = {"path": "params.yaml", **({"key": key} if key else {})}
    return LookUpOrder.model_validate(document | ({"parametersFrom": reference} if key is not None else {}))


@pytest.fixture
def looked_up(settings: Settings) -> LookUp:
    return lambda *args, **kwargs: look_up(an_order(*args, **kwargs), settings)


def pointer(md5: str, path: str = "train.csv") -> str:
    return POINTER.format(md5=md5, path=path)


def test_a_branch_holds_the_commit_and_the_hash_that_its_pointer_names(push: Push, looked_up: LookUp) -> None:
    commit = push({"data/train.csv.dvc": pointer(FIRST)})
    assert looked_up() == LookedUp(commit=commit, content=f"md5:{FIRST}")


def test_an_unrelated_commit_holds_the_same_and_a_revert_what_was_before(push: Push, looked_up: LookUp) -> None:
    push({"data/train.csv.dvc": pointer(FIRST)})
    first = looked_up()
    unrelated = push({"README.md": "more"})
    assert looked_up() == LookedUp(commit=unrelated, content=first.content)
    push({"data/train.csv.dvc": pointer(SECOND)})
    assert looked_up().content == f"md5:{SECOND}"
    push({"data/train.csv.dvc": pointer(FIRST)})
    assert looked_up().content == first.content


def test_a_file_in_git_itself_is_named_by_its_bytes(push: Push, looked_up: LookUp) -> None:
    push({"train.csv": "review,sentiment\n"})
    first = looked_up("train.csv").content
    push({"train.csv": "review,sentiment\ngood,positive\n"})
    assert looked_up("train.csv").content != first
    assert first.startswith("git:")


def test_a_file_in_a_tracked_folder_is_named_by_the_folder(push: Push, looked_up: LookUp) -> None:
    push({"data.dvc": pointer(f"{FIRST}.dir", "data")})
    assert looked_up().content == f"md5:{FIRST}.dir"


@pytest.mark.parametrize(("lock", "path"), [("dvc.lock", "data/train.csv"), ("data/dvc.lock", "train.csv")])
def test_what_a_pipeline_makes_is_named_by_its_lock(lock: str, path: str, push: Push, looked_up: LookUp) -> None:
    stages = {"clean": {"cmd": "x", "outs": [{"path": path, "md5": SECOND, "hash": "md5"}]}}
    push({lock: json.dumps({"schema": "2.0", "stages": stages})})
    assert looked_up().content == f"md5:{SECOND}"


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": "nothing here"},
        {"data/train.csv.dvc": "outs:\n- path: train.csv\n"},
        {"data/train.csv.dvc": "outs: [\n"},
        {"data/train.csv.dvc": "just a text"},
        {"dvc.lock": "stages:\n  clean:\n    outs:\n    - path: other.csv\n      md5: abc\n"},
    ],
    ids=["no pointer", "no hash yet", "no YAML", "no mapping", "another output"],
)
def test_a_file_that_nobody_tracks_is_not_found(files: dict[str, str], push: Push, looked_up: LookUp) -> None:
    push(files)
    with pytest.raises(TrainingError) as raised:
        looked_up()
    assert raised.value.reason is FailureReason.DATA_NOT_FOUND
    assert "data/train.csv" in raised.value.message
    assert "Next:" in raised.value.message


def test_a_branch_that_is_not_there_is_said_to_be(push: Push, looked_up: LookUp) -> None:
    push({"data/train.csv.dvc": pointer(FIRST)})
    with pytest.raises(TrainingError) as raised:
        looked_up(revision="gone")
    assert raised.value.reason is FailureReason.REVISION_NOT_FOUND
    assert "main" in raised.value.message


def test_a_path_that_leads_out_of_the_repository_is_refused(push: Push, settings: Settings, looked_up: LookUp) -> None:
    push({"data/train.csv.dvc": pointer(FIRST)})
    (settings.data_root / "secret").write_text("secret")
    (settings.data_root / "reviews" / "way-out").symlink_to("../../../..")
    push({})
    with pytest.raises(TrainingError) as raised:
        looked_up("way-out/etc/hostname")
    assert raised.value.reason is FailureReason.DATA_NOT_FOUND


TRACKED = {"data/train.csv.dvc": pointer(FIRST)}


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("train:\n  ngramMax: 2\n  seed: 7\n", "train", Parameters(ngram_max=2, seed=7)),
        ("model:\n  train:\n    regularizationC: 30\n", "model.train", Parameters(regularizationC="30")),
        (
            "regularizationC: 0.5\nclassifier: LogisticRegression\n",
            "",
            Parameters(regularizationC="0.5", classifier="LogisticRegression"),
        ),  # pyright: ignore[reportArgumentType]
        ("train: {ngram_max: 3, sublinear_tf: false}", "train", Parameters(ngram_max=3, sublinearTF=False)),
        ('{"train": {"maxFeatures": 1000}}', "train", Parameters(max_features=1000)),
        ("train: {}\n", "train", Parameters()),
    ],
    ids=["a section", "a deeper section", "the whole file", "other spelling", "JSON", "nothing set"],
)
def test_parameters_are_read_at_the_commit(
    text: str, key: str, expected: Parameters, push: Push, looked_up: LookUp
) -> None:
    push(TRACKED | {"params.yaml": text})
    assert looked_up(key=key).parameters == expected


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("train:\n  learningRate: 1\n", "train", "learningRate: is no parameter"),
        ("train:\n  ngramMax: 9\n", "train", "ngramMax"),
        ("train:\n  ngramMax: two\n", "train", "ngramMax"),
        ("train:\n  regularizationC: .nan\n", "train", "regularizationC"),
        ("other: {}\n", "train", "no key 'train'"),
        ("train: 5\n", "train", "no names with values"),
        ("- a\n- b\n", "", "no names with values"),
        ("train: [\n", "train", "no YAML"),
        ("train: !!python/object/apply:os.system [ls]\n", "train", "no YAML"),
        (None, "train", "does not exist"),
    ],
    ids=[
        "unknown name",
        "out of bounds",
        "no number",
        "not a number",
        "no such key",
        "no mapping",
        "a list",
        "no YAML",
        "a YAML tag that runs programs",
        "no file",
    ],
)
def test_parameters_that_cannot_be_are_refused_with_what_is_wrong(
    text: str | None, key: str, told: str, push: Push, looked_up: LookUp
) -> None:
    commit = push(TRACKED | ({"params.yaml": text} if text is not None else {}))
    with pytest.raises(TrainingError) as raised:
        looked_up(key=key)
    assert raised.value.reason is FailureReason.PARAMETERS_INVALID
    assert told in raised.value.message
    assert f"params.yaml at commit {commit[:12]}" in raised.value.message
    assert "Next:" in raised.value.message


@pytest.fixture
def as_in_a_pod(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment that the operator gives, but for the order; gives the termination message's place."""
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(settings.data_root))
    monkeypatch.setenv(SCRATCH_VARIABLE, str(settings.scratch))
    monkeypatch.setenv(TERMINATION_LOG_VARIABLE, str(settings.termination_log))
    return settings.termination_log


def test_the_program_answers_by_termination_message(
    push: Push, as_in_a_pod: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = push(TRACKED)
    monkeypatch.setenv(LOOK_UP_VARIABLE, an_order().model_dump_json(by_alias=True))
    assert main(["look-up"]) == 0
    answer = LookUpAnswer.validate_json(as_in_a_pod.read_text())
    assert answer == LookedUp(commit=commit, content=f"md5:{FIRST}")


@pytest.mark.parametrize("order", [None, "{}", "no JSON"], ids=["none", "empty", "broken"])
def test_an_order_that_makes_no_sense_is_said_to(
    order: str | None, as_in_a_pod: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LOOK_UP_VARIABLE, raising=False)
    if order is not None:
        monkeypatch.setenv(LOOK_UP_VARIABLE, order)
    assert main(["look-up"]) == EXIT_CODES[FailureReason.INVALID_ORDER]
    answer = LookUpAnswer.validate_json(as_in_a_pod.read_text())
    assert isinstance(answer, TrainingFailed)
    assert answer.reason is FailureReason.INVALID_ORDER
