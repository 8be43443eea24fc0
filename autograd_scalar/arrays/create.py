"""`array`: Values and numbers as an array. Only who makes one needs NumPy."""

from __future__ import annotations

from typing import Any

from ..engine.numpy_needed import numpy_for


def array(elements: Any) -> Any:
    """An array of Values and numbers that NumPy's functions work on.

    elements  a Value, a number, or sequences and arrays of such, nested as for `numpy.array`

    Values are taken as they are, numbers become floats: constants that may be replaced by
    Values. Returns a new `ndarray` of dtype object. Raises `TypeError` for what is no real
    number, `ValueError` for rows of different lengths, and `ImportError` without NumPy.

    >>> import numpy as np
    >>> from autograd_scalar import Value
    >>> x = array([Value(0.5), 2.0, Value(3.0)])
    >>> loss = np.sum(np.log(np.clip(x, 1e-7, 1.0)) ** 2)
    >>> loss.backward()
    >>> x.grad
    array([-2.77258872,  0.        ,  0.        ])
    """
    numpy_for("array")
    from .array import from_elements

    return from_elements(elements)
