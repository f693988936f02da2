"""The simulated world with the Job controller and the pods of searches: an index for each group of trials."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sentiment_contract.search import BestTrial, GroupSearched, SearchResult, groups_of, trials_of
from sentiment_contract.training import EXIT_CODES, FailureReason, TrainingFailed, TrainingOrder
from sentiment_operator.api.conditions import timestamp
from sentiment_operator.facts.observed import Manifest
from sentiment_operator.kinds import JOB, POD
from sentiment_operator.names import SEARCH_ANNOTATION
from sentiment_operator.reading.raw import annotations_of
from sentiment_operator.reading.searching import INDEX_ANNOTATION
from tests.unit.operator.simulated_world import SILENT_EXIT_CODE, Move, World, exit_code_of, order_of, pod_of

OF_ONE_GROUP = (0, SILENT_EXIT_CODE, EXIT_CODES[FailureReason.SEARCH_FAILED])


@dataclass
class SearchingWorld(World):
    """A world in which parameters are searched for."""

    tries: Callable[[TrainingOrder, int], FailureReason | None] = lambda _order, _index: None
    """Why a group of trials fails, None where it does not; TrainerError: its pod dies without a word."""
    searched: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Label and group of every pod that tried one."""
    trials: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """Hash of the recipe → groups whose trials stand in MLflow."""

    def move_of(self, job: Manifest) -> Move:
        """What happens next to an unfinished Job."""
        return self._move_of_search(job) if SEARCH_ANNOTATION in annotations_of(job) else super().move_of(job)

    def reason_to_fail(self, order: TrainingOrder) -> FailureReason | None:
        """A training with searched parameters needs trials to choose from."""
        lacks = order.recipe.search is not None and not self.trials.get(order.recipe_hash)
        return super().reason_to_fail(order) or (FailureReason.SEARCH_FAILED if lacks else None)

    def _move_of_search(self, job: Manifest) -> Move:
        pods = {_index(pod): pod for pod in self.pods_of(job)}
        codes = [exit_code_of(pod) for pod in pods.values()]
        running = [pod for pod in pods.values() if exit_code_of(pod) is None]
        absent = [index for index in range(job["spec"]["completions"]) if index not in pods]
        if any(code is not None and code not in OF_ONE_GROUP for code in codes):
            return partial(self._end, job, "Failed", "PodFailurePolicy")
        if absent and len(running) < job["spec"]["parallelism"]:
            return partial(self._start, job, absent[0])
        if running:
            return partial(self._try, job, running[0])
        return partial(self._end, job, *(("Failed", "FailedIndexes") if any(codes) else ("Complete", "")))

    def _start(self, job: Manifest, index: int) -> None:
        name = job["metadata"]["name"]
        pod = pod_of(f"{name}-{index}", job["spec"]["template"], job, {"phase": "Running"})
        pod["metadata"]["annotations"] = {INDEX_ANNOTATION: str(index)}
        self.write(POD, pod)
        self._tell(job, {"active": 1, "ready": 1})

    def _try(self, job: Manifest, pod: Manifest) -> None:
        order, index = order_of(pod), _index(pod)
        self.searched.append((order.label, index))
        reason = FailureReason.REGISTRY_UNREACHABLE if self.mlflow_is_away else self.tries(order, index)
        if reason is FailureReason.TRAINER_ERROR:
            self.end_pod(pod, SILENT_EXIT_CODE, None)
        elif reason is not None:
            self.end_pod(pod, EXIT_CODES[reason], TrainingFailed(reason=reason, message=f"{reason}. Next: mend it"))
        else:
            self.trials.setdefault(order.recipe_hash, set()).add(index)
            self.end_pod(pod, 0, _tried(order, index))
        self._tell(job, {"active": 1, "ready": 1})

    def _end(self, job: Manifest, kind: str, reason: str) -> None:
        found = {"type": kind, "status": "True", "reason": reason, "lastTransitionTime": timestamp(self.now)}
        self._tell(job, {"conditions": [found]})

    def _tell(self, job: Manifest, more: Manifest) -> None:
        codes = {_index(pod): exit_code_of(pod) for pod in self.pods_of(job)}
        completed = ",".join(str(index) for index, code in sorted(codes.items()) if code == 0)
        failed = ",".join(str(index) for index, code in sorted(codes.items()) if code)
        started = {"startTime": timestamp(self.now), "completedIndexes": completed, "failedIndexes": failed}
        self.write_status(JOB, job["metadata"]["name"], {**started, **more})


def _index(pod: Manifest) -> int:
    return int(annotations_of(pod)[INDEX_ANNOTATION])


def _tried(order: TrainingOrder, index: int) -> GroupSearched:
    group = groups_of(trials_of(order.recipe))[index]
    best = BestTrial(trial=group[0].number, accuracy="0.9", parameters=group[0].parameters)
    return GroupSearched(result=SearchResult(trials=len(group), failed=0, best=best))
