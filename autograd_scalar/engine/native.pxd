# Made from the table of primitives by `python -m autograd_scalar.generate`; not to be edited.

cimport cython
from libc cimport math


cdef extern from "floats.h":
    double python_hypot(double, double) noexcept


cdef inline double checked(double result, bint *left_to_python) noexcept:
    # An operation that can raise in Python does so only where C's result is not finite.
    if not math.isfinite(result):
        left_to_python[0] = True
    return result


@cython.cdivision(True)
cdef inline (double, double, double) add(double x, double y) noexcept:
    cdef double out = x + y
    return (
        out,
        1.0,
        1.0,
    )


@cython.cdivision(True)
cdef inline (double, double, double) sub(double x, double y) noexcept:
    cdef double out = x - y
    return (
        out,
        1.0,
        -1.0,
    )


@cython.cdivision(True)
cdef inline (double, double, double) mul(double x, double y) noexcept:
    cdef double out = x * y
    return (
        out,
        y,
        x,
    )


@cython.cdivision(True)
cdef inline (double, double, double) div(double x, double y, bint *left_to_python) noexcept:
    cdef double out = checked(x / y, left_to_python)
    return (
        out,
        checked(1.0 / y, left_to_python),
        checked(-out / y, left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) neg(double x) noexcept:
    cdef double out = -x
    return (
        out,
        -1.0,
    )


@cython.cdivision(True)
cdef inline (double, double, double) pow(double x, double y, bint *left_to_python) noexcept:
    cdef double out = checked(math.pow(x, y), left_to_python)
    return (
        out,
        0.0 if not y else y * checked(math.pow(x, y - 1.0), left_to_python) if 0.5 <= y <= 9007199254740992.0 else checked(y * out / x, left_to_python) if x else y * checked(math.pow(x, y - 1.0), left_to_python),
        out * checked(math.log(x), left_to_python) if x > 0.0 else (0.0 if y > 0.0 else -math.INFINITY) if x >= 0.0 else math.NAN,
    )


@cython.cdivision(True)
cdef inline (double, double) abs(double x) noexcept:
    cdef double out = math.fabs(x)
    return (
        out,
        1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 * x,
    )


@cython.cdivision(True)
cdef inline (double, double) exp(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.exp(x), left_to_python)
    return (
        out,
        out,
    )


@cython.cdivision(True)
cdef inline (double, double) exp2(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.exp2(x), left_to_python)
    return (
        out,
        out * checked(math.log(2.0), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) expm1(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.expm1(x), left_to_python)
    return (
        out,
        checked(math.exp(x), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) log(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.log(x), left_to_python)
    return (
        out,
        checked(1.0 / x, left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) log1p(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.log1p(x), left_to_python)
    return (
        out,
        checked(1.0 / (1.0 + x), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double, double) logaddexp(double x, double y, bint *left_to_python) noexcept:
    cdef double out = x + checked(math.log1p(checked(math.exp(y - x), left_to_python)), left_to_python) if y < x else y + checked(math.log1p(checked(math.exp(x - y), left_to_python)), left_to_python) if x < y else checked(x / 2.0, left_to_python) + checked(y / 2.0, left_to_python) + checked(math.log(2.0), left_to_python)
    return (
        out,
        checked(1.0 / (1.0 + checked(math.exp(y - x), left_to_python)), left_to_python) if y < x else checked(checked(math.exp(x - y), left_to_python) / (1.0 + checked(math.exp(x - y), left_to_python)), left_to_python) if x - y <= 0.0 else 0.5 if x >= y else x + y,
        checked(1.0 / (1.0 + checked(math.exp(x - y), left_to_python)), left_to_python) if x < y else checked(checked(math.exp(y - x), left_to_python) / (1.0 + checked(math.exp(y - x), left_to_python)), left_to_python) if y - x <= 0.0 else 0.5 if y >= x else x + y,
    )


@cython.cdivision(True)
cdef inline (double, double) log2(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.log2(x), left_to_python)
    return (
        out,
        checked(checked(1.0 / checked(math.log(2.0), left_to_python), left_to_python) / x, left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) log10(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.log10(x), left_to_python)
    return (
        out,
        checked(checked(1.0 / checked(math.log(10.0), left_to_python), left_to_python) / x, left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) sqrt(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.sqrt(x), left_to_python)
    return (
        out,
        checked(0.5 / out, left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) cbrt(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.cbrt(x), left_to_python)
    return (
        out,
        checked(checked(out / x, left_to_python) / 3.0, left_to_python) if math.fabs(x) > 1e-150 else checked(1.0 / (3.0 * out * out), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) sin(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.sin(x), left_to_python)
    return (
        out,
        checked(math.cos(x), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) cos(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.cos(x), left_to_python)
    return (
        out,
        -checked(math.sin(x), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) tan(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.tan(x), left_to_python)
    return (
        out,
        1.0 + out * out,
    )


@cython.cdivision(True)
cdef inline (double, double) asin(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.asin(x), left_to_python)
    return (
        out,
        checked(1.0 / checked(math.sqrt(1.0 - x * x), left_to_python), left_to_python) if -0.5 < x < 0.5 else checked(1.0 / checked(math.sqrt((1.0 - x) * (1.0 + x)), left_to_python), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) acos(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.acos(x), left_to_python)
    return (
        out,
        checked(-1.0 / checked(math.sqrt(1.0 - x * x), left_to_python), left_to_python) if -0.5 < x < 0.5 else checked(-1.0 / checked(math.sqrt((1.0 - x) * (1.0 + x)), left_to_python), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) atan(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.atan(x), left_to_python)
    return (
        out,
        checked(1.0 / (1.0 + x * x), left_to_python) if -1.0 < x < 1.0 else checked(checked(1.0 / x, left_to_python) / (x + checked(1.0 / x, left_to_python)), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double, double) atan2(double y, double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.atan2(y, x), left_to_python)
    return (
        out,
        checked(checked(checked(x / y, left_to_python) / y, left_to_python) / (1.0 + checked(x / y, left_to_python) * checked(x / y, left_to_python)), left_to_python) if math.fabs(x) < math.fabs(y) else checked(checked(1.0 / x, left_to_python) / (1.0 + checked(y / x, left_to_python) * checked(y / x, left_to_python)), left_to_python),
        checked(checked(-1.0 / y, left_to_python) / (1.0 + checked(x / y, left_to_python) * checked(x / y, left_to_python)), left_to_python) if math.fabs(x) < math.fabs(y) else checked(checked(checked(-y / x, left_to_python) / x, left_to_python) / (1.0 + checked(y / x, left_to_python) * checked(y / x, left_to_python)), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) sinh(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.sinh(x), left_to_python)
    return (
        out,
        checked(math.cosh(x), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) cosh(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.cosh(x), left_to_python)
    return (
        out,
        checked(math.sinh(x), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) tanh(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.tanh(x), left_to_python)
    return (
        out,
        1.0 - out * out if -0.75 < x < 0.75 else (1.0 + math.fabs(out)) * (1.0 + math.fabs(out)) * checked(math.exp(-2.0 * math.fabs(x)), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) asinh(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.asinh(x), left_to_python)
    return (
        out,
        checked(1.0 / checked(python_hypot(1.0, x), left_to_python), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) acosh(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.acosh(x), left_to_python)
    return (
        out,
        checked(checked(1.0 / checked(math.sqrt(x - 1.0), left_to_python), left_to_python) / checked(math.sqrt(x + 1.0), left_to_python), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) atanh(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.atanh(x), left_to_python)
    return (
        out,
        checked(1.0 / (1.0 - x * x), left_to_python) if -0.5 < x < 0.5 else checked(1.0 / ((1.0 - x) * (1.0 + x)), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) erf(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.erf(x), left_to_python)
    return (
        out,
        checked(2.0 / checked(math.sqrt(math.M_PI), left_to_python), left_to_python) * (checked(math.exp(-x * x), left_to_python) if not 1.0 < math.fabs(x) < 28.0 else checked(math.exp(-checked(checked(math.trunc(256.0 * x) + 0.0, left_to_python) / 256.0, left_to_python) * checked(checked(math.trunc(256.0 * x) + 0.0, left_to_python) / 256.0, left_to_python)), left_to_python) * checked(math.exp((checked(checked(math.trunc(256.0 * x) + 0.0, left_to_python) / 256.0, left_to_python) - x) * (checked(checked(math.trunc(256.0 * x) + 0.0, left_to_python) / 256.0, left_to_python) + x)), left_to_python)),
    )


@cython.cdivision(True)
cdef inline (double, double) erfc(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.erfc(x), left_to_python)
    return (
        out,
        checked(-2.0 / checked(math.sqrt(math.M_PI), left_to_python), left_to_python) * (checked(math.exp(-x * x), left_to_python) if not 1.0 < math.fabs(x) < 28.0 else checked(math.exp(-checked(checked(math.trunc(256.0 * x) + 0.0, left_to_python) / 256.0, left_to_python) * checked(checked(math.trunc(256.0 * x) + 0.0, left_to_python) / 256.0, left_to_python)), left_to_python) * checked(math.exp((checked(checked(math.trunc(256.0 * x) + 0.0, left_to_python) / 256.0, left_to_python) - x) * (checked(checked(math.trunc(256.0 * x) + 0.0, left_to_python) / 256.0, left_to_python) + x)), left_to_python)),
    )


@cython.cdivision(True)
cdef inline (double, double, double) hypot(double x, double y, bint *left_to_python) noexcept:
    cdef double out = checked(python_hypot(x, y), left_to_python)
    return (
        out,
        (checked(x / out, left_to_python) if out else 0.0 * x) if math.fabs(x) <= math.fabs(y) else checked(1.0 / checked(python_hypot(1.0, checked(y / x, left_to_python)), left_to_python), left_to_python) if x > 0.0 else checked(-1.0 / checked(python_hypot(1.0, checked(y / x, left_to_python)), left_to_python), left_to_python),
        (checked(y / out, left_to_python) if out else 0.0 * y) if math.fabs(y) <= math.fabs(x) else checked(1.0 / checked(python_hypot(1.0, checked(x / y, left_to_python)), left_to_python), left_to_python) if y > 0.0 else checked(-1.0 / checked(python_hypot(1.0, checked(x / y, left_to_python)), left_to_python), left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double) relu(double x) noexcept:
    cdef double out = 0.0 if x < 0.0 else x
    return (
        out,
        0.0 if x < 0.0 else 1.0,
    )


@cython.cdivision(True)
cdef inline (double, double, double) maximum(double x, double y) noexcept:
    cdef double out = x if x > y else y if y >= x else x + y
    return (
        out,
        1.0 if x > y else 0.0 if x < y else 0.5,
        1.0 if y > x else 0.0 if y < x else 0.5,
    )


@cython.cdivision(True)
cdef inline (double, double, double) minimum(double x, double y) noexcept:
    cdef double out = x if x < y else y if y <= x else x + y
    return (
        out,
        1.0 if x < y else 0.0 if x > y else 0.5,
        1.0 if y < x else 0.0 if y > x else 0.5,
    )


@cython.cdivision(True)
cdef inline (double, double, double, double) where(double condition, double x, double y) noexcept:
    cdef double out = x if condition else y
    return (
        out,
        0.0,
        1.0 if condition else 0.0,
        0.0 if condition else 1.0,
    )


@cython.cdivision(True)
cdef inline (double, double, double) less(double x, double y) noexcept:
    cdef double out = 1.0 if x < y else 0.0
    return (
        out,
        0.0,
        0.0,
    )


@cython.cdivision(True)
cdef inline (double, double, double) less_equal(double x, double y) noexcept:
    cdef double out = 1.0 if x <= y else 0.0
    return (
        out,
        0.0,
        0.0,
    )


@cython.cdivision(True)
cdef inline (double, double, double) equal(double x, double y) noexcept:
    cdef double out = 1.0 if x <= y <= x else 0.0
    return (
        out,
        0.0,
        0.0,
    )


@cython.cdivision(True)
cdef inline (double, double, double) not_equal(double x, double y) noexcept:
    cdef double out = 0.0 if x <= y <= x else 1.0
    return (
        out,
        0.0,
        0.0,
    )


@cython.cdivision(True)
cdef inline (double, double) floor(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.floor(x) + 0.0, left_to_python)
    return (
        out,
        0.0,
    )


@cython.cdivision(True)
cdef inline (double, double) ceil(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.ceil(x) + 0.0, left_to_python)
    return (
        out,
        0.0,
    )


@cython.cdivision(True)
cdef inline (double, double) trunc(double x, bint *left_to_python) noexcept:
    cdef double out = checked(math.trunc(x) + 0.0, left_to_python)
    return (
        out,
        0.0,
    )


@cython.cdivision(True)
cdef inline (double, double, double) fmod(double x, double y, bint *left_to_python) noexcept:
    cdef double out = checked(math.fmod(x, y), left_to_python)
    return (
        out,
        1.0,
        -checked(math.floor(checked((x - out) / y, left_to_python) + 0.5) + 0.0, left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double, double) remainder(double x, double y, bint *left_to_python) noexcept:
    cdef double out = checked(math.remainder(x, y), left_to_python)
    return (
        out,
        1.0,
        -checked(math.floor(checked((x - out) / y, left_to_python) + 0.5) + 0.0, left_to_python),
    )


@cython.cdivision(True)
cdef inline (double, double, double) copysign(double x, double y, bint *left_to_python) noexcept:
    cdef double out = checked(math.copysign(x, y), left_to_python)
    return (
        out,
        checked(math.copysign(1.0, y), left_to_python) if x > 0.0 else -checked(math.copysign(1.0, y), left_to_python) if x < 0.0 else 0.0 * x,
        0.0,
    )


cdef inline (double, double) unary(int opcode, double x, bint *left_to_python) noexcept:
    if opcode == 4:
        return neg(x)
    elif opcode == 8:
        return abs(x)
    elif opcode == 9:
        return exp(x, left_to_python)
    elif opcode == 10:
        return exp2(x, left_to_python)
    elif opcode == 11:
        return expm1(x, left_to_python)
    elif opcode == 12:
        return log(x, left_to_python)
    elif opcode == 13:
        return log1p(x, left_to_python)
    elif opcode == 15:
        return log2(x, left_to_python)
    elif opcode == 16:
        return log10(x, left_to_python)
    elif opcode == 17:
        return sqrt(x, left_to_python)
    elif opcode == 18:
        return cbrt(x, left_to_python)
    elif opcode == 19:
        return sin(x, left_to_python)
    elif opcode == 20:
        return cos(x, left_to_python)
    elif opcode == 21:
        return tan(x, left_to_python)
    elif opcode == 22:
        return asin(x, left_to_python)
    elif opcode == 23:
        return acos(x, left_to_python)
    elif opcode == 24:
        return atan(x, left_to_python)
    elif opcode == 26:
        return sinh(x, left_to_python)
    elif opcode == 27:
        return cosh(x, left_to_python)
    elif opcode == 28:
        return tanh(x, left_to_python)
    elif opcode == 29:
        return asinh(x, left_to_python)
    elif opcode == 30:
        return acosh(x, left_to_python)
    elif opcode == 31:
        return atanh(x, left_to_python)
    elif opcode == 32:
        return erf(x, left_to_python)
    elif opcode == 33:
        return erfc(x, left_to_python)
    elif opcode == 39:
        return relu(x)
    elif opcode == 47:
        return floor(x, left_to_python)
    elif opcode == 48:
        return ceil(x, left_to_python)
    elif opcode == 49:
        return trunc(x, left_to_python)
    left_to_python[0] = True
    return 0.0, 0.0


cdef inline (double, double, double) binary(int opcode, double x, double y, bint *left_to_python) noexcept:
    if opcode == 0:
        return add(x, y)
    elif opcode == 1:
        return sub(x, y)
    elif opcode == 2:
        return mul(x, y)
    elif opcode == 3:
        return div(x, y, left_to_python)
    elif opcode == 5:
        return pow(x, y, left_to_python)
    elif opcode == 14:
        return logaddexp(x, y, left_to_python)
    elif opcode == 25:
        return atan2(x, y, left_to_python)
    elif opcode == 38:
        return hypot(x, y, left_to_python)
    elif opcode == 40:
        return maximum(x, y)
    elif opcode == 41:
        return minimum(x, y)
    elif opcode == 43:
        return less(x, y)
    elif opcode == 44:
        return less_equal(x, y)
    elif opcode == 45:
        return equal(x, y)
    elif opcode == 46:
        return not_equal(x, y)
    elif opcode == 50:
        return fmod(x, y, left_to_python)
    elif opcode == 51:
        return remainder(x, y, left_to_python)
    elif opcode == 52:
        return copysign(x, y, left_to_python)
    left_to_python[0] = True
    return 0.0, 0.0, 0.0


cdef inline (double, double, double, double) ternary(int opcode, double x, double y, double z, bint *left_to_python) noexcept:
    if opcode == 42:
        return where(x, y, z)
    left_to_python[0] = True
    return 0.0, 0.0, 0.0, 0.0
