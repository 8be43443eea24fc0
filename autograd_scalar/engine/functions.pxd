from .value cimport Value, binary, operand, ternary

cdef int _WHERE, _MAXIMUM, _MINIMUM

cdef _fold(int opcode, object of_two, tuple values)
