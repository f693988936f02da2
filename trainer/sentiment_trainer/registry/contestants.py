"""Gets registered versions out of MLflow to be compared, and puts what the comparison found beside their training."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment_contract import names
from sentiment_contract.gates import Contestant
from sentiment_trainer.compare.unmeasurable import Unmeasurable
from sentiment_trainer.data.reviews import Reviews
from sentiment_trainer.data.split import SplitKind
from sentiment_trainer.registry.connection import reaching
from sentiment_trainer.registry.held_out import FILE, FOLDER, digest_of_file, read_kept
from sentiment_trainer.registry.package import download_compiled
from sentiment_trainer.registry.runs import MODEL_FOLDER

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

log = logging.getLogger(__name__)

REPORTS_FOLDER = "comparisons"
_COMPILED = f"{MODEL_FOLDER}/{names.ARTIFACT_PATH}"


@dataclass(frozen=True)
class ModelRegistry:
    """One registered model in MLflow. Every method raises RegistryUnreachable where MLflow does not answer."""

    client: "MlflowClient"
    tracking_url: str
    registered_model: str

    def compiled(self, contestant: Contestant, folder: Path) -> Path | None:
        """The compiled model as MLflow keeps it now, downloaded below `folder`; None where it keeps none."""
        with reaching(self.tracking_url, f"give the compiled model of version {contestant.version}"):
            # The download takes every fault for an absent file, an absent server too: only the list tells them apart.
            if _COMPILED not in self._artifacts(contestant.run_id, _COMPILED.rpartition("/")[0]):
                return None
            return download_compiled(self.tracking_url, contestant.run_id, folder)

    def split_of(self, contestant: Contestant) -> SplitKind | None:
        """What decided the sides when the version was trained; None where MLflow does not know."""
        told = self._tags(contestant).get(names.TAG_SPLIT)
        return SplitKind(told) if told in set(SplitKind) else None

    def held_out(self, contestant: Contestant, folder: Path) -> Reviews:
        """The reviews that the version was judged by. Raises Unmeasurable where MLflow does not keep them unharmed."""
        import mlflow.artifacts

        what = f"the reviews that version {contestant.version} was judged by"
        with reaching(self.tracking_url, f"give {what}"):
            if f"{FOLDER}/{FILE}" not in self._artifacts(contestant.run_id, FOLDER):
                raise Unmeasurable(f"MLflow does not keep {what}, and it was trained on other data")
            source = f"runs:/{contestant.run_id}/{FOLDER}/{FILE}"
            file = Path(
                mlflow.artifacts.download_artifacts(source, dst_path=str(folder), tracking_uri=self.tracking_url)
            )
        if digest_of_file(file) != self._tags(contestant).get(names.TAG_HELD_OUT_DIGEST):
            raise Unmeasurable(f"{what} are not in MLflow as they were registered")
        return read_kept(file)

    def _tags(self, contestant: Contestant) -> dict[str, str]:
        from mlflow.exceptions import MlflowException

        with reaching(self.tracking_url, f"tell the tags of version {contestant.version}"):
            try:
                name = contestant.registered_model or self.registered_model
                return self.client.get_model_version(name, contestant.registry_version).tags
            except MlflowException as error:
                if not _is_absent(error):
                    raise
                return {}

    def add_report(self, candidate: Contestant, baseline: Contestant | None, folder: Path) -> None:
        """Upload the report to the run that trained the candidate. A run that is gone takes none."""
        from mlflow.exceptions import MlflowException

        target = f"{REPORTS_FOLDER}/{baseline.version if baseline else 'alone'}"
        with reaching(self.tracking_url, "take the report of the comparison"):
            try:
                self.client.log_artifacts(candidate.run_id, str(folder), target)
            except MlflowException as error:
                if not _is_absent(error):
                    raise
                log.warning("run %s is gone from MLflow: the report is not kept", candidate.run_id)

    def _artifacts(self, run_id: str, folder: str) -> set[str]:
        from mlflow.exceptions import MlflowException

        try:
            found = self.client.list_artifacts(run_id, folder)  # pyright: ignore[reportUnknownMemberType]  few types
        except MlflowException as error:
            if not _is_absent(error):
                raise
            return set()
        return {file.path for file in found}


def _is_absent(error: "MlflowException") -> bool:
    return error.error_code == "RESOURCE_DOES_NOT_EXIST"
