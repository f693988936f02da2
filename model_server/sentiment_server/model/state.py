"""Whether the model answers, and why not. The reasons are read by the operator, so they are part of the interface."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Machine-readable cause of the present state."""

    LOADING = "Loading"
    REGISTRY_UNREACHABLE = "RegistryUnreachable"
    ARTIFACT_MISSING = "ArtifactMissing"
    DIGEST_MISMATCH = "DigestMismatch"
    ARTIFACT_REFUSED = "ArtifactRefused"
    DRAINING = "Draining"
    READY = "Ready"


@dataclass(frozen=True)
class State:
    """What `/readyz` says."""

    reason: Reason
    message: str

    @property
    def ready(self) -> bool:
        """Whether new requests should be sent here."""
        return self.reason is Reason.READY


class LoadFault(Exception):
    """The model cannot be had or used at present."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
