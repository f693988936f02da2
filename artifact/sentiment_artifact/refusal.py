"""The one kind of error that says why a file, or arrays, are no compiled model."""


class ArtifactRefused(ValueError):
    """The file or the arrays are no compiled model; the message says what is wrong with them."""


def require(holds: bool, otherwise: str) -> None:
    """Raises ArtifactRefused with these words unless it holds."""
    if not holds:
        raise ArtifactRefused(otherwise)
