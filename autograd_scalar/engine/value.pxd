cimport cython


@cython.final
cdef class Value:
    cdef public double _data
    cdef public double _grad
    cdef public double _dx
    cdef public double _dy
    cdef public object _label
    cdef public int _opcode
    cdef public long long _mark
    cdef public Value _x
    cdef public Value _y
    cdef public tuple _more


from . cimport kernels

cdef int _LEAF, _PARAMETER, _CONSTANT
cdef int _ADD, _SUB, _MUL, _DIV, _NEG, _POW, _FLOORDIV, _MOD, _ABS
cdef double _NOT_COMPUTED
cdef object _sweeping
cdef long long _mark
cdef int _interventions

cdef void _collect(Value root, list[Value] leaves, list[Value] interior)
cdef void _differentiate(Value root, double seed)
cdef void _sweep(list[Value] interior)
cpdef long long fresh_marks(long long count)
cdef void _fill(Value v, double data, int opcode)
cdef Value _parentless(double data, int opcode)
cdef Value _unary(int opcode, Value x, (double, double) results)
cdef Value _binary(int opcode, Value x, Value y, (double, double, double) results)
cpdef Value unary(int opcode, Value x)
cpdef Value binary(int opcode, Value x, Value y)
cpdef double to_float(object data) except? -1.0
cdef Value _constant(object other)
