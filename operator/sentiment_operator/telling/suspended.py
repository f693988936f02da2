"""What is said of a station that is not begun because the model is suspended. Pure."""

from sentiment_operator.api.conditions import Verdict
from sentiment_operator.api.reasons import Reason
from sentiment_operator.deciding.view import View
from sentiment_operator.explaining.next_step import resume, then

SUSPENDED = "spec.suspend is true: nothing new is begun. status.plan says what would follow."


def suspended(view: View) -> Verdict:
    """The verdict on that station."""
    return Verdict("False", Reason.SUSPENDED, then(SUSPENDED, resume(view.model)))
