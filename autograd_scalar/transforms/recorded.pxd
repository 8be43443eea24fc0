cimport cython

from ..engine.value cimport Value
from .arithmetic cimport add, mul


@cython.locals(places=dict)
cdef list _sweep(list[Value] order, object seeds, object wanted, bint recorded, bint forward, bint last)
cdef tuple _places(Value v, dict places)
cdef object _operand(Value v, bint matters)
cdef object _apply(object rule, tuple operands, bint matters)
@cython.locals(rules=tuple)
cdef list _partials(Value v, tuple operands, list matters, object made)
@cython.locals(place=Py_ssize_t, i=Py_ssize_t, operand=Py_ssize_t, places=tuple, partials=list)
cdef _adjoints(list[Value] order, list operands, list found, list wanted, object rules, object observer)
@cython.locals(place=Py_ssize_t, i=Py_ssize_t, operand=Py_ssize_t, places=tuple, partials=list)
cdef _tangents(list[Value] order, list operands, list found, object rules, object observer)
