"""This machine's settings of pip and apt reach the build, and nothing more than these."""

from pathlib import Path

import pytest

from images.package_client import PackageClient, environment_for_build, first_mirror, parse_pip_settings


def test_a_machine_without_settings_hands_nothing_over(tmp_path: Path) -> None:
    client = PackageClient(environment={}, authorities=None, apt="", debian_mirror="")
    assert client.write_secrets(tmp_path, "trixie") == {}


def test_pip_settings_are_read_from_files_and_environment_and_the_environment_wins() -> None:
    listing = ":env:.index-url='https://b.example/simple'\nglobal.index-url='https://a.example/simple'\nglobal.cert='/etc/ca.crt'\nlist.format='columns'\n"
    assert parse_pip_settings(listing) == {"index-url": "https://b.example/simple", "cert": "/etc/ca.crt"}


def test_uv_is_told_what_pip_was_told() -> None:
    variables = environment_for_build(
        {"index-url": "https://a.example/simple", "find-links": "/opt/wheels", "cert": "/x"}, {}
    )
    assert variables == {"UV_DEFAULT_INDEX": "https://a.example/simple", "PIP_INDEX_URL": "https://a.example/simple"}


def test_of_the_environment_only_indexes_and_proxies_are_passed_on() -> None:
    environment = {
        "HTTPS_PROXY": "http://proxy:3128",
        "UV_INDEX": "https://a.example",
        "AWS_SECRET": "s",
        "UV_CACHE_DIR": "/c",
        "NO_PROXY": "",
    }
    assert environment_for_build({}, environment) == {
        "HTTPS_PROXY": "http://proxy:3128",
        "UV_INDEX": "https://a.example",
    }


def test_values_survive_the_shell_that_reads_them(tmp_path: Path) -> None:
    client = PackageClient(environment={"PIP_PROXY": "http://u:p$a'b@h"}, authorities=None, apt="", debian_mirror="")
    file = client.write_secrets(tmp_path / "secrets", "trixie")["package-client"]
    assert file.read_text(encoding="utf-8") == "PIP_PROXY='http://u:p$a'\"'\"'b@h'\n"
    assert file.stat().st_mode & 0o077 == 0


def test_a_mirror_replaces_the_sources_of_the_image_while_it_is_built(tmp_path: Path) -> None:
    client = PackageClient(environment={}, authorities=None, apt="", debian_mirror="http://mirror.example/debian")
    secrets = client.write_secrets(tmp_path, "trixie")
    assert secrets["sources.list"].read_text(encoding="utf-8") == "deb http://mirror.example/debian trixie main\n"
    assert 'sourcelist "/run/secrets/sources.list"' in secrets["apt.conf"].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("sources", "mirror"),
    [
        ("deb http://mirror.example/debian bookworm main", "http://mirror.example/debian"),
        ("deb [signed-by=/k.gpg] https://mirror.example/debian/ bookworm main", "https://mirror.example/debian"),
        ("Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm", "http://mirror.example/debian"),
        ("# deb http://old.example/debian bookworm main", ""),
        ("deb http://security.example/debian-security bookworm-security main", ""),
    ],
)
def test_a_mirror_is_found_in_both_formats_of_sources(sources: str, mirror: str) -> None:
    assert first_mirror(sources) == mirror
