"""From an order to checked, sampled and split reviews: everything before anything is learnt."""

from dataclasses import dataclass
from pathlib import Path

from sentiment_contract.recipe import Recipe
from sentiment_trainer.data.checks import DataReport, check
from sentiment_trainer.data.fetch import fetch
from sentiment_trainer.data.files import FetchedFile
from sentiment_trainer.data.read import read
from sentiment_trainer.data.split import Split, sample, split
from sentiment_trainer.progress import Progress
from sentiment_trainer.settings import Settings


@dataclass(frozen=True)
class PreparedData:
    """Checked data, ready to learn from."""

    file: FetchedFile
    report: DataReport
    sides: Split


def prepare(recipe: Recipe, settings: Settings, folder: Path, progress: Progress) -> PreparedData:
    """Fetch into `folder`, read, check, sample and split. Raises TrainingError with what is wrong with the data."""
    data = recipe.pinned_data()
    file = fetch(data, settings, folder)
    progress.at(5, f"{file.called}: {file.size:,} bytes, sha256 {file.sha256}")
    reviews, report = check(read(file, data.text_column, data.label_column), data, file.called)
    progress.at(10, f"{report.usable_rows:,} usable reviews, {report.rarer_class_percent:.1f} % of the rarer sentiment")
    sides = split(sample(reviews, data.rows, recipe.parameters.seed), data.test_percent, file.called)
    progress.at(15, f"{len(sides.train):,} reviews to learn from, {len(sides.test):,} held out")
    return PreparedData(file, report, sides)
