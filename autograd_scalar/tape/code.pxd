cimport cython

@cython.locals(
    words=Py_ssize_t,
    registers=Py_ssize_t,
    bottom=int,
    first_column=int,
    in_batch=bint,
    opcodes=int,
    place=Py_ssize_t,
    number=Py_ssize_t,
    opcode=int,
    shape=int,
    head=Py_ssize_t,
    reads=Py_ssize_t,
    rest=Py_ssize_t,
    count=Py_ssize_t,
    begin=Py_ssize_t,
    end=Py_ssize_t,
    i=Py_ssize_t,
    register=Py_ssize_t,
    column=int,
    kind=int,
)
cpdef tuple check(
    int[::1] code, int[::1] shapes, unsigned char[::1] seen, Py_ssize_t shared, int lowest
)


@cython.locals(
    known=Py_ssize_t,
    words=Py_ssize_t,
    begin=Py_ssize_t,
    end=Py_ssize_t,
    entry=Py_ssize_t,
    opcode=int,
    i=Py_ssize_t,
    operand=int,
)
cpdef tuple check_entries(int[::1] opcodes, int[::1] operands, int[::1] reads)

@cython.locals(i=Py_ssize_t, word=int)
cpdef object check_range(int[::1] words, Py_ssize_t least, Py_ssize_t end)
