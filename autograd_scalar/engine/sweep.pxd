from . cimport value
from .value cimport Value

cpdef list graph_of(list[Value] roots, list[Value] given)
cpdef bint depends_only_on(list[Value] order, Py_ssize_t given)
cpdef list pull(list[Value] order, list[Value] roots, list seeds, list[Value] wanted)
cpdef list pull_aside(Value root, list[Value] wanted)
cpdef list push(list[Value] order, list[Value] leaves, list tangents, list[Value] wanted)
cpdef list curved(list[Value] order, list seconds)
cpdef tuple bend(list[Value] nodes, list adjoints, list seconds)
