"""A slow, exact referee of the posting periods: each line is looked at with every closing, as the definition says."""

from dataclasses import dataclass, field

LANE = 1 << 40
Months = list[tuple[str, int, int]]


@dataclass(frozen=True)
class Line:
    """A ledger line, as far as its period is concerned."""

    order_id: str
    booked_ms: int
    amount: int
    batch: int


@dataclass
class Ledger:
    """Lines as they were written, and what each closing held: the last batch of each lane."""

    months: Months
    lines: list[Line] = field(default_factory=list)
    last: dict[int, int] = field(default_factory=dict)
    closings: dict[str, dict[int, int]] = field(default_factory=dict)

    def close(self, month: str) -> None:
        self.closings[month] = dict(self.last)

    def period(self, line: Line) -> str:
        """The first month, from the line's own on, that is open or was closed with the line in it."""
        own = next(place for place, (_, start, end) in enumerate(self.months) if start <= line.booked_ms < end)
        for name, _, _ in self.months[own:]:
            held = self.closings.get(name)
            if held is None or line.batch <= held.get(line.batch // LANE, 0):
                return name
        raise AssertionError("the last month stays open")

    def figures(self) -> dict[str, int]:
        """Sum of the lines of each month."""
        sums: dict[str, int] = {}
        for line in self.lines:
            sums[self.period(line)] = sums.get(self.period(line), 0) + line.amount
        return sums
