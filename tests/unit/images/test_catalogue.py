"""What an image is called follows from what it is made of."""

from pathlib import Path

import pytest

from images import catalogue
from images.catalogue import IMAGES, OPERATOR, ROOT, SERVER, TRAINER, Image

BASE = "localhost/sentiment-base:x"
COMPONENTS = ("contract", "artifact", "operator", "model_server", "trainer")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small source tree of the project's shape."""
    for component in COMPONENTS:
        package = tmp_path / component / f"sentiment_{component}"
        package.mkdir(parents=True)
        (package / "code.py").write_text("one = 1\n")
        (tmp_path / component / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.3"\n')
    (tmp_path / "requirements").mkdir()
    for name in ("images", "compiler", *(image.name for image in IMAGES)):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    for name in (".dockerignore", *(image.dockerfile for image in IMAGES)):
        (tmp_path / name).write_text("FROM scratch\n")
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    return tmp_path


def tags(base: str = BASE) -> dict[str, str]:
    return {image.name: image.tag(base) for image in IMAGES}


def changed(before: dict[str, str]) -> set[str]:
    return {name for name, tag in tags().items() if tag != before[name]}


@pytest.mark.parametrize(
    ("file", "affected"),
    [
        ("contract/sentiment_contract/code.py", {"operator", "server", "trainer"}),
        ("artifact/sentiment_artifact/code.py", {"server", "trainer"}),
        ("operator/sentiment_operator/code.py", {"operator"}),
        ("model_server/sentiment_model_server/code.py", {"server"}),
        ("trainer/pyproject.toml", {"trainer"}),
        ("requirements/server.txt", {"server"}),
        ("requirements/compiler.txt", {"server", "trainer"}),
        ("requirements/images.txt", {"operator", "server", "trainer"}),
        ("Dockerfile.server", {"server", "trainer"}),
        ("Dockerfile.operator", {"operator"}),
    ],
)
def test_an_edit_renames_the_images_that_it_is_part_of_and_no_others(tree: Path, file: str, affected: set[str]) -> None:
    before = tags()
    (tree / file).write_text('[project]\nversion = "2"\n')
    assert changed(before) == affected


def test_a_new_file_renames_and_what_python_compiles_does_not(tree: Path) -> None:
    before = tags()
    cache = tree / "operator" / "sentiment_operator" / "__pycache__"
    cache.mkdir()
    (cache / "code.cpython-313.pyc").write_bytes(b"compiled")
    assert changed(before) == set()
    (tree / "operator" / "sentiment_operator" / "more.py").write_text("")
    assert changed(before) == {"operator"}


def test_a_moved_file_renames(tree: Path) -> None:
    before = tags()
    package = tree / "operator" / "sentiment_operator"
    (package / "code.py").rename(package / "other.py")
    assert changed(before) == {"operator"}


def test_another_base_renames_all(tree: Path) -> None:
    assert tree.is_dir()
    assert not set(tags().values()) & set(tags("python:3.13-slim").values())


def test_the_version_is_that_of_the_component_the_image_is_named_after(tree: Path) -> None:
    (tree / "trainer" / "pyproject.toml").write_text('[project]\nversion = "9.8.7"\n')
    trainer = Image(TRAINER.name, TRAINER.dockerfile, TRAINER.target, TRAINER.components)
    assert trainer.version == "9.8.7"


def test_every_image_exists_as_a_target_and_has_its_components_copied() -> None:
    for image in (OPERATOR, SERVER, TRAINER):
        text = (ROOT / image.dockerfile).read_text(encoding="utf-8")
        assert f"AS {image.target}\n" in text
        for component in image.components:
            assert f"COPY {component} /build/{component}\n" in text
