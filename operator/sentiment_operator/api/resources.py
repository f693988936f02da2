"""Processor and memory of the pods, as a person asks for them and as they get them by default.

As in model.py, descriptions and bounds are those of the CRD schema. This module knows no client and no clock.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from sentiment_contract.base import Wire

_IN_A_CRD = {"x-kubernetes-int-or-string": True, "minimum": 1}
CPUQuantity = Annotated[
    str,
    StringConstraints(pattern=r"^([0-9]{1,6}m?|[0-9]{1,6}\.[0-9]{1,3})$", min_length=1, max_length=10),
    Field(coerce_numbers_to_str=True, json_schema_extra={**_IN_A_CRD, "maximum": 999_999}),
]
"""A number need not be quoted, as in the spec of a pod. Here it is a text, so that 2 and "2" are the same."""
MemoryQuantity = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{1,16}(\.[0-9]{1,3})?([KMGTP]i|[kMGTP]|[eE][0-9]{1,2})?$", min_length=1, max_length=24
    ),
    Field(coerce_numbers_to_str=True, json_schema_extra={**_IN_A_CRD, "maximum": 2**50}),
]
"""Likewise. Thousandths of a byte are left out: whoever writes "512m" means 512Mi."""


class Amounts(Wire):
    """An amount of each resource."""

    cpu: CPUQuantity | None = Field(default=None, description='Processor, in cores (2, "0.5") or thousandths ("500m").')
    memory: MemoryQuantity | None = Field(
        default=None, description="Memory, in bytes or with a unit, for example 512Mi or 1.5Gi; at most 1Pi."
    )


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
