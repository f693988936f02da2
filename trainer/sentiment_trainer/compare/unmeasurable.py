"""The one exception of a comparison for a figure that cannot be had. It ends as `Figures.problem`: nothing is guessed."""


class Unmeasurable(Exception):
    """Why there is no figure: what and where, fit for a person."""
