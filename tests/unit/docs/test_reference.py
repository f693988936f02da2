"""The reference pages: they are what the code says, nothing in the code is missing from them, and they read well."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from docs import situations
from docs.__main__ import FOLDER, main, pages
from docs.advice import ADVICE, QUESTIONS, advice_on
from docs.fields import Schema
from docs.markdown import anchor, table, text
from docs.reasons import ON_ITS_WAY, SERVER_TROUBLES, PodReason
from docs.situations import findings
from docs.stories import own_findings
from sentiment_contract.training import FailureReason
from sentiment_operator.api.reasons import Reason
from sentiment_operator.api.status import ConditionType, SentimentModelStatus
from sentiment_operator.crd.definitions import KINDS, custom_resource_definition
from sentiment_operator.crd.rules import RULES
from sentiment_operator.deciding.decide import decide
from sentiment_operator.facts.jobs import JobState, Trouble
from sentiment_operator.facts.observed import Child, ChildKind, Model, Observed, Refusal, RegistryAway, RegistryNotAsked
from sentiment_operator.probing import service_probe
from sentiment_operator.telling.status import status
from tests.support.builders import (
    NOW,
    SETTINGS,
    dead_job,
    deployment,
    failed_job,
    job,
    known,
    model,
    observed,
    pod,
    probe,
    registered,
    revision,
    spec,
)

Said = tuple[str, str, str]
"""Condition, status, reason."""
Situations = Iterator[tuple[Model, Observed]]

PAGES = pages()
FIELDS, TROUBLESHOOTING = PAGES["fields.md"], PAGES["troubleshooting.md"]
SCHEMAS: dict[str, Schema] = {
    kind.name: custom_resource_definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for kind in KINDS
}
CODE_SPAN = re.compile(r"`[^`]*`")

# The files


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], f"docs/{name} is stale: run `make docs`"


def test_what_was_written_is_up_to_date(tmp_path: Path) -> None:
    assert main(["--folder", str(tmp_path)]) == 0
    assert main(["--folder", str(tmp_path), "--check"]) == 0


def test_a_check_shows_the_difference_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--folder", str(tmp_path)])
    edited = FIELDS.replace("# Field reference", "# Fields")
    (tmp_path / "fields.md").write_text(edited, encoding="utf-8")
    capsys.readouterr()
    assert main(["--folder", str(tmp_path), "--check"]) == 1
    assert {"-# Fields", "+# Field reference"} <= set(capsys.readouterr().out.splitlines())
    assert (tmp_path / "fields.md").read_text(encoding="utf-8") == edited


def test_a_page_that_is_missing_is_stale(tmp_path: Path) -> None:
    assert main(["--folder", str(tmp_path), "--check"]) == 1


# The fields


def leaves(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Every field that holds a value of its own."""
    for name, child in schema.get("properties", {}).items():
        yield from leaves(child, f"{path}.{name}")
    if "properties" in schema.get("items", ()):
        yield from leaves(schema["items"], f"{path}[]")
    elif "properties" not in schema:
        # What is allowed of the entries of a plain list stands in the row of the list.
        yield path, {**schema.get("items", {}), **schema}


def chapters(page: str, level: str) -> dict[str, str]:
    """Heading → text below it."""
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in page.split(f"\n{level} ")[1:]}


def rows(page: str) -> dict[str, list[str]]:
    """First cell → all cells, of every table."""
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells for cells in map(cells_of, lines)}


def cells_of(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


ROWS = {kind: rows(chapter) for kind, chapter in chapters(FIELDS, "##").items()}
LEAVES = [
    pytest.param(kind, path, field, id=f"{kind}.{path}")
    for kind, schema in SCHEMAS.items()
    for part in ("spec", "status")
    if part in schema["properties"]
    for path, field in leaves(schema["properties"][part], part)
]
SAME = {
    part.partition("\n")[0].partition(".")[2]: found[1]
    for part in FIELDS.split("\n### ")
    if (found := re.search(r"The same fields as \[`SentimentModel\.([^`]*)`]", part)) is not None
}
"""Block of a revision → the block of a model that tells of its fields."""


def row_of(kind: str, path: str) -> list[str]:
    block = next((block for block in SAME if path.startswith(f"{block}.")), None) if path not in ROWS[kind] else None
    return ROWS[kind][path] if block is None else ROWS["SentimentModel"][f"{SAME[block]}{path.removeprefix(block)}"]


@pytest.mark.parametrize(("kind", "path", "field"), LEAVES)
def test_every_field_stands_in_the_reference_with_its_description(kind: str, path: str, field: Schema) -> None:
    _, _, _, allowed, meaning = row_of(kind, path)
    assert meaning
    assert meaning == text(field["description"])
    assert all(f"`{value}`" in allowed for value in field.get("enum", ()))
    assert all(f"{field[bound]:,}" in allowed for bound in ("minimum", "maximum", "maxLength") if bound in field)
    assert f"`{field.get('pattern', '')}`" in FIELDS or "pattern" not in field


def test_a_field_shows_its_default_or_that_it_is_required() -> None:
    model_rows = ROWS["SentimentModel"]
    assert [model_rows[f"spec.{path}"][2] for path in ("data.dvc.path", "data.textColumn", "suspend", "version")] == [
        "**required**",
        '`"review"`',
        "`false`",
        "",
    ]


def test_what_cannot_be_changed_says_so() -> None:
    fixed = {path for path, cells in ROWS["SentimentModel"].items() if "immutable" in cells[3]}
    assert fixed == {"spec.registry.trackingURL", "spec.registry.modelName"}
    assert "- `spec`: spec cannot be changed: an approval is" in chapters(FIELDS, "##")["SentimentModelApproval"]


def test_every_rule_of_the_definitions_is_told() -> None:
    assert not [rule.message for shape in RULES.values() for rule in shape if text(rule.message) not in FIELDS]


# The reasons


def told_reasons() -> set[str]:
    """Every reason that the page has a heading or a row for."""
    in_rows = re.findall(r"^\| `(?:True|False|Unknown)` \| `(\w+)` \|", TROUBLESHOOTING, flags=re.MULTILINE)
    return set(in_rows) | set(chapters(TROUBLESHOOTING, "###"))


@pytest.mark.parametrize("reason", sorted({*Reason, *FailureReason, *PodReason, *SERVER_TROUBLES}))
def test_every_reason_in_the_code_stands_in_the_page(reason: str) -> None:
    assert reason in told_reasons()


def test_what_a_model_server_says_in_passing_is_no_reason() -> None:
    assert frozenset(map(str, ON_ITS_WAY)) == service_probe._ON_ITS_WAY  # pyright: ignore[reportPrivateUsage]


def test_no_advice_is_left_over() -> None:
    assert set(ADVICE) == {finding.reason for finding in findings()}


def test_a_reason_without_advice_stops_the_page_and_says_where_to_write_it() -> None:
    with pytest.raises(LookupError, match=r"NewReason has no advice\. Next: write it in docs/advice\.py"):
        advice_on("NewReason")


def test_every_condition_has_a_chapter() -> None:
    assert set(QUESTIONS) == set(ConditionType)
    assert set(ConditionType) <= set(chapters(TROUBLESHOOTING, "##"))


STORIES = chapters(TROUBLESHOOTING, "###")


@pytest.mark.parametrize("reason", STORIES)
def test_a_reason_says_where_it_shows_what_it_means_where_to_look_and_what_to_do(reason: str) -> None:
    shown, means, look, step = [line for line in STORIES[reason].split("\n## ")[0].splitlines() if line]
    assert re.match(r"`\w+=False`", shown)
    for line, label in ((means, "Means"), (look, "Look at"), (step, "Next")):
        assert re.fullmatch(rf"- \*\*{label}:\*\* \S.{{5,}}", line)


def test_a_reason_stands_in_the_chapter_of_every_condition_that_carries_it() -> None:
    told = chapters(TROUBLESHOOTING, "##")
    assert not [found for found in own_findings(findings()) if found.reason not in told[found.condition]]


def test_a_reason_that_stalls_a_model_says_so() -> None:
    stalling = {found.reason for found in findings() if (found.condition, found.status) == ("Stalled", "True")}
    assert {reason for reason, story in STORIES.items() if "`Stalled=True`" in story.splitlines()[1]} == stalling


# Every situation that facts can make up, likely or not: the page knows whatever the core says of it.

HEIRS = {("Ready", "False"), ("Reconciling", "True"), ("Stalled", "True")}
WAITING = Trouble(PodReason.UNSCHEDULABLE, "no node has 64 CPUs")
ANSWERS = (
    RegistryNotAsked(),
    RegistryAway("connection refused"),
    known(),
    known(registered()),
    known(registered(of=spec(rows=7))),
    known(registered(fingerprint="")),
)
JOBS = (
    (),
    (job(JobState.RUNNING),),
    (job(JobState.PENDING, trouble=WAITING),),
    (job(JobState.SUCCEEDED),),
    (failed_job(FailureReason.DATA_EMPTY),),
    (failed_job(FailureReason.DATA_UNREACHABLE, finished_at=NOW),),
    (failed_job(FailureReason.DATA_UNREACHABLE),),
    (dead_job(PodReason.OOM_KILLED),),
)
REFUSALS = ((), *((Refusal(kind, "imdb", "exceeded quota"),) for kind in ("Job", "SentimentModelRevision", "Service")))
LIVE = (
    None,
    deployment(),
    deployment("0"),
    deployment(ours=False),
    deployment(availableReplicas=0),
    deployment(
        availableReplicas=0,
        conditions=[{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "status": "False"}],
    ),
    deployment(conditions=[{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]),
)
PODS = (
    (),
    (pod(),),
    (pod(), pod("0", deleting=True)),
    (pod("0"), pod(ready=False)),
    *((pod(ready=False, trouble=Trouble(reason, "why")),) for reason in (PodReason.OOM_KILLED, *SERVER_TROUBLES)),
)
PROBES = (None, probe(), probe("0"), probe(error="no answer"))


def untrained() -> Situations:
    models = (model(), model(edited_at=NOW), model(spec(suspend=True)), model(retry="again"))
    for wanted, answer, jobs, refusals, elsewhere in product(models, ANSWERS, JOBS, REFUSALS, (0, 9)):
        yield (
            wanted,
            observed(registry=answer, jobs=jobs, refusals=refusals, trainings_elsewhere=elsewhere),
        )
    for reason in FailureReason:
        yield model(), observed(jobs=(failed_job(reason, finished_at=NOW),))
    yield model(), observed(rival="reviews/older")


def trained() -> Situations:
    proven = observed(revision(), live=deployment(), pods=(pod(),), pods_are_fresh=True, probe=probe())
    was_ready = model(status=told_of(model(), proven))
    models = (model(), model(spec(suspend=True)), model(spec(rows=7)), was_ready)
    for wanted, live, pods, asked, refusals in product(models, LIVE, PODS, PROBES, (REFUSALS[0], REFUSALS[-1])):
        fresh = asked is not None
        yield wanted, observed(revision(), live=live, pods=pods, probe=asked, refusals=refusals, pods_are_fresh=fresh)
    yield model(), replace(proven, refusals=(Refusal("Service", "imdb", "", rival="flux"),))
    yield model(), replace(proven, children={ChildKind.SERVICE: Child({}, ours=False)})


def told_of(wanted: Model, seen: Observed) -> SentimentModelStatus:
    return status(wanted, seen, decide(wanted, seen, SETTINGS, NOW), NOW)


def said(situations: Situations) -> set[Said]:
    return {
        (condition.type, condition.status, condition.reason)
        for wanted, seen in situations
        for condition in told_of(wanted, seen).conditions
    }


@pytest.mark.parametrize("situations", [untrained, trained])
def test_whatever_the_core_says_of_a_model_is_known_to_the_page(situations: Callable[[], Situations]) -> None:
    core = said(situations())
    on_the_page = {(found.condition, found.status, found.reason) for found in findings()}
    passed_on = {(kind, state, reason) for kind, state, reason in core if (kind, state) in HEIRS}
    assert core - passed_on <= on_the_page
    assert {reason for _, _, reason in passed_on} <= told_reasons()


# The messages


@pytest.mark.parametrize("why", ["It broke", "It broke.", "It broke. Next: mend it", "It broke. Next: mend it.\n"])
def test_a_message_has_one_next_step_at_most_and_a_dead_end_has_one(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(situations, "WHY", why)
    for condition in (condition for seen in situations.statuses() for condition in seen.conditions):
        said = f"{condition.type}={condition.status}/{condition.reason}: {condition.message}"
        assert condition.message.count("Next:") <= 1, said
        assert ".." not in condition.message, said
        assert " ." not in condition.message, said
        assert condition.message == condition.message.strip(), said
        if (condition.type, condition.status) == (ConditionType.STALLED, "True"):
            assert "Next: " in condition.message, said


# The Markdown


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(page: str) -> None:
    for block in page.split("\n\n"):
        if block.startswith("| "):
            assert len({len(cells_of(line)) for line in block.splitlines()}) == 1, block


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_link_leads_to_a_heading_and_no_two_headings_are_called_the_same(page: str) -> None:
    headings = [anchor(heading) for heading in re.findall(r"^#+ (.*)$", outside_of_blocks(page), flags=re.MULTILINE)]
    assert len(headings) == len(set(headings))
    assert set(re.findall(r"]\(#([^)]*)\)", page)) <= set(headings)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_nothing_is_taken_for_html(page: str) -> None:
    body = page.partition("-->")[2]
    assert not re.findall(r"<.*", CODE_SPAN.sub("", outside_of_blocks(body)))


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_no_paragraph_is_a_wall_of_text(page: str) -> None:
    for line in page.splitlines():
        if not line.startswith(("|", "- ")) and "](#" not in line:
            assert len(line) <= 200, line


@pytest.mark.parametrize(
    ("heading", "name"),
    [("What pods say", "what-pods-say"), ("SentimentModel.status.history[]", "sentimentmodelstatushistory")],
)
def test_a_heading_is_linked_by_the_name_that_github_gives_it(heading: str, name: str) -> None:
    assert anchor(heading) == name


def test_a_pipe_inside_of_a_cell_does_not_end_it() -> None:
    assert cells_of(table(("Pattern",), [("`a|b`",)]).splitlines()[-1]) == ["`a|b`"]


def outside_of_blocks(page: str) -> str:
    return re.sub(r"```.*?```", "", page, flags=re.DOTALL)
