"""The machine that replays tapes: in C where the compiled build is loaded, else in Python.

`code` says what it runs; both give the same numbers, to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..engine.builds import build
from .plain import block_sum

if TYPE_CHECKING or build == "python":
    from .plain import Batch, Program, add_gradients, exact_sum
else:
    from .native import Batch, Program, add_gradients, exact_sum

__all__ = ["Batch", "Program", "add_gradients", "block_sum", "exact_sum"]
