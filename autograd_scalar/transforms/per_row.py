"""What is made from each row of the table, once, when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ..table.primitives import TABLE, Primitive

Made = TypeVar("Made")


class PerRow(Generic[Made]):
    """A list by opcode of what `make` makes of rows; it grows as the table does."""

    def __init__(self, make: Callable[[Primitive], Made]) -> None:
        self._make = make
        self._rows: list[Primitive] = []
        self._made: list[Made | None] = []
        self._complete = 0

    def so_far(self) -> list[Made | None]:
        """What has been made, and None for the other rows."""
        if not self._rows or len(self._rows) != len(TABLE) or self._rows[-1] is not TABLE[-1]:
            same = 0
            for known, row in zip(self._rows, TABLE, strict=False):
                if known is not row:
                    break
                same += 1
            self._rows[:] = TABLE
            self._made[same:] = [None] * (len(TABLE) - same)
            self._complete = min(self._complete, same)
        return self._made

    def make(self, opcode: int) -> Made:
        """What is made of one row."""
        made = self._made[opcode] = self._make(TABLE[opcode])
        return made

    def of_all(self) -> list[Made | None]:
        """What is made of every row, if only None."""
        made = self.so_far()
        while self._complete < len(made):
            self.make(self._complete)
            self._complete += 1
        return made
