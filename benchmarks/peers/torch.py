"""PyTorch on scalars: float64 tensors without dimensions, `backward()`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .base import Peer, ValueAndGradient


class Torch(Peer):
    title = "PyTorch (scalar tensors)"
    distribution = "torch"

    def __init__(self) -> None:
        torch.set_num_threads(1)

    def leaves(self, numbers: Sequence[float]) -> list[torch.Tensor]:
        return [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]

    def assign(self, leaves: list[torch.Tensor], numbers: Sequence[float]) -> None:
        with torch.no_grad():
            for leaf, number in zip(leaves, numbers, strict=True):
                leaf.fill_(number)

    def value_and_gradient(
        self, function: Callable[[Sequence[Any]], Any], leaves: list[torch.Tensor]
    ) -> ValueAndGradient:
        for leaf in leaves:
            leaf.grad = None
        out = function(leaves)
        out.backward()
        return out.item(), [0.0 if leaf.grad is None else leaf.grad.item() for leaf in leaves]

    def exp(self, x: Any) -> Any:
        return torch.exp(x)

    def log(self, x: Any) -> Any:
        return torch.log(x)

    def relu(self, x: Any) -> Any:
        return torch.relu(x)
