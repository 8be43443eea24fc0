"""The elements of arrays: as objects to compute with, and as the numbers they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.numbers import is_real
from ..engine.value import Value, decided_by


def objects(x: Any) -> Any:
    """An operand as a plain array of Values and Python's floats, or as one of these itself."""
    if type(x) is Value or type(x) is float:
        return x
    if not isinstance(x, np.ndarray) and is_real(x):
        return float(x)
    elements = np.asarray(x)
    if elements.dtype == object:
        return elements
    if elements.dtype.kind not in "biuf":
        raise TypeError(f"real numbers and Values are needed, got an array of {elements.dtype}")
    return elements.astype(np.float64).astype(object)


def object_array(x: Any) -> Any:
    """`objects`, of no dimension where it is a single number."""
    return np.asarray(objects(x), dtype=object)


def numbers(x: Any) -> Any:
    """The numbers in an array, as float64; an array that holds no objects stays as it is.

    While a program is traced they are Values without derivatives: what is decided by them is
    decided again when it is replayed.
    """
    elements = np.asarray(x)
    if elements.dtype != object:
        return elements
    found = [decided_by(each) for each in elements.ravel().tolist()]
    if Value not in map(type, found):
        return np.array(found, dtype=np.float64).reshape(elements.shape)
    varying = np.empty(len(found), object)
    varying[:] = found
    return varying.reshape(elements.shape)
