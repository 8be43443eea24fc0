from .value cimport Value, binary, operand, ternary, unary
