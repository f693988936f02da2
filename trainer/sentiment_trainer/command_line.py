"""The command line of `sentiment-train`: reads flags, trains, searches, compares or looks up once, and ends with an answer and
an exit code."""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from sentiment_contract.gates import Compared
from sentiment_contract.look_up import LookedUp
from sentiment_contract.parameters import Classifier, Preset
from sentiment_contract.search import GroupSearched, groups_of, trials_of
from sentiment_contract.training import EXIT_CODES, FailureReason, TrainingFailed, TrainingOrder, TrainingSucceeded
from sentiment_trainer import answer
from sentiment_trainer.failures import TrainingError
from sentiment_trainer.generate import write_csv
from sentiment_trainer.order import order_from_environment, order_from_file, order_from_flags
from sentiment_trainer.own import OwnTrainer
from sentiment_trainer.settings import Settings, settings_from
from sentiment_trainer.stopping import Stopped
from sentiment_trainer.train import train

log = logging.getLogger("sentiment_trainer")

LAPTOP_TRACKING_URL = "sqlite:///mlflow.db"

_Result = TypeVar("_Result")


def main(arguments: list[str] | None = None, own: OwnTrainer | None = None) -> int:
    """Run the command line; returns the exit code."""
    flags = _parser().parse_args(arguments)
    logging.basicConfig(level=flags.log_level, format="%(message)s", stream=sys.stderr)
    for talkative in ("matplotlib", "alembic", "mlflow", "urllib3"):
        logging.getLogger(talkative).setLevel(logging.ERROR)
    match flags.command:
        case "generate":
            write_csv(flags.output, flags.rows, flags.seed)
            log.info("%s made-up reviews in %s", f"{flags.rows:,}", flags.output)
            return 0
        case "compare":
            return _compare(flags)
        case "look-up":
            return _look_up()
        case "search":
            return _search(flags, own)
        case _:
            return _run(flags, own)


def _run(flags: argparse.Namespace, own: OwnTrainer | None) -> int:
    settings = settings_from()
    return answer.deliver(_or_failure("training", lambda: _train(flags, settings, own)), settings.termination_log)


def _train(flags: argparse.Namespace, settings: Settings, own: OwnTrainer | None) -> TrainingSucceeded:
    order, settings = _ordered(flags, settings, own)
    if flags.data is not None:
        _search_here(order, settings, own)
    result = train(order, settings, own)
    if flags.output is not None:
        from sentiment_trainer.registry.package import keep_copy

        keep_copy(order.tracking_url, result, flags.output)
    return result


def _search_here(order: TrainingOrder, settings: Settings, own: OwnTrainer | None) -> None:
    """On a laptop, one group of trials after the other, where the order asks for a search."""
    from sentiment_trainer.search.search import search

    for index in range(len(groups_of(trials_of(order.recipe)))):
        search(order, index, settings, own)


def _search(flags: argparse.Namespace, own: OwnTrainer | None) -> int:
    settings = settings_from()
    return answer.deliver(_or_failure("search", lambda: _searched(flags, settings, own)), settings.termination_log)


def _searched(flags: argparse.Namespace, settings: Settings, own: OwnTrainer | None) -> GroupSearched:
    from sentiment_trainer.search.search import index_from_environment, search

    order = order_from_file(flags.order) if flags.order is not None else order_from_environment()
    return search(order, index_from_environment() if flags.index is None else flags.index, settings, own)


def _compare(flags: argparse.Namespace) -> int:
    if flags.data is not None:
        ended = _or_failure("comparison", lambda: _compare_files(flags))
        return EXIT_CODES[ended.reason] if isinstance(ended, TrainingFailed) else ended
    settings = settings_from()
    return answer.deliver(_or_failure("comparison", lambda: _compare_versions(settings)), settings.termination_log)


def _compare_files(flags: argparse.Namespace) -> int:
    from sentiment_trainer.compare.laptop import compare_files

    return compare_files(flags)


def _compare_versions(settings: Settings) -> Compared:
    from sentiment_trainer.compare.compare import compare
    from sentiment_trainer.compare.order import comparison_from_environment

    return compare(comparison_from_environment(), settings)


def _look_up() -> int:
    settings = settings_from()
    return answer.deliver(_or_failure("look-up", lambda: _looked_up(settings)), settings.termination_log)


def _looked_up(settings: Settings) -> LookedUp:
    from sentiment_trainer.data.look_up import look_up, look_up_from_environment

    return look_up(look_up_from_environment(), settings)


def _or_failure(what: str, work: Callable[[], _Result]) -> _Result | TrainingFailed:
    """What the work gives, or how it failed: told to the person who reads the log, and as an answer."""
    try:
        return work()
    except Stopped:
        log.error("the %s was asked to end (SIGTERM). Next: nothing; what is still wanted is started again.", what)
        raise
    except TrainingError as error:
        log.error("%s: %s", error.reason, error.message)
        return answer.failed(error.reason, error.message)
    except Exception as error:  # the one catch-all of this process: what comes here is a fault of the trainer itself
        log.exception("the trainer failed")
        told = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
        return answer.failed(
            FailureReason.TRAINER_ERROR, f"The trainer itself failed: {told} Next: see the pod's log and report it."
        )


def _ordered(flags: argparse.Namespace, settings: Settings, own: OwnTrainer | None) -> tuple[TrainingOrder, Settings]:
    if flags.data is not None:
        return order_from_flags(flags, own.name if own is not None else None), replace(
            settings, data_root=flags.data.absolute().parent
        )
    if flags.order is not None:
        return order_from_file(flags.order), settings
    return order_from_environment(), settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sentiment-train", description="Trains and compares versions of a sentiment model."
    )
    parser.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands.add_parser("run", help="train, and register the result in MLflow"))
    _add_search(commands.add_parser("search", help="make the trials of one group of a search"))
    _add_compare(commands.add_parser("compare", help="hold a trained version against its gates and what serves"))
    look_up = commands.add_parser("look-up", help="say what a branch of a data repository holds")
    look_up.description = (
        "Reads the order from SENTIMENT_LOOK_UP_ORDER, as the operator sets it, and answers with the commit, the hash of the"
        " data file there, and the parameters. No data is fetched."
    )
    _add_generate(commands.add_parser("generate", help="write made-up reviews for a demo or a test"))
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.description = (
        "Without --order and --data the order is read from SENTIMENT_TRAINING_ORDER, as the operator sets it."
    )
    run.add_argument("--order", type=Path, metavar="FILE", help="an order as JSON")
    run.add_argument("--data", type=Path, metavar="FILE", help="a CSV or parquet file of this machine")
    run.add_argument("--output", type=Path, metavar="FILE", help="keep a copy of the compiled model as this file")
    laptop = run.add_argument_group("together with --data")
    laptop.add_argument("--model", default="reviews", help="name of the model (default: reviews)")
    laptop.add_argument("--label", help="version label (default: follows from the recipe)")
    laptop.add_argument("--preset", default=Preset.DEFAULT.value, choices=[preset.value for preset in Preset])
    laptop.add_argument("--classifier", choices=[classifier.value for classifier in Classifier])
    laptop.add_argument("--parameters", metavar="JSON", help='overrides of the preset, such as {"ngramMax": 2}')
    laptop.add_argument(
        "--search",
        metavar="JSON",
        help='try parameters first, as in spec.training.search, such as {"parameters": {"ngramMax": [1, 2]}}',
    )
    _add_data_flags(laptop, "share of rows held out")
    laptop.add_argument(
        "--tracking-url",
        default=os.environ.get("MLFLOW_TRACKING_URI", LAPTOP_TRACKING_URL),
        help=f"MLflow server (default: MLFLOW_TRACKING_URI, else {LAPTOP_TRACKING_URL})",
    )


def _add_search(search: argparse.ArgumentParser) -> None:
    search.description = (
        "Tries by cross-validation the sets of parameters that share one featurisation, and writes each down in MLflow as a"
        " run. Without flags the order is read from SENTIMENT_TRAINING_ORDER and the group from JOB_COMPLETION_INDEX, as"
        " the operator and Kubernetes set them. `run` chooses the best and trains with it."
    )
    search.add_argument("--order", type=Path, metavar="FILE", help="an order as JSON")
    search.add_argument("--index", type=int, metavar="N", help="which group, counted from 0")


def _add_compare(compare: argparse.ArgumentParser) -> None:
    compare.description = (
        "Scores the candidate, and the baseline where one is given, on the same held-out reviews. Without --data the"
        " order is read from SENTIMENT_COMPARISON_ORDER, as the operator sets it. With --data: exit code 0 where no gate"
        " keeps the candidate from serving, 1 where one does."
    )
    compare.add_argument("--data", type=Path, metavar="FILE", help="the CSV or parquet file that was trained on")
    laptop = compare.add_argument_group("together with --data")
    laptop.add_argument("--candidate", type=Path, metavar="FILE", help="compiled model, as run --output keeps it")
    laptop.add_argument("--baseline", type=Path, metavar="FILE", help="compiled model that it is compared with")
    laptop.add_argument(
        "--gate",
        action="append",
        default=[],
        metavar="JSON",
        help='a gate as in spec.gates, such as {"name": "f1", "metric": "f1", "threshold": "0.85"}; may be repeated',
    )
    laptop.add_argument("--gates", type=Path, metavar="FILE", help="a list of gates as YAML or JSON")
    laptop.add_argument(
        "--report", type=Path, default=Path("comparison"), metavar="FOLDER", help="(default: comparison)"
    )
    laptop.add_argument("--seed", type=int, default=42, help="seed of the sample of --rows (default: 42)")
    _add_data_flags(laptop, "share of rows held out from the candidate and the baseline; the lower where they differ")


def _add_data_flags(laptop: argparse._ArgumentGroup, held_out: str) -> None:  # pyright: ignore[reportPrivateUsage]  no other name
    laptop.add_argument("--text-column", default="review")
    laptop.add_argument("--label-column", default="sentiment")
    laptop.add_argument("--rows", type=int, help="use a sample of this many rows")
    laptop.add_argument("--test-percent", type=int, default=20, help=f"{held_out} (default: 20)")
    laptop.add_argument("--min-rows", type=int, default=100, help="refuse fewer usable rows (default: 100)")


def _add_generate(generate: argparse.ArgumentParser) -> None:
    generate.add_argument("--rows", type=int, required=True)
    generate.add_argument("--seed", type=int, default=0)
    generate.add_argument("--output", type=Path, required=True, metavar="FILE.csv")
