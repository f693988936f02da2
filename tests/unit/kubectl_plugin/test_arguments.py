"""The command line as a value."""

import pytest

from kubectl_rotten.arguments import Request, parsed

WRITTEN: dict[str, Request] = {
    "why imdb": Request("why", "imdb", ()),
    "why imdb --no-unicode": Request("why", "imdb", (), unicode=False),
    "why imdb -n reviews": Request("why", "imdb", ("-n", "reviews")),
    "why -nreviews imdb": Request("why", "imdb", ("-nreviews",)),
    "--namespace reviews why imdb": Request("why", "imdb", ("--namespace", "reviews")),
    "why --as ada imdb --as-group=all": Request("why", "imdb", ("--as", "ada", "--as-group=all")),
    "versions imdb --moon=1 --sun": Request("versions", "imdb", ("--moon=1", "--sun")),
    "versions imdb -o json": Request("versions", "imdb", (), output="json"),
    "versions imdb -oyaml --context x": Request("versions", "imdb", ("--context", "x"), output="yaml"),
    "who-ran imdb --at 2026-01-02 -o json": Request("who-ran", "imdb", (), at="2026-01-02", output="json"),
    "who-ran --at=2026-01-02 imdb -v 6": Request("who-ran", "imdb", ("-v", "6"), at="2026-01-02"),
    "why imdb -n": Request("why", "imdb", ("-n",)),
}


@pytest.mark.parametrize(("line", "request_"), WRITTEN.items(), ids=WRITTEN)
def test_a_line_is_understood(line: str, request_: Request) -> None:
    assert parsed(line.split()) == request_


NAMESPACES = {
    "-n a": "a",
    "-na": "a",
    "-n=a": "a",
    "--namespace a": "a",
    "--namespace=a": "a",
    "-n a -n b": "b",
    "": "",
    "-n": "",
}


@pytest.mark.parametrize(("flags", "namespace"), NAMESPACES.items())
def test_the_namespace_is_known_for_messages(flags: str, namespace: str) -> None:
    assert parsed(["why", "imdb", *flags.split()]).namespace == namespace


@pytest.mark.parametrize(
    "line",
    [
        "",
        "why",
        "who-ran imdb",
        "moon imdb",
        "why imdb shop",
        "why imdb --moon 1",
        "versions imdb -o table",
        "who-ran imdb --at",
    ],
)
def test_a_mistake_in_writing_ends_with_code_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(line.split())
    assert ended.value.code == 2
    assert "kubectl rotten" in capsys.readouterr().err
