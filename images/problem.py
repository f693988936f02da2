"""What stops a build, told to the person who started it."""


class Problem(Exception):
    """A build cannot go on. `what` says what and why, `next_step` what to do."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
