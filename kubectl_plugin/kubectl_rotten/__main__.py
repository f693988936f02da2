"""The command line: `kubectl rotten QUESTION NAME`. Reads, prints, and says by its exit code how it went."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import yaml

from kubectl_rotten.arguments import Request, parsed
from kubectl_rotten.kubectl import Kubectl
from kubectl_rotten.moments import Unreadable, asked
from kubectl_rotten.shapes import Shape
from kubectl_rotten.text import ASCII, UNICODE, Page, clean, plain
from kubectl_rotten.trouble import Trouble
from kubectl_rotten.versions import table_of, versions
from kubectl_rotten.who_ran import lines_of, who_ran
from kubectl_rotten.why import why

YES, NO, TROUBLE, INTERRUPTED = 0, 1, 2, 130
WIDTH_OF_A_FILE = 100


def main(words: Sequence[str] | None = None) -> int:
    """Answer one question."""
    request = parsed(sys.argv[1:] if words is None else words)
    try:
        code, lines = _answer(request, datetime.now(UTC))
        _print(lines, request)
    except (Trouble, Unreadable) as trouble:
        print(f"kubectl rotten: {clean(str(trouble))}", file=sys.stderr)
        return TROUBLE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # Whoever read has read enough; nothing is left to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return YES
    return code


def _answer(request: Request, now: datetime) -> tuple[int, list[str]]:
    kubectl = Kubectl(request.kubectl, request.name, request.namespace)
    match request.question:
        case "why":
            told = why(kubectl.model(), _page(request), now)
            return YES if told.ready else NO, told.lines
        case "versions":
            return _versions(request, kubectl, now)
        case _:
            return _who_ran(request, kubectl, now)


def _versions(request: Request, kubectl: Kubectl, now: datetime) -> tuple[int, list[str]]:
    model, found = kubectl.model(), kubectl.revisions()
    answer = versions(model, found.readable, found.unreadable)
    if request.output:
        return YES, _for_programs(answer, request)
    _warn(answer.warnings)
    return YES, table_of(answer, now)


def _who_ran(request: Request, kubectl: Kubectl, now: datetime) -> tuple[int, list[str]]:
    moment = asked(request.at, now)
    model, found = kubectl.model(), kubectl.revisions()
    answer = who_ran(model, found.readable, found.unreadable, moment, now)
    code = YES if answer.ran is not None else NO
    if request.output:
        return code, _for_programs(answer, request)
    _warn(answer.warnings)
    return code, lines_of(answer, _page(request), now)


def _for_programs(answer: Shape, request: Request) -> list[str]:
    """In ASCII, whatever reads it: both formats have escapes of their own."""
    document = answer.model_dump(mode="json", by_alias=True)
    if request.output == "json":
        return [json.dumps(document, indent=2)]
    return [yaml.safe_dump(document, sort_keys=False).rstrip()]


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        print(f"Warning: {clean(warning)}", file=sys.stderr)


def _page(request: Request) -> Page:
    marks = UNICODE if request.unicode and _has_marks() else ASCII
    return Page(marks, shutil.get_terminal_size((WIDTH_OF_A_FILE, 24)).columns)


def _has_marks() -> bool:
    try:
        "✓…✗→".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _print(lines: Sequence[str], request: Request) -> None:
    text = "\n".join(lines)
    print(text if request.unicode and _has_marks() else plain(text), flush=True)


if __name__ == "__main__":
    sys.exit(main())
