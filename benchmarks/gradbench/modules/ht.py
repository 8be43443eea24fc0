"""A hand's pose from points on it: how far they are off, and the derivatives of that.

Each point is an example of a batch. The bones, which all points share, are computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_scalar import compile, cos, jacobian, sin, sqrt

from ..timing import timed

Numbers = Sequence[Any]
#: The upper three rows of a 4 × 4 matrix whose last row is 0 0 0 1.
Transform = Sequence[Numbers]

#: The fingers' joints follow a wrist and the thumb's root; the last of four does not bend.
FIRST, JOINTS = 2, 4
#: A turn by less is none.
SMALL = 1e-4


def product(a: Transform, b: Transform) -> Transform:
    return [
        [sum(row[k] * b[k][j] for k in range(3)) + (row[3] if j == 3 else 0.0) for j in range(4)]
        for row in a
    ]


def bent(bone: int, theta: Numbers) -> Transform | None:
    """How a bone is turned in its joint, if it is: by one angle, at a finger's root by two."""
    finger, joint = divmod(bone - FIRST, JOINTS)
    first = 6 + 4 * finger
    if not (0 <= joint < 3 and 0 <= finger < 5):
        return None
    about_x, about_z = (
        (theta[first], theta[first + 1]) if joint == 0 else (theta[first + joint + 1], 0.0)
    )
    cx, sx, cz, sz = cos(about_x), sin(about_x), cos(about_z), sin(about_z)
    return [[cz, -sz * cx, sz * sx, 0.0], [sz, cz * cx, -cz * sx, 0.0], [0.0, sx, cx, 0.0]]


def turn(axis: Numbers) -> Sequence[Numbers]:
    """The rotation matrix for a turn by as much as the axis is long."""
    angle = sqrt(sum(each * each for each in axis))
    if angle < SMALL:
        return [[float(i == j) for j in range(3)] for i in range(3)]
    x, y, z = (each / angle for each in axis)
    c, s = cos(angle), sin(angle)
    return [
        [x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s],
        [x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s],
        [x * z * (1 - c) - y * s, z * y * (1 - c) + x * s, z * z + (1 - z * z) * c],
    ]


@dataclass(frozen=True)
class Skeleton:
    """Bones: which hangs from which, and where they are when the hand is at rest."""

    parents: tuple[int, ...]
    relatives: Any
    inverse_absolutes: Any
    mirrored: bool

    def posed(self, theta: Numbers) -> list[Transform]:
        """What moves each bone from where it is at rest."""
        absolutes: list[Transform] = []
        for bone, parent in enumerate(self.parents):
            turned = bent(bone, theta)
            here: Transform = self.relatives[bone]
            here = here if turned is None else product(here, turned)
            absolutes.append(here if parent < 0 else product(absolutes[parent], here))
        return [
            product(absolute, rest)
            for absolute, rest in zip(absolutes, self.inverse_absolutes, strict=True)
        ]

    def vertices(self, theta: Numbers, positions: Any, weights: Any) -> list[list[Any]]:
        """Where vertices are: each follows the bones by its weights."""
        bones = self.posed(theta)
        rotation, shift = turn(theta[:3]), theta[3:6]
        found = []
        for position, ws in zip(positions, weights, strict=True):
            blended = [
                [sum(w * bone[i][j] for w, bone in zip(ws, bones, strict=True)) for j in range(4)]
                for i in range(3)
            ]
            x = [sum(a * b for a, b in zip(row, position, strict=True)) for row in blended]
            if self.mirrored:
                x[0] = -x[0]
            found.append(
                [
                    sum(a * b for a, b in zip(row, x, strict=True)) + t
                    for row, t in zip(rotation, shift, strict=True)
                ]
            )
        return found

    def error(
        self, u: Numbers, theta: Numbers, positions: Any, weights: Any, point: Numbers
    ) -> list[Any]:
        """How far a point is from one on a triangle (or, without u, from a vertex)."""
        corners = self.vertices(theta, positions, weights)
        if len(corners) == 1:
            on_hand = corners[0]
        else:
            shares = [u[0], u[1], 1 - u[0] - u[1]]
            on_hand = [
                sum(s * x for s, x in zip(shares, xs, strict=True))
                for xs in zip(*corners, strict=True)
            ]
        return [a - b for a, b in zip(point, on_hand, strict=True)]


class Hand:
    """A hand with points on it."""

    def __init__(self, given: Any) -> None:
        model, data = given["data"]["model"], given["data"]
        skeleton = Skeleton(
            tuple(model["parents"]),
            np.array(model["base_relatives"])[:, :3].tolist(),
            np.array(model["inverse_base_absolutes"])[:, :3].tolist(),
            model["is_mirrored"],
        )
        corners = np.array(data["correspondences"], dtype=np.int64)
        us = np.array(given["us"], dtype=np.float64)
        if us.size:
            corners = np.array(model["triangles"])[corners]
        else:
            us, corners = np.zeros((len(corners), 0)), corners[:, None]
        positions, weights = np.array(model["base_positions"]), np.array(model["weights"])
        points = np.array(data["points"], dtype=np.float64)
        self.arguments = (
            us,
            np.array(given["theta"]),
            positions[corners],
            weights[corners],
            points,
        )
        batch = (0, None, 0, 0, 0)
        self.errors = compile(skeleton.error, batch=batch)
        by = (0, 1) if us.size else (1,)
        self.derivatives = compile(
            jacobian(skeleton.error, argnums=by, mode="forward"), batch=batch
        )


def objective(hand: Hand) -> Any:
    return np.column_stack(hand.errors(*hand.arguments)).ravel()


def derivatives(hand: Hand) -> Any:
    """Three rows of each point: by its own u, then by all angles."""
    rows = hand.derivatives(*hand.arguments)
    return np.stack([np.concatenate(row, axis=1) for row in rows], axis=1).reshape(
        3 * len(rows[0][0]), -1
    )


def lists(found: Any) -> Any:
    return found.tolist()


FUNCTIONS = {
    "objective": timed(Hand, lists)(objective),
    "jacobian": timed(Hand, lists)(derivatives),
}
