"""The workloads, by name. Apart are `scaling` and `growth`, which compare sizes, and `compiled`."""

from .base import Workload
from .expression import EXPRESSION
from .mlp import MLP
from .operators import BLACK_SCHOLES, HESSIAN, NETWORK_LOSS, ROSENBROCK
from .transformer import TRANSFORMER

WORKLOADS: dict[str, Workload] = {
    "expression": EXPRESSION,
    "mlp": MLP,
    "transformer": TRANSFORMER,
    "rosenbrock": ROSENBROCK,
    "network": NETWORK_LOSS,
    "black_scholes": BLACK_SCHOLES,
    "hessian": HESSIAN,
}

__all__ = ["WORKLOADS", "Workload"]
