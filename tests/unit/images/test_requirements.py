"""The locked requirements: hashed, without an address, and equal wherever a package occurs twice."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from images.catalogue import IMAGES, ROOT, Image

FOLDER = ROOT / "requirements"
LOCKS = sorted(FOLDER.glob("*.txt"))
NOT_ON_THE_SERVING_PATH = {
    "scikit-learn",
    "scipy",
    "mlflow",
    "mlflow-skinny",
    "joblib",
    "cloudpickle",
    "skops",
    "pandas",
    "dill",
    "torch",
}


def pinned(lock: Path) -> dict[str, set[str]]:
    """Package → its versions, of which there is one for each range of Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_there_is_a_lock_for_every_image_and_for_developers() -> None:
    assert {lock.stem for lock in LOCKS} == {"dev", "images", "compiler", *(image.name for image in IMAGES)}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_requirement_is_hashed_and_none_names_an_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert entries
    assert all("--hash=sha256:" in entry and "==" in entry for entry in entries)
    assert not re.search(r"https?://|--index|file:|/home|/root|/tmp", text)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_lock_is_a_part_of_the_one_for_developers(lock: Path) -> None:
    everything = pinned(FOLDER / "dev.txt")
    assert {
        name: versions for name, versions in pinned(lock).items() if not versions <= everything.get(name, set())
    } == {}


@pytest.mark.parametrize("name", ["numpy", "scikit-learn", "scipy"])
def test_numbers_are_computed_by_one_version_on_every_python(name: str) -> None:
    assert len(pinned(FOLDER / "dev.txt")[name]) == 1


def test_the_server_has_no_package_that_reads_pickles() -> None:
    assert not set(pinned(FOLDER / "server.txt")) & NOT_ON_THE_SERVING_PATH


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_a_lock_fits_what_the_components_ask_for(image: Image) -> None:
    """A dependency that was added or bounded anew shows here: `make lock` writes the locks anew."""
    versions = pinned(FOLDER / f"{image.name}.txt")
    for component in image.components:
        project = tomllib.loads((ROOT / component / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        for requirement in map(Requirement, project["dependencies"]):
            name = canonicalize_name(requirement.name)
            if not name.startswith("sentiment-"):
                assert name in versions, f"{name} of {component} is not locked"
                assert all(requirement.specifier.contains(version) for version in versions[name]), (
                    f"{requirement} of {component}: {versions[name]}"
                )
