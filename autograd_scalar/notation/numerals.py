"""Numbers as text: to a few digits where they are read, all of them where they are kept."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence


def decimal(value: float, digits: int) -> str:
    """`value` to `digits` significant digits, as short as that allows.

    >>> decimal(2.0, 6), decimal(0.1 + 0.2, 6), decimal(1e-9, 6)
    ('2', '0.3', '1e-9')
    """
    if math.isinf(value) or math.isnan(value):
        return str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 10.0 ** max(digits, 6)):
        return str(int(value))
    mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def is_rounded(value: float, digits: int) -> bool:
    """Whether `decimal` leaves out some of `value`."""
    return math.isfinite(value) and float(decimal(value, digits)) != value


def aligned(numbers: Sequence[float]) -> list[str]:
    """The numbers in full precision, padded on the left to align their decimal points.

    >>> aligned([-0.5, 1000.0, 1e-05])
    ['  -0.5', '1000.0', '   1e-05']
    """
    texts = [repr(number) for number in numbers]
    heads = [len(re.match(r"-?(\d+|inf|nan)", text)[0]) for text in texts]  # type: ignore[index]
    most = max(heads, default=0)
    return [" " * (most - head) + text for text, head in zip(texts, heads, strict=True)]
