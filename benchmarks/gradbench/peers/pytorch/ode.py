"""Differential equations in a chain by Runge and Kutta's method, on whole vectors."""

import torch
from gradbench import wrap

END = 2.0


def slopes(x, y):
    return torch.cat([x[:1], x[1:] * y[:-1]])


def ode(x, steps):
    h = END / steps
    y = torch.zeros_like(x)
    for _ in range(steps):
        one = slopes(x, y)
        two = slopes(x, y + h / 2 * one)
        three = slopes(x, y + h / 2 * two)
        four = slopes(x, y + h * three)
        y = y + h / 6 * (one + 2 * two + 2 * three + four)
    return y


def prepare(given):
    return torch.tensor(given["x"], dtype=torch.float64, requires_grad=True), given["s"]


@wrap.multiple_runs(pre=prepare, post=lambda y: y.tolist())
def primal(given):
    with torch.no_grad():
        return ode(*given)


@wrap.multiple_runs(pre=prepare, post=lambda slopes: slopes.tolist())
def gradient(given):
    return torch.autograd.grad(ode(*given)[-1], given[0])[0]
