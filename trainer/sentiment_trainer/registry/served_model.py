"""The model as MLflow serves it: a few lines of code over the compiled file, and nothing pickled.

MLflow copies this file into every model and runs it on loading, so it may import only what the model's requirements
and the packages beside it bring.
"""

# Neither MLflow nor pandas ships usable types for a model's code.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportPrivateImportUsage=false, reportIncompatibleMethodOverride=false

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from sentiment_artifact import CompiledModel


class SentimentModel(PythonModel):
    """Takes reviews, one per row, in a column named text; gives a sentiment and its probability for each."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the compiled file that MLflow brought along."""
        self._model = CompiledModel.load(context.artifacts["model"])

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, object] | None = None
    ) -> pd.DataFrame:
        """Score every row."""
        del context, params
        scores = self._model.score_many(model_input["text"])
        return pd.DataFrame(
            {"sentiment": [s.sentiment for s in scores], "probability": [s.probability for s in scores]}
        )


set_model(SentimentModel())
