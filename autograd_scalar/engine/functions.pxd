from .value cimport Value, operand, ternary

cdef int _WHERE
