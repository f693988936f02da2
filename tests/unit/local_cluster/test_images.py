import io
import json
import tarfile
from pathlib import Path

import pytest

from local_cluster import images
from local_cluster.console import ClusterError

DOCKER: dict[str, object] = {"manifest.json": [{"Config": "x", "RepoTags": ["localhost/a:1", "localhost/a:2"]}]}
NAME = {"org.opencontainers.image.ref.name": "localhost/a:1"}
OCI: dict[str, object] = {"index.json": {"manifests": [{"annotations": NAME}]}}
NAMELESS: dict[str, object] = {"index.json": {"manifests": [{}]}}


def _archive(path: Path, files: dict[str, object]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            data = json.dumps(content).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("files", "names"),
    [(DOCKER, ["localhost/a:1", "localhost/a:2"]), (OCI, ["localhost/a:1"]), (NAMELESS, [""])],
    ids=["docker", "oci", "nameless"],
)
def test_an_archive_tells_the_names_of_its_images(tmp_path: Path, files: dict[str, object], names: list[str]) -> None:
    assert images.names_in(_archive(tmp_path / "a.tar", files)) == names


def test_a_file_that_is_no_archive_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no archive")
    with pytest.raises(ClusterError, match=r"notes.txt is no image archive"):
        images.names_in(tmp_path / "notes.txt")


def test_an_archive_without_an_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="is no image archive"):
        images.names_in(_archive(tmp_path / "a.tar", {"other.json": {}}))


def test_the_pause_image_is_an_archive_that_names_itself(tmp_path: Path) -> None:
    (tmp_path / "pause.tar").write_bytes(images.pause_archive(b"program"))
    assert images.names_in(tmp_path / "pause.tar") == [images.PAUSE]
