"""Least squares with a matrix of powers."""

import torch
from gradbench import wrap


def prepare(given):
    x = torch.tensor(given["x"], dtype=torch.float64, requires_grad=True)
    return x, torch.linspace(-1, 1, given["n"], dtype=torch.float64)


def half_squares(x, t):
    powers = torch.linalg.vander(t, N=len(x))
    return torch.sum((torch.sign(t) - powers @ x) ** 2) / 2


@wrap.multiple_runs(pre=prepare, post=float)
def primal(given):
    return half_squares(*given)


@wrap.multiple_runs(pre=prepare, post=lambda slopes: slopes.tolist())
def gradient(given):
    return torch.autograd.grad(half_squares(*given), given[0])[0]
