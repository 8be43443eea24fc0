from .value cimport Value

cdef int _CONSTANT
cdef double _NOT_COMPUTED

cpdef list graph_of(list[Value] roots, list[Value] given)
cpdef bint depends_only_on(list[Value] order, Py_ssize_t given)
cpdef list pull(list[Value] order, list[Value] roots, list seeds, list[Value] wanted)
cpdef list push(list[Value] order, list[Value] leaves, list tangents, list[Value] wanted)
cdef list _clear(list[Value] order)
cdef void _restore(list[Value] order, list kept)
