"""A charged particle, with `torch.func` for derivatives inside derivatives."""

import torch
from descent import MODES, minimum_of
from gradbench import wrap

STEP = 0.1


def missed(w, slopes):
    charges = torch.stack(
        [
            torch.stack([torch.tensor(10.0).double(), 10.0 - w]),
            torch.tensor([10.0, 0.0], dtype=torch.float64),
        ]
    )
    force = slopes(lambda x: torch.sum(1 / torch.linalg.norm(x - charges, dim=1)))
    x = torch.tensor([0.0, 8.0], dtype=torch.float64)
    velocity = torch.tensor([0.75, 0.0], dtype=torch.float64)
    while True:
        after = x + STEP * velocity
        if after[1] <= 0:
            return (x - x[1] / velocity[1] * velocity)[0] ** 2
        velocity = velocity - STEP * force(x)
        x = after


def search(outer, inner):
    def value(w):
        return missed(w[0], MODES[inner])

    @wrap.multiple_runs(
        pre=lambda given: torch.tensor([given["w"]], dtype=torch.float64),
        post=lambda w: float(w[0]),
    )
    def found(start):
        return minimum_of(value, MODES[outer](value), start)

    return found


ff, fr, rf, rr = (search(outer, inner) for outer in "fr" for inner in "fr")
