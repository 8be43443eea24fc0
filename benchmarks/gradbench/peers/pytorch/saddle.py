"""A saddle point, with `torch.func` for derivatives inside derivatives."""

import torch
from descent import MODES, minimum_of
from gradbench import wrap


def height(x, y):
    return torch.sum(x * x) - torch.sum(y * y)


def greatest(x, start, slopes):
    def depth(y):
        return -height(x, y)

    return minimum_of(depth, slopes(depth), start)


def search(outer, inner):
    @wrap.multiple_runs(
        pre=lambda given: torch.tensor(given["start"], dtype=torch.float64),
        post=lambda found: found.tolist(),
    )
    def found(start):
        def ridge(x):
            return height(x, greatest(x, start, MODES[inner]))

        x = minimum_of(ridge, MODES[outer](ridge), start)
        return torch.cat([x, greatest(x, start, MODES[outer])])

    return found


ff, fr, rf, rr = (search(outer, inner) for outer in "fr" for inner in "fr")
