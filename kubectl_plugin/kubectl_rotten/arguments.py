"""The command line as a value. Pure.

Flags of kubectl are taken out first, wherever they stand, and handed on as they are; those that this module has not heard
of are handed on too where they are written in one word (`--flag`, `--flag=value`), and kubectl judges them.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

KUBECTL_FLAGS = frozenset(
    {
        *("--namespace", "--context", "--kubeconfig", "--cluster", "--user", "--server", "--token"),
        *("--as", "--as-group", "--as-uid", "--as-user-extra", "--username", "--password"),
        *("--certificate-authority", "--client-certificate", "--client-key", "--tls-server-name"),
        *("--cache-dir", "--request-timeout", "--profile", "--profile-output", "--v", "--vmodule", "--kuberc"),
    }
)
"""Those that are followed by a value."""
SHORT_FLAGS = ("-n", "-s", "-v")
EPILOG = (
    "Flags of kubectl such as -n, --context, --kubeconfig and --as are honoured. It only reads: SentimentModels and"
    " SentimentModelRevisions."
)

QUESTIONS = {
    "why": "why a model is not ready, or what serves where it is; exit code 0 where it is ready, else 1",
    "versions": "all versions of a model: what they are, what they proved, who let them, when they served",
    "who-ran": "which version served at a moment, and where it comes from; exit code 1 where none is known to",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked."""

    question: str
    name: str
    kubectl: tuple[str, ...]
    """Flags for kubectl."""
    at: str = ""
    output: str = ""
    unicode: bool = True

    @property
    def namespace(self) -> str:
        """As it was written, empty where kubectl is to decide."""
        found = ""
        for place, word in enumerate(self.kubectl):
            if word in ("-n", "--namespace"):
                found = "".join(self.kubectl[place + 1 : place + 2])
            elif word.startswith(("--namespace=", "-n")):
                found = word.removeprefix("--namespace=").removeprefix("-n").removeprefix("=")
        return found


def parsed(words: Sequence[str]) -> Request:
    """What was asked; a mistake in writing ends the process with code 2, as argparse does it."""
    ours, flags = _taken_apart(words)
    parser = _parser()
    chosen, unknown = parser.parse_known_args(ours)
    for word in unknown:
        if not word.startswith("-"):
            parser.error(f"one word too many: {word}. Next: write other flags of kubectl as --flag=value")
    return Request(
        chosen.question,
        chosen.name,
        (*flags, *unknown),
        getattr(chosen, "at", ""),
        getattr(chosen, "output", ""),
        unicode=not chosen.no_unicode,
    )


def _taken_apart(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words that are ours, and kubectl's flags with their values."""
    ours: list[str] = []
    flags: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in KUBECTL_FLAGS or word in SHORT_FLAGS:
            flags += [word, *[value for value in [next(rest, None)] if value is not None]]
        elif word.partition("=")[0] in KUBECTL_FLAGS or (word.startswith(SHORT_FLAGS) and not word.startswith("--")):
            flags.append(word)
        else:
            ours.append(word)
    return ours, flags


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kubectl rotten", description="Three questions about a SentimentModel.", epilog=EPILOG, allow_abbrev=False
    )
    added = parser.add_subparsers(dest="question", required=True, metavar="QUESTION")
    questions = {
        name: added.add_parser(name, help=told, description=f"Tells {told}.", epilog=EPILOG, allow_abbrev=False)
        for name, told in QUESTIONS.items()
    }
    questions["who-ran"].add_argument(
        "--at",
        required=True,
        metavar="MOMENT",
        help="2026-01-02T15:04:05Z, with another offset, or 2026-01-02: the end of that day UTC",
    )
    for name, question in questions.items():
        question.add_argument("name", metavar="NAME", help="name of the SentimentModel")
        question.add_argument("--no-unicode", action="store_true", help="print ASCII alone")
        if name != "why":
            question.add_argument("-o", "--output", choices=("json", "yaml"), default="", help="for programs")
    return parser
