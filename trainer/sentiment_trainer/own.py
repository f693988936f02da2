"""How a team's own program changes the algorithm and nothing else: `main(own=OwnTrainer("a-name", fit))`.

Fetching, checking, splitting, measuring, proving and registering stay the trainer's, so that a model that was fitted in
another way is as reproducible and as exact as any other. It knows nothing of how the fitting is done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentiment_contract.parameters import EffectiveParameters
from sentiment_trainer.data.reviews import Reviews

if TYPE_CHECKING:
    from sentiment_trainer.learn.fit import FittedModel

Fit = Callable[[Reviews, EffectiveParameters, str], "FittedModel"]
"""Takes the reviews to learn from, the parameters and what the data is called towards people."""


@dataclass(frozen=True)
class OwnTrainer:
    """A way to fit, and the name that tells its models from those of others."""

    name: str
    """On a laptop; in the cluster it is the name that the model chose, spec.training.trainer. Another algorithm needs
    another name: what was trained under a name from the same data is taken as it is."""
    fit: Fit
