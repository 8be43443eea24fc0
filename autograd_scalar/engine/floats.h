/* Functions of floats that Python computes in a way of its own, called from C. */
#include <math.h>

/* Python's hypot rounds differently from that of C's library. Where it raises, the NaN has the
 * operands left to the kernel in Python, which raises again.
 */
static double python_hypot(double x, double y) {
    static PyObject *hypot_of_python = NULL;
    PyObject *given[2], *length = NULL;
    double result = NAN;
    if (hypot_of_python == NULL) {
        PyObject *math = PyImport_ImportModule("math");
        hypot_of_python = math ? PyObject_GetAttrString(math, "hypot") : NULL;
        Py_XDECREF(math);
    }
    given[0] = PyFloat_FromDouble(x);
    given[1] = PyFloat_FromDouble(y);
    if (hypot_of_python && given[0] && given[1])
        length = PyObject_Vectorcall(hypot_of_python, given, 2, NULL);
    if (length)
        result = PyFloat_AS_DOUBLE(length);
    else
        PyErr_Clear();
    Py_XDECREF(length);
    Py_XDECREF(given[0]);
    Py_XDECREF(given[1]);
    return result;
}
