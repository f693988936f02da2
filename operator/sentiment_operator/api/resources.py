"""Processor and memory of the pods, as a person asks for them and as they get them by default.

As in model.py, descriptions and bounds are those of the CRD schema. This module knows no client and no clock.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire

CPUQuantity = Annotated[
    str, StringConstraints(pattern=r"^([0-9]{1,4}|[0-9]{1,6}m|[0-9]{1,3}\.[0-9]{1,3})$", min_length=1, max_length=8)
]
MemoryQuantity = Annotated[
    str, StringConstraints(pattern=r"^[1-9][0-9]{0,9}(Ki|Mi|Gi|k|M|G)?$", min_length=1, max_length=12)
]


class Amounts(Wire):
    """An amount of each resource."""

    cpu: CPUQuantity | None = Field(
        default=None, description='Processor, in cores ("1", "0.5") or thousandths ("500m").'
    )
    memory: MemoryQuantity | None = Field(default=None, description="Memory, for example 512Mi.")


class Resources(Wire):
    """What a container asks for and what it may use at most."""

    requests: Amounts = Field(
        default=Amounts(),
        description="What the scheduler reserves. Absent: the limit that is set here, else the default of the pod.",
    )
    limits: Amounts = Field(
        default=Amounts(), description="What the container may use at most. Absent: the default of the pod."
    )

    def told(self) -> str:
        """The amounts in words."""
        return f"requests of {_told(self.requests)}, limits of {_told(self.limits)}"


def _told(amounts: Amounts) -> str:
    return " and ".join(f"{amount} {name}" for name, amount in amounts.model_dump(exclude_none=True).items())


TRAINER_RESOURCES = Resources(requests=Amounts(cpu="500m", memory="1Gi"), limits=Amounts(memory="4Gi"))
"""What a training pod gets where its model asks for nothing else."""
SERVER_RESOURCES = Resources(requests=Amounts(cpu="100m", memory="256Mi"), limits=Amounts(memory="512Mi"))
"""The same for a serving pod. No limit of CPU: it would slow a start down for nothing."""
