"""The images as they were really built: who runs, what is inside, and what is not."""

import os
import re

import pytest

from images.base import base_reference
from images.build import Built, build
from images.catalogue import IMAGES, SERVER
from images.problem import Problem
from sentiment_artifact.native import build as scorer
from tests.e2e.images.archive import ImageArchive

pytestmark = pytest.mark.e2e

NOT_IN_THE_SERVER = (
    "sklearn",
    "scipy",
    "mlflow",
    "joblib",
    "cloudpickle",
    "skops",
    "dill",
    "pandas",
    "torch",
    "pip",
    "setuptools",
)
COMPILERS = re.compile(r"(^|/)(cc|gcc|g\+\+|c\+\+|clang|tcc|rustc|cargo|make|ld|as)(-[0-9.]+)?$")
MOST_ADDED_BYTES = 150 * 1000 * 1000


@pytest.fixture(scope="session")
def built() -> dict[str, Built]:
    """Every image by name, built from the present tree where it is not there yet."""
    if os.geteuid() != 0:
        pytest.skip("images are built with buildah, which needs root here")
    try:
        return {one.image.name: one for one in build(IMAGES)}
    except Problem as problem:
        pytest.skip(f"no tool to build images: {problem.what}")


@pytest.fixture(scope="session")
def archives(built: dict[str, Built]) -> dict[str, ImageArchive]:
    return {name: ImageArchive(one.archive) for name, one in built.items()}


NAMES = [image.name for image in IMAGES]


@pytest.mark.parametrize("name", [image.name for image in IMAGES if "artifact" in image.components])
def test_the_native_scorer_of_this_tree_is_inside(archives: dict[str, ImageArchive], name: str) -> None:
    assert f"opt/venv/lib/sentiment-native/{scorer.file_name()}" in archives[name].files


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_as_a_number_that_is_nobody(archives: dict[str, ImageArchive], name: str) -> None:
    assert archives[name].config["User"] == "65532:65532"
    assert "nonroot:x:65532:65532:nonroot:/tmp:/usr/sbin/nologin\n" in archives[name].read("etc/passwd")


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_and_where_it_comes_from(archives: dict[str, ImageArchive], name: str) -> None:
    labels = archives[name].config["Labels"]
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}title"] == f"sentiment-{name}"
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", labels[f"{prefix}version"])
    assert re.fullmatch(r"[0-9a-f]{40}(-modified)?|unknown", labels[f"{prefix}revision"])
    assert f"{prefix}source" in labels


@pytest.mark.parametrize("name", NAMES)
def test_it_holds_no_compiler(archives: dict[str, ImageArchive], name: str) -> None:
    programs = [
        path for path in archives[name].files if path.startswith(("usr/bin/", "usr/local/", "bin/", "opt/venv/bin/"))
    ]
    assert programs
    assert [path for path in programs if COMPILERS.search(path)] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_was_compiled_when_it_was_built(archives: dict[str, ImageArchive], name: str) -> None:
    """Importing what is not compiled costs seconds at every start, and the file system is read-only."""
    files = archives[name].files
    sources = [path for path in files if re.match(r"opt/app/sentiment_\w+/.*\.py$", path)]
    assert sources
    for source in sources:
        folder, _, module = source.rpartition("/")
        assert any(path.startswith(f"{folder}/__pycache__/{module.removesuffix('.py')}.cpython-") for path in files), (
            source
        )


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_building_machine_is_left_inside(archives: dict[str, ImageArchive], name: str) -> None:
    left = (
        "etc/pip.conf",
        "run/secrets/package-client",
        "run/secrets/apt.conf",
        "run/secrets/sources.list",
        "build",
        "var/cache/uv",
    )
    assert [path for path in left if path in archives[name].files] == []
    assert not [variable for variable in archives[name].config["Env"] if re.match(r"(?i)(PIP_|UV_|.*_PROXY)", variable)]


def test_the_server_holds_nothing_that_loads_a_pickle(archives: dict[str, ImageArchive]) -> None:
    folders = {path for path, entry in archives["server"].files.items() if entry.isdir()}
    for package in NOT_IN_THE_SERVER:
        assert not [
            folder
            for folder in folders
            if folder.endswith((f"site-packages/{package}", f"opt/app/{package}", f"dist-packages/{package}"))
        ]
    ours = [path for path in archives["server"].files if re.match(r"opt/app/sentiment_\w+/.*\.py$", path)]
    for path in ours:
        assert not re.search(
            r"^\s*(import|from) (_?pickle|shelve|marshal|dill|joblib)\b", archives["server"].read(path), re.MULTILINE
        ), path


def test_the_server_adds_little_to_its_base(archives: dict[str, ImageArchive], built: dict[str, Built]) -> None:
    assert built["server"].reference == SERVER.reference(base_reference())
    added = sum(entry.size for layer in archives["server"].layers[1:] for entry in layer.values())
    assert added <= MOST_ADDED_BYTES, f"{added / 1e6:.0f} MB"


def test_the_trainer_reads_repositories_that_others_own_and_reports_to_nobody(
    archives: dict[str, ImageArchive],
) -> None:
    trainer = archives["trainer"]
    assert "usr/bin/git" in trainer.files
    assert re.search(r"directory = \*", trainer.read("etc/gitconfig"))
    assert "analytics = false" in trainer.read("etc/xdg/dvc/config")
    assert {"MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true"} <= set(trainer.config["Env"])


@pytest.mark.parametrize(
    ("name", "program"),
    [("operator", "sentiment-operator"), ("server", "sentiment-server"), ("trainer", "sentiment-train")],
)
def test_it_starts_its_program_by_name(archives: dict[str, ImageArchive], name: str, program: str) -> None:
    assert archives[name].config["Entrypoint"] == [program]
    assert f"opt/app/bin/{program}" in archives[name].files
