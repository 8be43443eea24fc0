cimport cython
from . cimport kernels, value
from .value cimport Value

cpdef bint depends_only_on(list[Value] order, Py_ssize_t given)
@cython.locals(mark="long long", flow=double, partial=double)
cpdef list tangents(list[Value] order, list[Value] leaves, list rates, list[Value] wanted)
cpdef list nonlinear_nodes(list[Value] order, list seconds)
cpdef tuple hessian_terms(list[Value] nodes, list adjoints, list seconds)
