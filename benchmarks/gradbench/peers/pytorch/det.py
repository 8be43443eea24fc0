"""The determinant as a sum over permutations, which is one product of tensors."""

from itertools import permutations

import numpy as np
import torch
from gradbench import wrap


def prepare(given):
    size = given["ell"]
    chosen = np.array(list(permutations(range(size))))
    first, second = np.triu_indices(size, 1)
    inversions = (chosen[:, first] > chosen[:, second]).sum(axis=1)
    matrix = torch.tensor(given["A"], dtype=torch.float64).reshape(size, size)
    signs = torch.tensor(1.0 - 2.0 * (inversions % 2), dtype=torch.float64)
    return matrix.requires_grad_(), torch.arange(size), torch.tensor(chosen), signs


def det(matrix, rows, chosen, signs):
    return torch.sum(signs * torch.prod(matrix[rows, chosen], dim=1))


@wrap.multiple_runs(pre=prepare, post=float)
def primal(given):
    return det(*given)


@wrap.multiple_runs(pre=prepare, post=lambda slopes: slopes.flatten().tolist())
def gradient(given):
    return torch.autograd.grad(det(*given), given[0])[0]
