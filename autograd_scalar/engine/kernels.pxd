# `kernels` in the compiled build: the table's kernels in C, and what the class needs to be fast.
#
# Both builds run the same .py files. Installed plain, that is all there is. Compiled, the .pxd
# beside each gives its names C types, and Cython makes an extension module that Python imports
# in place of the .py file. What can't be the same stands in `kernels`: as kernels.py, which calls
# the Python functions made from the table, and here, inline in each module that cimports it,
# with the table's kernels in C (native.pxd, generated); what C would compute differently from
# Python is left to the Python function. Nodes lie in slabs of our own (nodes.h), have no header
# of the garbage collector, and are freed by a loop. Cython's no_gc, freelist and trashcan in
# place of that were tried: 353 against 59 ns a node, and a crash on freeing 10**6 deep.

from cpython.object cimport PyObject
from libc.string cimport memset

from .native cimport abs, add, mul, neg, sub
from . cimport context, native
from .value cimport Value

cdef extern from "Python.h":
    unsigned long Py_TPFLAGS_HAVE_GC
    ctypedef struct Class "PyTypeObject":
        const char *tp_name
        Py_ssize_t tp_basicsize
        unsigned long tp_flags
        PyObject *tp_dict
        void *tp_hash
        void *tp_setattro
        void *tp_traverse
        void *tp_clear
        void *tp_dealloc
        void *tp_alloc
    void Py_INCREF(object)
    void Py_XDECREF(PyObject *)
    void Py_SET_REFCNT(PyObject *, Py_ssize_t)
    void Py_SET_TYPE(PyObject *, type)
    PyObject *PyErr_NoMemory()
    int PyObject_GenericSetAttr(object, object, PyObject *) except -1
    void *PyMem_RawMalloc(size_t)
    void PyMem_RawFree(void *)
    void PyType_Modified(type)

cdef extern from "<fenv.h>":
    int FE_DIVBYZERO, FE_INVALID, FE_OVERFLOW, FE_UNDERFLOW
    int fetestexcept(int)
    int feclearexcept(int)

cdef extern from "nodes.h":
    int BLOCK_BYTES, LONG_LIST
    void *block_new()
    void block_free(void *)

cdef extern from *:
    """
    static PyObject *python_kernels = NULL;
    static PyObject *dead_nodes = NULL;
    static int freeing = 0;
    static int blocks_here = 0;
    static long long changes_seen = 0;

    /* What blocks are open is looked up again when another context has become current. */
    static int context_changed(void) {
        static uint64_t thread = 0, version = 0;
        PyThreadState *here = PyThreadState_GET();
        if (here->id == thread && here->context_ver == version)
            return 0;
        thread = here->id;
        version = here->context_ver;
        return 1;
    }
    """
    PyObject *python_kernels
    PyObject *dead_nodes
    bint freeing
    bint context_changed()
    int blocks_here
    long long changes_seen


cdef inline object python_kernel(int opcode):
    global python_kernels
    if python_kernels is NULL:
        from autograd_scalar.table.registry import KERNELS
        Py_INCREF(KERNELS)
        python_kernels = <PyObject *>KERNELS
    return (<list>python_kernels)[opcode]


cdef inline void clear_flags() noexcept:
    # NumPy, whose ufuncs call operators and methods, takes a flag that a partial has left set for
    # a failure of the value. Asking takes a nanosecond, clearing a hundred.
    cdef int flags = FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW
    if fetestexcept(flags):
        feclearexcept(flags)


cdef inline (double, double) unary(int opcode, double x) except *:
    cdef bint left_to_python = False
    cdef (double, double) results = native.unary(opcode, x, &left_to_python)
    if left_to_python:
        results = python_kernel(opcode)(x)
    clear_flags()
    return results


cdef inline (double, double, double) binary(int opcode, double x, double y) except *:
    cdef bint left_to_python = False
    cdef (double, double, double) results = native.binary(opcode, x, y, &left_to_python)
    if left_to_python:
        results = python_kernel(opcode)(x, y)
    clear_flags()
    return results


cdef inline (double, double, double, double) ternary(
    int opcode, double x, double y, double z
) except *:
    cdef bint left_to_python = False
    cdef (double, double, double, double) results = native.ternary(
        opcode, x, y, z, &left_to_python
    )
    if left_to_python:
        results = python_kernel(opcode)(x, y, z)
    clear_flags()
    return results


cdef inline int blocks() except -1:
    global blocks_here, changes_seen
    if context_changed() or changes_seen != context.changes:
        changes_seen = context.changes
        blocks_here = context.state()
    return blocks_here


# Orders and sweeps run no Python code, so that Python's lock is all they need.
cdef inline void acquire() noexcept:
    pass


cdef inline void release() noexcept:
    pass


cdef inline Value new(type cls):
    return Value.__new__(Value)


cdef inline PyObject *new_node(type cls, Py_ssize_t items) noexcept:
    cdef PyObject *node = <PyObject *>block_new()
    if node is NULL:
        return PyErr_NoMemory()
    memset(node, 0, BLOCK_BYTES)
    Py_SET_REFCNT(node, 1)
    Py_SET_TYPE(node, cls)
    return node


cdef inline void free_node(PyObject *node) noexcept:
    # Freeing a node may free its operands, and those theirs: a list of the dead, linked where
    # the living have their mark, takes the place of a recursion as deep as the graph.
    global dead_nodes, freeing
    (<Value>node)._mark = <Py_ssize_t>dead_nodes
    dead_nodes = node
    if freeing:
        return
    freeing = True
    while dead_nodes is not NULL:
        node = dead_nodes
        dead_nodes = <PyObject *><Py_ssize_t>(<Value>node)._mark
        Py_XDECREF(<PyObject *>(<Value>node)._label)
        Py_XDECREF(<PyObject *>(<Value>node)._x)
        Py_XDECREF(<PyObject *>(<Value>node)._y)
        Py_XDECREF(<PyObject *>(<Value>node)._more)
        block_free(node)
    freeing = False


cdef inline int set_attribute(object v, object name, PyObject *to) except -1:
    try:
        return PyObject_GenericSetAttr(v, name, to)
    except AttributeError:
        if to is NULL or hasattr(Value, name):
            raise
        from autograd_scalar.engine.refusals import no_attribute
        raise AttributeError(no_attribute(name), name=name, obj=v) from None


cdef inline void prepare(type cls):
    import inspect
    from autograd_scalar.engine.refusals import Final
    cdef Class *slots = <Class *>cls
    assert slots.tp_basicsize <= BLOCK_BYTES
    # A graph has no cycles, as operands are older than what is made of them: reference counts
    # free it, and the garbage collector would walk through millions of nodes for nothing.
    slots.tp_flags &= ~Py_TPFLAGS_HAVE_GC
    slots.tp_traverse = NULL
    slots.tp_clear = NULL
    slots.tp_dealloc = <void *>free_node
    slots.tp_alloc = <void *>new_node
    slots.tp_setattro = <void *>set_attribute
    # What is not an acceptable base type, only the class of the class has a say in.
    Py_INCREF(Final)
    Py_SET_TYPE(<PyObject *>cls, Final)
    # Python puts this name into its error messages.
    slots.tp_name = b"Value"
    # Comparisons take a class its hash; this one's is identity.
    slots.tp_hash = (<Class *>object).tp_hash
    (<dict>slots.tp_dict)["__hash__"] = object.__hash__
    PyType_Modified(cls)
    # A sweep has lists as long as the graph. The C library of Linux asks the system for every
    # long list anew, unless the program has once freed as much: that is a page fault for 512
    # values, again in every sweep, and takes as long as the sweep itself.
    PyMem_RawFree(PyMem_RawMalloc(LONG_LIST))
    # A C constructor tells no signature; this one has parameter's.
    cls.__signature__ = inspect.signature(cls.parameter).replace(return_annotation="None")
