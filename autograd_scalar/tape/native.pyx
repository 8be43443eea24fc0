"""The machine in C, with the names and the results of `plain`.

Code is checked and prepared for C once; C's loops check nothing.
"""

cimport cython
from cpython cimport array
from cpython.object cimport PyObject
from cpython.buffer cimport (
    PyBUF_STRIDED, PyBUF_STRIDED_RO, PyBuffer_Release, PyObject_GetBuffer
)
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_RawFree, PyMem_RawMalloc
from libc.math cimport NAN
from libc.stdint cimport int32_t, uintptr_t
from libc.string cimport memcpy, memset

from ..engine.value cimport Value

from array import array as new_array

from ..table.registry import TABLE
from .code import check_batch, check_program, check_run, shapes
from .plain import ieee_value

cdef extern from "Python.h":
    list PyList_New(Py_ssize_t)
    void PyList_SET_ITEM(list, Py_ssize_t, PyObject *)
    PyObject *PyFloat_FromDouble(double) except NULL

cdef extern from "<fenv.h>":
    int FE_DIVBYZERO, FE_INVALID, FE_OVERFLOW, FE_UNDERFLOW
    int fetestexcept(int) nogil
    int feclearexcept(int) nogil

cdef extern from "batch.h":
    int DOT, SUM, CHECK, GUARD, INPUT, OUTPUT, REDUCE, REDUCE_PRODUCT, PYTHON, END, SPREAD, DOTS, LOOP
    int ROW_ROW, SHARED_ROW, ROW_SHARED, SHARED, FORMS
    int SUSPECT
    int C_LANES "LANES"
    ctypedef struct Column:
        char *data
        Py_ssize_t step
    ctypedef struct Run "Batch":
        const int32_t *code
        const double *bank
        double *rows
        double *eights
        const Column *inputs
        const Column *outputs
        Column status
        char *sums
        Py_ssize_t block_step
        Py_ssize_t sum_step
        Py_ssize_t number_of_sums
        Py_ssize_t example
        Py_ssize_t last
        int count
        int32_t *found
        const int32_t *at
    bint is_in_c(int opcode)
    const int32_t *replay(const int32_t *at, double *bank, int32_t *status) nogil
    ctypedef struct Group:
        pass
    Group *GROUPS[2][3]
    int best_set()
    int advance(Run *batch, Group *group) nogil

cdef extern from "exact.h":
    enum: C_DIGITS "DIGITS"
    double c_exact_sum "exact_sum"(
        const char *data, Py_ssize_t step, Py_ssize_t count, unsigned char *sum
    ) nogil

#: How many examples an instruction computes.
LANES = C_LANES
#: The instruction sets that this processor has, of those there is a machine for.
INSTRUCTION_SETS = ["any", "avx2", "avx512"][: best_set() + 1]
cdef int SET = best_set()


def use(instruction_set):
    """Have batches run on another instruction set, to the same bits; the one until now."""
    global SET
    before = INSTRUCTION_SETS[SET]
    SET = INSTRUCTION_SETS.index(instruction_set)
    return before


# Programs of more words let other threads run Python meanwhile, some ten microseconds.
cdef enum:
    LONG = 8000
# How many instructions of a kind make a loop worth while.
cdef enum:
    SHORTEST_LOOP = 4
# Rows have their place in an `int`.
MOST_REGISTERS = 2**30 // LANES


cdef inline void clear_flags() noexcept nogil:
    # NumPy would take a flag that is left set for a failure of its own.
    cdef int flags = FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW
    if fetestexcept(flags):
        feclearexcept(flags)


cdef class _Functions:
    """The values that are left to Python, by number."""

    cdef list functions
    cdef dict numbers

    def __cinit__(self):
        self.functions = []
        self.numbers = {}

    cdef int number(self, int opcode):
        if opcode not in self.numbers:
            self.numbers[opcode] = len(self.functions)
            self.functions.append(ieee_value(TABLE[opcode]))
        return self.numbers[opcode]


cdef Py_ssize_t reads_of(array.array shapes, const int *word, Py_ssize_t *head, Py_ssize_t *rest):
    """How many operands an instruction has, and how many words stand before and after them."""
    cdef int *shape = shapes.data.as_ints + 3 * (word[0] - REDUCE_PRODUCT)
    head[0], rest[0] = shape[0], shape[2]
    return shape[1] * <Py_ssize_t>word[2] if shape[0] == 3 else shape[1]


@cython.final
cdef class Program:
    """Code for one example, ready to run; `plain.Program` says what it takes."""

    cdef array.array _code, _fresh, _inputs, _places, _outputs
    cdef list _leaves, _functions
    cdef double **_data
    cdef double *_spare
    cdef bint _busy, _doubts_nan

    def __init__(self, code, bank, inputs, leaves, outputs, bint doubts_nan=False):
        check_program(code, bank, [*inputs, *(register for register, _ in leaves)], outputs)
        if self._spare is not NULL:
            raise TypeError("a program is made once")
        functions = _Functions()
        self._code = _prepared(code, functions)
        self._functions = functions.functions
        self._fresh = bank[:]
        self._doubts_nan = doubts_nan
        self._inputs = new_array("i", inputs)
        self._places = new_array("i", [register for register, _ in leaves])
        self._leaves = [leaf for _, leaf in leaves]
        self._data = <double **>PyMem_Malloc((len(leaves) + 1) * sizeof(double *))
        if self._data is NULL:
            raise MemoryError
        for i, leaf in enumerate(self._leaves):
            if type(leaf) is not Value:
                raise TypeError(f"leaves are Values, got {type(leaf).__name__}")
            self._data[i] = &(<Value>leaf)._data
        self._outputs = new_array("i", outputs)
        self._spare = self._new_bank()

    def __dealloc__(self):
        PyMem_Free(self._spare)
        PyMem_Free(self._data)

    cdef double *_new_bank(self) except NULL:
        cdef double *bank = <double *>PyMem_Malloc((len(self._fresh) + 1) * sizeof(double))
        if bank is NULL:
            raise MemoryError
        memcpy(bank, self._fresh.data.as_doubles, len(self._fresh) * sizeof(double))
        return bank

    def __call__(self, list numbers not None):
        """The results, or the status where it is not 0."""
        return self._run(numbers, ())

    def fill(self, list numbers not None, double[::1] results not None):
        """Write the results to the front of an array, and return the status."""
        if len(results) < len(self._outputs):
            raise ValueError(f"{len(self._outputs)} results, and room for {len(results)}")
        found = self._run(numbers, (), &results[0] if len(self._outputs) else NULL)
        return 0 if found is None or type(found) is list else found

    def backward(self, list numbers not None, tuple leaves not None):
        """The same, but the last results are added to the gradients of these leaves."""
        if len(leaves) > len(self._outputs):
            raise ValueError(f"{len(leaves)} leaves and {len(self._outputs)} results")
        for leaf in leaves:
            if type(leaf) is not Value:
                raise TypeError(f"leaves are Values, got {type(leaf).__name__}")
        return self._run(numbers, leaves)

    cdef object _run(self, list numbers, tuple leaves, double *into=NULL):
        cdef Py_ssize_t i, count
        cdef double total = 0.0
        cdef double *bank
        cdef int32_t status = 0
        cdef int *places = self._inputs.data.as_ints
        if len(numbers) != len(self._inputs):
            raise ValueError(f"the program takes {len(self._inputs)} numbers, got {len(numbers)}")
        # Another thread may be inside, or a function of the program that calls it again.
        cdef bint own = self._busy
        if own:
            bank = self._new_bank()
        else:
            bank = self._spare
            self._busy = True
        try:
            for i in range(len(self._inputs)):
                bank[places[i]] = numbers[i]
            places = self._places.data.as_ints
            for i in range(len(self._places)):
                bank[places[i]] = self._data[i][0]
            self._replay(bank, &status)
            if status:
                return status
            places = self._outputs.data.as_ints
            count = len(self._outputs) - len(leaves)
            if self._doubts_nan:
                for i in range(len(self._outputs)):
                    total += bank[places[i]]
                if total != total:
                    return SUSPECT
            if into is not NULL:
                for i in range(count):
                    into[i] = bank[places[i]]
                return None
            results = PyList_New(count)
            for i in range(count):
                PyList_SET_ITEM(results, i, PyFloat_FromDouble(bank[places[i]]))
            for i in range(len(leaves)):
                (<Value>leaves[i])._grad += bank[places[count + i]]
            return results
        finally:
            if own:
                PyMem_Free(bank)
            else:
                self._busy = False
            clear_flags()

    cdef int _replay(self, double *bank, int32_t *status) except -1:
        cdef const int32_t *at = <const int32_t *>self._code.data.as_ints
        cdef list operands
        cdef Py_ssize_t i
        while True:
            if len(self._code) > LONG:
                with nogil:
                    at = replay(at, bank, status)
            else:
                at = replay(at, bank, status)
            if at[0] == END:
                return 0
            operands = [bank[at[4 + i]] for i in range(at[2])]
            try:
                bank[at[3]] = self._functions[at[1]](*operands)
            except Exception:
                bank[at[3]] = NAN
                if status[0] == 0:
                    status[0] = SUSPECT
            at += 4 + at[2]


cdef array.array _prepared(array.array code, _Functions functions):
    """Code for one example as C takes it."""
    cdef array.array words = array.clone(code, 2 * len(code) + 1, False)
    cdef array.array every_shape = shapes()
    cdef const int *word = code.data.as_ints
    cdef const int *end = word + len(code)
    cdef int *at = words.data.as_ints
    cdef Py_ssize_t head, reads, rest, size, count
    while word < end:
        reads = reads_of(every_shape, word, &head, &rest)
        size = head + reads + rest
        count = 1
        if word[0] >= 0 and not is_in_c(word[0]):
            at[0], at[1], at[2] = PYTHON, functions.number(word[0]), reads
            memcpy(at + 3, word + 1, (size - 1) * sizeof(int))
            at += 2 + size
        elif word[0] >= 0 or word[0] == DOT:
            # Loops do without a jump for each instruction.
            count = like(word, end, size)
            if count < SHORTEST_LOOP:
                count = 1
                memcpy(at, word, size * sizeof(int))
                at += size
            elif word[0] == DOT:
                at[0], at[1], at[2] = DOTS, count, word[2]
                at = without(at + 3, word, size, count, 2)
            else:
                at[0], at[1] = word[0] + LOOP, count
                at = without(at + 2, word, size, count, 0)
        else:
            memcpy(at, word, size * sizeof(int))
            at += size
        word += count * size
    at[0] = END
    array.resize(words, at + 1 - words.data.as_ints)
    return words


cdef Py_ssize_t like(const int *word, const int *end, Py_ssize_t size) noexcept:
    """How many instructions of the same opcode, and dots of as many terms, begin here."""
    cdef Py_ssize_t count = 1
    cdef const int *other = word + size
    while other < end and other[0] == word[0] and (word[0] >= 0 or other[2] == word[2]):
        count += 1
        other += size
    return count


cdef int *without(
    int *at, const int *word, Py_ssize_t size, Py_ssize_t count, Py_ssize_t place
) noexcept:
    """The words of some instructions, but for their opcodes and the word at `place`."""
    cdef Py_ssize_t i, k
    for i in range(count):
        for k in range(1, size):
            if k != place:
                at[0] = word[i * size + k]
                at += 1
    return at


@cython.final
cdef class Batch:
    """Code that runs over examples, ready to run; `plain.Batch` says what it takes."""

    cdef array.array _code
    cdef list _functions
    cdef Py_ssize_t _registers, _shared
    cdef tuple _columns
    cdef double *_spare
    cdef bint _busy, _fast

    def __init__(self, code, Py_ssize_t registers, Py_ssize_t shared, bint fast=False):
        if registers > MOST_REGISTERS:
            raise ValueError(f"there can be {MOST_REGISTERS} registers, got {registers}")
        self._columns = check_batch(code, registers, shared)
        if self._spare is not NULL:
            raise TypeError("a batch is made once")
        functions = _Functions()
        grouped = _Grouped(functions, registers)
        self._code = grouped.all(code)
        self._functions = functions.functions
        self._registers = registers + grouped.spares
        self._shared = shared
        self._fast = fast
        self._spare = self._new_rows()

    def __dealloc__(self):
        PyMem_RawFree(self._spare)

    cdef double *_new_rows(self) except NULL:
        cdef Py_ssize_t size = self._registers * C_LANES + 8 * <Py_ssize_t>self._columns[2] + 8
        cdef double *rows = <double *>PyMem_RawMalloc(size * sizeof(double))
        if rows is NULL:
            raise MemoryError
        memset(rows, 0, size * sizeof(double))
        return rows

    def run(self, bank, inputs, outputs, status, sums, Py_ssize_t first, Py_ssize_t last):
        """Run examples first … last - 1, as `plain.Batch.run` does, and tell the same."""
        check_run(self._columns, self._shared, (bank, inputs, outputs, status, sums, first, last))
        arrays = _Arrays()
        cdef Run run
        cdef Py_ssize_t example
        cdef Py_buffer *buffer
        cdef int needed_inputs, needed_outputs, needed_sums
        needed_inputs, needed_outputs, needed_sums = self._columns
        cdef list columns = [*inputs[:needed_inputs], *outputs[:needed_outputs]]
        memset(&run, 0, sizeof(run))
        arrays.start(len(columns))
        for i, column in enumerate(columns):
            arrays.columns[i] = arrays.column(column, i >= needed_inputs)
        run.bank = <double *>arrays.side_by_side(bank)
        run.status = arrays.column(status, True)
        run.inputs = arrays.columns
        run.outputs = arrays.columns + needed_inputs
        if needed_sums:
            buffer = arrays.buffer(sums, PyBUF_STRIDED)
            run.sums = <char *>buffer.buf
            run.block_step = buffer.strides[0]
            run.sum_step = buffer.strides[1]
        run.number_of_sums = needed_sums
        run.example = first
        run.last = last
        run.code = <const int32_t *>self._code.data.as_ints
        cdef bint own = self._busy
        cdef double *rows
        if own:
            rows = self._new_rows()
        else:
            rows = self._spare
            self._busy = True
        try:
            run.rows = <double *>((<uintptr_t>rows + 63) & ~<uintptr_t>63)
            run.eights = run.rows + self._registers * C_LANES
            memset(run.eights, 0, 8 * needed_sums * sizeof(double))
            self._run(&run)
        finally:
            if own:
                PyMem_RawFree(rows)
            else:
                self._busy = False
            clear_flags()
        for example in range(first, last):
            if (<int32_t *>(run.status.data + example * run.status.step))[0]:
                return False
        return True

    cdef int _run(self, Run *run) except -1:
        cdef int left_to_python
        cdef Group *group = GROUPS[self._fast][SET]
        cdef const int32_t *at
        cdef list operands
        cdef int i, k
        while True:
            with nogil:
                left_to_python = advance(run, group)
            if not left_to_python:
                return 0
            at = run.at
            function = self._functions[at[1]]
            for i in range(run.count):
                operands = [run.rows[at[4 + k] + i] for k in range(at[2])]
                try:
                    run.rows[at[3] + i] = function(*operands)
                except Exception:
                    run.rows[at[3] + i] = NAN
                    if run.found[i] == 0:
                        run.found[i] = SUSPECT
            for i in range(run.count, C_LANES):
                run.rows[at[3] + i] = run.rows[at[3] + run.count - 1]
            run.at = at + 4 + at[2]


cdef class _Arrays:
    """The buffers of a run, released when it ends."""

    cdef Py_buffer *buffers
    cdef Column *columns
    cdef Py_ssize_t count

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.count):
            PyBuffer_Release(&self.buffers[i])
        PyMem_Free(self.buffers)
        PyMem_Free(self.columns)

    cdef start(self, Py_ssize_t columns):
        self.buffers = <Py_buffer *>PyMem_Malloc((columns + 3) * sizeof(Py_buffer))
        self.columns = <Column *>PyMem_Malloc((columns + 1) * sizeof(Column))
        if self.buffers is NULL or self.columns is NULL:
            raise MemoryError

    cdef Py_buffer *buffer(self, object given, int flags) except NULL:
        cdef Py_buffer *buffer = &self.buffers[self.count]
        PyObject_GetBuffer(given, buffer, flags)
        self.count += 1
        return buffer

    cdef Column column(self, object given, bint is_written) except *:
        cdef Py_buffer *buffer = self.buffer(given, PyBUF_STRIDED if is_written else PyBUF_STRIDED_RO)
        return Column(<char *>buffer.buf, buffer.strides[0])

    cdef void *side_by_side(self, object given) except NULL:
        cdef Py_buffer *buffer = self.buffer(given, PyBUF_STRIDED_RO)
        if buffer.strides[0] != buffer.itemsize:
            raise ValueError("bank must lie in one piece")
        return buffer.buf


cdef class _Grouped:
    """Code for a batch as C takes it: rows as places, and operands by the form they have."""

    cdef _Functions functions
    cdef Py_ssize_t registers, spares
    cdef int *at
    cdef int *sums
    cdef int last_sum

    def __init__(self, _Functions functions, Py_ssize_t registers):
        self.functions = functions
        self.registers = registers

    cdef array.array all(self, array.array code):
        # No instruction becomes more than four times as long.
        cdef array.array words = array.clone(code, 4 * len(code) + 1, False)
        cdef array.array every_shape = shapes()
        cdef const int *word = code.data.as_ints
        cdef const int *end = word + len(code)
        cdef Py_ssize_t head, reads, rest, i
        self.at = words.data.as_ints
        while word < end:
            reads = reads_of(every_shape, word, &head, &rest)
            if word[0] >= 0:
                self.value(word, reads)
            elif word[0] == DOT:
                self.dot(word)
            elif word[0] == SUM:
                self.sum(word)
            elif word[0] == INPUT:
                self.put(INPUT)
                self.put(word[1] * C_LANES)
                self.put(word[2])
            elif word[0] == REDUCE or word[0] == REDUCE_PRODUCT:
                self.reduce(word, reads)
            else:
                self.spread(word + head, reads)
                self.put(word[0])
                self.rows(word + head, reads)
                for i in range(rest):
                    self.put(word[head + reads + i])
            self.last_sum = word[0]
            word += head + reads + rest
        self.put(END)
        array.resize(words, self.at - words.data.as_ints)
        return words

    cdef inline void put(self, int word) noexcept:
        self.at[0] = word
        self.at += 1

    cdef void spread(self, const int *operands, Py_ssize_t count) noexcept:
        """Make rows of the shared operands."""
        cdef Py_ssize_t i
        for i in range(count):
            if operands[i] < 0:
                self.put(SPREAD)
                self.put((self.registers + i) * C_LANES)
                self.put(~operands[i])
                self.spares = max(self.spares, i + 1)

    cdef void rows(self, const int *operands, Py_ssize_t count) noexcept:
        """The places of operands that are rows, or have become rows."""
        cdef Py_ssize_t i
        for i in range(count):
            self.put((operands[i] if operands[i] >= 0 else self.registers + i) * C_LANES)

    cdef value(self, const int *word, Py_ssize_t count):
        cdef int opcode = word[0]
        cdef const int *operands = word + 2
        if is_in_c(opcode) and count == 2 and (operands[0] < 0) != (operands[1] < 0):
            self.put(opcode * FORMS + (SHARED_ROW if operands[0] < 0 else ROW_SHARED))
            self.put(word[1] * C_LANES)
            self.operand(operands[0])
            self.operand(operands[1])
            return
        self.spread(operands, count)
        if is_in_c(opcode):
            self.put(opcode * FORMS)
        else:
            self.put(PYTHON)
            self.put(self.functions.number(opcode))
            self.put(count)
        self.put(word[1] * C_LANES)
        self.rows(operands, count)

    cdef void operand(self, int operand) noexcept:
        self.put(~operand if operand < 0 else operand * C_LANES)

    cdef void reduce(self, const int *word, Py_ssize_t count) noexcept:
        """Sums over examples, in one instruction with those just before."""
        if word[1] < 0 or word[count] < 0 or self.last_sum != word[0]:
            self.spread(word + 1, count)
            self.put(word[0])
            self.sums = self.at
            self.put(0)
        self.sums[0] += 1
        self.rows(word + 1, count)
        self.put(8 * word[1 + count])

    cdef void dot(self, const int *word) noexcept:
        cdef int form, form_of_run = -1
        cdef int *runs
        cdef int *length = NULL
        cdef Py_ssize_t i
        cdef int a, b
        self.put(DOT)
        self.put(word[1] * C_LANES)
        runs = self.at
        self.put(0)
        for i in range(word[2]):
            a, b = word[3 + 2 * i], word[4 + 2 * i]
            if a >= 0 and b < 0:
                a, b = b, a
            form = ROW_ROW if a >= 0 else SHARED_ROW if b >= 0 else SHARED
            if form != form_of_run:
                form_of_run = form
                runs[0] += 1
                self.put(form)
                length = self.at
                self.put(0)
            length[0] += 1
            self.operand(a)
            self.operand(b)

    cdef void sum(self, const int *word) noexcept:
        cdef Py_ssize_t i
        self.put(SUM)
        self.put(word[1] * C_LANES)
        self.put(word[2])
        for i in range(word[2]):
            self.put(SHARED if word[3 + i] < 0 else ROW_ROW)
            self.operand(word[3 + i])


def add_gradients(list values not None, list gradients not None):
    """Add to the gradients of leaves, and tell where there are other values, which are left."""
    cdef Py_ssize_t i
    cdef Value v
    cdef list others = []
    if len(values) != len(gradients):
        raise ValueError(f"{len(values)} values and {len(gradients)} gradients")
    for i in range(len(values)):
        if type(values[i]) is not Value:
            raise TypeError(f"leaves are Values, got {type(values[i]).__name__}")
        v = <Value>values[i]
        if v._x is None:
            v._grad += <double>gradients[i]
        else:
            others.append(i)
    return others


def exact_sum(const double[:] numbers not None):
    """`plain.exact_sum`, in C."""
    cdef unsigned char digits[4 * C_DIGITS]
    cdef double others = 0.0
    cdef const char *data = <const char *>&numbers[0] if len(numbers) else NULL
    with nogil:
        others = c_exact_sum(data, numbers.strides[0], numbers.shape[0], digits)
    clear_flags()
    finite = int.from_bytes((<const char *>digits)[: 4 * C_DIGITS], "little", signed=True)
    return finite, others
