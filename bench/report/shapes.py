"""What a page of figures is made of. Values only: it must not know which parts there are, nor what a page looks like."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """`reached` is told beside `wanted`; `more` says on which side of it is good."""

    what: str
    wanted: float
    reached: float
    more: bool
    unit: str = ""
    """Behind both; `×` for ratios."""

    @property
    def met(self) -> bool:
        """Whether it is as good as wanted, or better."""
        return self.reached >= self.wanted if self.more else self.reached <= self.wanted


@dataclass(frozen=True)
class Table:
    """Cells are texts. The first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One part of the product: what is said of it, its goals, tables, and pictures by file name and what they show."""

    told: tuple[str, ...] = ()
    goals: tuple[Goal, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[tuple[str, str], ...] = ()
