"""What is answered to each request that has the right shape. The direct way and FastAPI's routes both end here."""

import asyncio
from collections.abc import Sequence

from starlette.types import Scope

from sentiment_artifact import Score
from sentiment_server.model.serving import Serving
from sentiment_server.web.admission import Admission
from sentiment_server.web.envelope import Predicted, remember
from sentiment_server.web.oip_types import LABEL, PROBABILITY, InferReply, InferRequest, InputTensor, OutputTensor
from sentiment_server.web.problems import Problem
from sentiment_server.web.schemas import Prediction, Predictions, Readiness, Review, Reviews, Sentiment

PATIENTLY, PATIENCE_SECONDS = b"wait", 3.0
"""The kubelet asks once a second: its question is answered in the moment in which it can be, and not by the next one."""
STRINGS = {"content_type": "str"}


class Answering:
    """The answers of one process. All methods belong to one event loop, and raise Problem or NotReady."""

    def __init__(self, serving: Serving, admission: Admission) -> None:
        self._serving = serving
        self._admission = admission

    async def review(self, scope: Scope, review: Review) -> Prediction:
        """One text."""
        (score,) = await self.scores(scope, [review.text])
        return Prediction(sentiment=score.sentiment, probability=score.probability, version=self.version)

    async def reviews(self, scope: Scope, reviews: Reviews) -> Predictions:
        """A batch."""
        scores = await self.scores(scope, reviews.texts)
        answers = [Sentiment(sentiment=score.sentiment, probability=score.probability) for score in scores]
        return Predictions(predictions=answers, version=self.version)

    async def infer(self, scope: Scope, asked: InferRequest, model: str, version: str | None) -> InferReply:
        """A request of the Open Inference Protocol for this model and, unless None, this version."""
        self.require(model, version)
        (tensor,) = asked.inputs
        scores = await self.scores(scope, tensor.data)
        return InferReply(
            model_name=model,
            model_version=self.version,
            id=asked.id,
            outputs=_outputs(asked, tensor, scores),
        )

    def require(self, model: str, version: str | None) -> None:
        """Raises Problem 404 unless the path names the model, and the version, that this process serves."""
        identity = self._serving.identity
        if model != identity.model:
            raise Problem(
                404, "Unknown model", "This server has another model.", f"Ask for /v2/models/{identity.model}."
            )
        if version not in (None, identity.version):
            raise Problem(
                404, "Unknown version", "This server has another version.", f"Ask for version {identity.version}."
            )

    async def readiness(self, scope: Scope) -> tuple[int, Readiness]:
        """What `/readyz` says, and its status. Asked as `/readyz?wait`, it says so once the model is loaded or cannot be."""
        if scope["query_string"] == PATIENTLY:
            await self._serving.until_loading_ends(PATIENCE_SECONDS)
        state, identity = self._serving.state, self._serving.identity
        readiness = Readiness(
            ready=state.ready, reason=state.reason, message=state.message,
            model=identity.model, version=identity.version, digest=self._serving.digest,
        )  # fmt: skip
        return 200 if state.ready else 503, readiness

    @property
    def version(self) -> str:
        """The label of the version that answers."""
        return self._serving.identity.version

    async def scores(self, scope: Scope, texts: list[str]) -> Sequence[Score]:
        """One for each text, in order."""
        with self._admission.admit():
            # Lets every other request that has arrived by now take its number before the first one is scored.
            await asyncio.sleep(0)
            scores = await self._serving.score(texts)
        remember(scope, Predicted(texts, scores))
        return scores


def _outputs(asked: InferRequest, tensor: InputTensor, scores: Sequence[Score]) -> list[OutputTensor]:
    wanted = {output.name for output in asked.outputs or ()}
    label = OutputTensor(
        name=LABEL,
        shape=tensor.shape,
        datatype="BYTES",
        data=[score.sentiment for score in scores],
        parameters=STRINGS,
    )
    probability = OutputTensor(
        name=PROBABILITY, shape=tensor.shape, datatype="FP64", data=[score.probability for score in scores]
    )
    return [output for output in (label, probability) if not wanted or output.name in wanted]
