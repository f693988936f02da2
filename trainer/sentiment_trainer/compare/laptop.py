"""The comparison of two model files on a laptop or in CI: no cluster and no MLflow, the same figures and verdicts."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from sentiment_artifact import ArtifactRefused, CompiledModel
from sentiment_contract.gates import Contestant, Gate
from sentiment_contract.parameters import Parameters, Preset, effective_parameters
from sentiment_contract.recipe import Recipe
from sentiment_trainer.compare.measure import Entrant, measure
from sentiment_trainer.compare.report import write_report
from sentiment_trainer.compare.rows import Sides
from sentiment_trainer.data.files import identify
from sentiment_trainer.order import data_of_flags, existing_file, faults_in, invalid
from sentiment_trainer.progress import Progress

log = logging.getLogger(__name__)

_GATES = TypeAdapter(tuple[Gate, ...])
_COMMAND = "compare"


def compare_files(flags: argparse.Namespace) -> int:
    """Write the report, print its path, and return 0 where no gate keeps the candidate from serving, else 1.

    Raises TrainingError for flags and data that make no comparison possible.
    """
    progress = Progress()
    gates = _gates(flags.gate, flags.gates)
    file = identify(existing_file(flags.data), f"File {flags.data}")
    progress.at(5, f"{file.called}: {file.size:,} bytes, sha256 {file.sha256}")
    try:
        parameters = effective_parameters(Preset.DEFAULT, Parameters(seed=flags.seed))
        recipe = Recipe(data=data_of_flags(flags, file), parameters=parameters)
    except ValidationError as error:
        raise invalid(f"The flags are invalid: {faults_in(error)}.", _COMMAND) from error
    if flags.candidate is None:
        raise invalid("There is no candidate: --data needs --candidate FILE.", _COMMAND)
    candidate = _entrant(flags.candidate, "--candidate", file.sha256, recipe)
    baseline = flags.baseline and _entrant(flags.baseline, "--baseline", file.sha256, recipe)
    comparison = measure(file, candidate, baseline, gates, progress)
    try:
        page = write_report(flags.report, comparison)
    except OSError as error:
        raise invalid(f"The report cannot be written to {flags.report}: {error.strerror}.", _COMMAND) from error
    for one in comparison.judged:
        progress.at(100, f"{one.gate.name}: {one.verdict}: {one.why}")
    print(page)
    return 1 if comparison.held_up else 0


def _entrant(path: Path, flag: str, data_hash: str, recipe: Recipe) -> Entrant:
    try:
        model = CompiledModel.load(path)
    except OSError as error:
        raise invalid(f"The model {path} of {flag} cannot be read: {error.strerror}.", _COMMAND) from error
    except ArtifactRefused as error:
        raise invalid(f"The model {path} of {flag} is no compiled model: {error}.", _COMMAND) from error
    return Entrant(
        Sides(
            Contestant(
                version=path.stem,
                registry_version="",
                runID="",
                artifact_digest=model.digest,
                data_hash=data_hash,
                recipe=recipe,
            )
        ),
        model,
    )


def _gates(documents: Sequence[str], file: Path | None) -> tuple[Gate, ...]:
    """All gates of the flags. Raises InvalidOrder for none, for two of one name, and for one that asks for nothing."""
    try:
        gates = tuple(Gate.model_validate_json(document) for document in documents) + _gates_in(file)
    except ValidationError as error:
        raise invalid(f"The gates are invalid: {faults_in(error)}.", _COMMAND) from error
    names = [gate.name for gate in gates]
    if not gates:
        raise invalid("There is no gate to hold the candidate against: use --gate JSON or --gates FILE.", _COMMAND)
    for gate in gates:
        if names.count(gate.name) > 1:
            raise invalid(f"Two gates have the name {gate.name!r}.", _COMMAND)
        if (gate.threshold is None) == (gate.compare_with is None):
            raise invalid(f"Gate {gate.name!r} needs either threshold or compareWith.", _COMMAND)
    return gates


def _gates_in(file: Path | None) -> tuple[Gate, ...]:
    if file is None:
        return ()
    try:
        # YAML reads JSON as well.
        return _GATES.validate_python(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise invalid(f"The gates in {file} cannot be read: {' '.join(str(error).split())}.", _COMMAND) from error
