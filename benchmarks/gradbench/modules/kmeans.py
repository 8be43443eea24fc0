"""Clusters by Newton's method: how far points are from the nearest of several centres.

Of one centre's coordinates each second derivative is its own, so the Hessian times ones is its
diagonal, and the step is the gradient over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_scalar import compile, minimum, value_grad_and_hvp

from ..timing import timed


def nearest(centres: Sequence[Sequence[Any]], point: Sequence[Any]) -> Any:
    """The square of the distance to the nearest centre."""
    return minimum(
        *[sum((a - b) * (a - b) for a, b in zip(centre, point, strict=True)) for centre in centres]
    )


cost = compile(nearest, batch=(None, 0), reduce="sum", fast=True)


def derivatives(centres: Any, point: Any, ones: Any) -> Any:
    return value_grad_and_hvp(nearest)(centres, point, ones)[1:]


both = compile(derivatives, batch=(None, 0, None), reduce="sum", fast=True)


def direction(given: Any) -> Any:
    centres, points = given
    gradient, curvature = both(centres, points, np.ones_like(centres))
    return gradient / curvature


def clusters(given: Any) -> tuple[Any, Any]:
    centres = np.array(given["centroids"], dtype=np.float64)
    return centres, np.array(given["points"], dtype=np.float64)


FUNCTIONS = {
    "cost": timed(clusters)(lambda given: cost(*given)),
    "dir": timed(clusters, lambda step: step.tolist())(direction),
}
