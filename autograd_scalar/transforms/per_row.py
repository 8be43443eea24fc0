"""What is made from each row of the table, once, when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ..table.primitives import Primitive
from ..table.registry import TABLE

Made = TypeVar("Made")


class PerRow(Generic[Made]):
    """A list by opcode, `made`, of what a function makes of rows, and None for the other rows."""

    def __init__(self, function: Callable[[Primitive], Made]) -> None:
        self.made: list[Made | None] = []
        self._function = function
        self._rows: list[Primitive] = []
        self._complete = 0

    def refresh(self) -> None:
        """Notice the rows that have come to the table."""
        if not self._rows or len(self._rows) != len(TABLE) or self._rows[-1] is not TABLE[-1]:
            same = 0
            for known, row in zip(self._rows, TABLE, strict=False):
                if known is not row:
                    break
                same += 1
            self._rows[:] = TABLE
            self.made[same:] = [None] * (len(TABLE) - same)
            self._complete = min(self._complete, same)

    def make(self, opcode: int) -> Made:
        """What is made of one row."""
        made = self.made[opcode] = self._function(TABLE[opcode])
        return made

    def make_all(self) -> list[Made | None]:
        """What is made of every row, if only None."""
        self.refresh()
        while self._complete < len(self.made):
            self.make(self._complete)
            self._complete += 1
        return self.made
