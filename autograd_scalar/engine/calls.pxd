from . cimport kernels
from .value cimport Value, binary, operand, ternary, unary
