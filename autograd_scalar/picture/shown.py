"""A Value as notebooks show it: its label typeset, its number, and its gradient if it has one.

Knows notation, and of a value its own label and numbers.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..engine.value import Value

if TYPE_CHECKING:
    from ..notation.typeset import Typesetter


def _bundle(
    self: Value,
    include: Collection[str] | None = None,
    exclude: Collection[str] | None = None,
    **_: Any,
) -> dict[str, str]:
    # Only notebooks ask for this, so importing the package should not cost what it needs.
    from ..notation.notebook import bundle
    from ..notation.typeset import Latex, MathML

    plain = Value.__repr__(self)  # a TypeError for what is no Value
    forms = {
        "text/plain": lambda: plain,
        "text/html": lambda: f"<math>{_row(self, MathML)}</math>",
        "text/latex": lambda: f"${_row(self, Latex)}$",
    }
    return bundle(forms, include, exclude)


def _row(v: Value, notation: type[Typesetter]) -> str:
    from ..notation.numerals import is_rounded

    def written(number: float) -> str:
        """All digits that it takes to tell the number from others."""
        digits = next((n for n in range(1, 17) if not is_rounded(number, n)), 17)
        return notation(digits).number(number)

    marks = notation()
    row = f"{marks.label(v.label)}{marks.equal}{written(v.data)}" if v.label else written(v.data)
    if v.has_grad:
        row += f"{marks.words(', grad')}{marks.equal}{written(v.grad)}"
    return row


Value._repr_mimebundle_ = _bundle  # type: ignore[attr-defined]
