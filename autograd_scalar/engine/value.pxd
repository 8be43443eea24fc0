cimport cython


@cython.final
cdef class Value:
    cdef public double _data
    cdef public double _grad
    cdef public double _flow
    cdef public double _dx
    cdef public double _dy
    cdef public object _label
    cdef public int _opcode
    cdef public long long _mark
    cdef readonly Value _x
    cdef readonly Value _y
    cdef readonly tuple _more


from . cimport context, kernels
from .numbers cimport comparable, is_real, to_float

cdef int _LEAF, _PARAMETER, _CONSTANT, _VARYING_CONSTANT
cdef int _ADD, _SUB, _MUL, _DIV, _NEG, _POW, _FLOORDIV, _MOD, _ABS
cdef int _LESS, _LESS_EQUAL, _EQUAL, _NOT_EQUAL
cdef double _NOT_COMPUTED
cdef long long _mark

cdef void _fill(Value v, double data, int opcode)
cdef Value _parentless(double data, int opcode)
cpdef object decided_by(object x)
cpdef Value constant(double data)
cdef Value _constant(object other)
cdef bint _traced() except -1
cdef object _question(int opcode, object left, object right)
cdef Value _detached(Value v)
cpdef Value varying_constant(double data)
cdef _refuse_in_place(Value v)
cpdef Value operand(object other, int opcode)
@cython.locals(state=int)
cdef Value _unary(int opcode, Value x, (double, double) results)
@cython.locals(state=int)
cdef Value _binary(int opcode, Value x, Value y, (double, double, double) results)
cdef Value _add(Value x, Value y)
cdef Value _sub(Value x, Value y)
cdef Value _mul(Value x, Value y)
cdef Value _failed(int opcode, object operands, object error)
cpdef Value unary(int opcode, Value x)
cpdef Value binary(int opcode, Value x, Value y)
cpdef Value ternary(int opcode, Value x, Value y, Value z)
cdef Value _ternary(
    int opcode, Value x, Value y, Value z, (double, double, double, double) results
)
cpdef require_values(list values)
cpdef clear_flows(list[Value] values)
@cython.locals(met="long long", asked="long long", done="long long", stack=list, found=list)
cpdef list order(list[Value] roots, list[Value] stop)
cdef Value _unmet(tuple more, long long met)
@cython.locals(mark="long long", has_nan=bint, found=list)
cpdef list adjoints(list[Value] order, list[Value] roots, list seeds, list[Value] wanted)
@cython.locals(mark="long long", flow=double, has_nan=bint, values=list, leaves=list, done=Py_ssize_t, i=Py_ssize_t)
cdef _accumulate(Value root, double seed)
@cython.locals(flow=double, partial=double, has_nan=bint)
cdef bint _sweep(list[Value] order, list[Value] roots, list seeds) except -1
