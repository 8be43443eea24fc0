/* Made from the table of primitives by `python -m autograd_scalar.generate`; not to be edited.
 *
 * Included where VALUE gives a row's function its name, once for each way to compile it.
 */

static inline double VALUE(add)(double x, double y) {
    return x + y;
}

static inline double VALUE(sub)(double x, double y) {
    return x - y;
}

static inline double VALUE(mul)(double x, double y) {
    return x * y;
}

static inline double VALUE(div)(double x, double y) {
    return x / y;
}

static inline double VALUE(neg)(double x) {
    return -x;
}

static inline double VALUE(pow)(double x, double y) {
    return pow(x, y);
}

static inline double VALUE(floordiv)(double x, double y) {
    return python_floor_divide(x, y);
}

static inline double VALUE(mod)(double x, double y) {
    return python_remainder(x, y);
}

static inline double VALUE(abs)(double x) {
    return fabs(x);
}

static inline double VALUE(exp)(double x) {
    return exp(x);
}

static inline double VALUE(exp2)(double x) {
    return exp2(x);
}

static inline double VALUE(expm1)(double x) {
    return expm1(x);
}

static inline double VALUE(log)(double x) {
    return log(x);
}

static inline double VALUE(log1p)(double x) {
    return log1p(x);
}

static inline double VALUE(logaddexp)(double x, double y) {
    return y < x ? x + log1p(exp(y - x)) : x < y ? y + log1p(exp(x - y)) : x / 2.0 + y / 2.0 + log(2.0);
}

static inline double VALUE(log2)(double x) {
    return log2(x);
}

static inline double VALUE(log10)(double x) {
    return log10(x);
}

static inline double VALUE(sqrt)(double x) {
    return sqrt(x);
}

static inline double VALUE(cbrt)(double x) {
    return cbrt(x);
}

static inline double VALUE(sin)(double x) {
    return sin(x);
}

static inline double VALUE(cos)(double x) {
    return cos(x);
}

static inline double VALUE(tan)(double x) {
    return tan(x);
}

static inline double VALUE(asin)(double x) {
    return asin(x);
}

static inline double VALUE(acos)(double x) {
    return acos(x);
}

static inline double VALUE(atan)(double x) {
    return atan(x);
}

static inline double VALUE(atan2)(double y, double x) {
    return atan2(y, x);
}

static inline double VALUE(sinh)(double x) {
    return sinh(x);
}

static inline double VALUE(cosh)(double x) {
    return cosh(x);
}

static inline double VALUE(tanh)(double x) {
    return tanh(x);
}

static inline double VALUE(asinh)(double x) {
    return asinh(x);
}

static inline double VALUE(acosh)(double x) {
    return acosh(x);
}

static inline double VALUE(atanh)(double x) {
    return atanh(x);
}

static inline double VALUE(erf)(double x) {
    return erf(x);
}

static inline double VALUE(erfc)(double x) {
    return erfc(x);
}

static inline double VALUE(relu)(double x) {
    return x < 0.0 ? 0.0 : x;
}

static inline double VALUE(maximum)(double x, double y) {
    return x > y ? x : y >= x ? y : x + y;
}

static inline double VALUE(minimum)(double x, double y) {
    return x < y ? x : y <= x ? y : x + y;
}

static inline double VALUE(where)(double condition, double x, double y) {
    return condition ? x : y;
}

static inline double VALUE(less)(double x, double y) {
    return x < y ? 1.0 : 0.0;
}

static inline double VALUE(less_equal)(double x, double y) {
    return x <= y ? 1.0 : 0.0;
}

static inline double VALUE(equal)(double x, double y) {
    return ((x <= y) & (y <= x)) ? 1.0 : 0.0;
}

static inline double VALUE(not_equal)(double x, double y) {
    return ((x <= y) & (y <= x)) ? 0.0 : 1.0;
}

static inline double VALUE(floor)(double x) {
    return floor(x) + 0.0;
}

static inline double VALUE(ceil)(double x) {
    return ceil(x) + 0.0;
}

static inline double VALUE(trunc)(double x) {
    return trunc(x) + 0.0;
}

static inline double VALUE(fmod)(double x, double y) {
    return fmod(x, y);
}

static inline double VALUE(remainder)(double x, double y) {
    return remainder(x, y);
}

static inline double VALUE(copysign)(double x, double y) {
    return copysign(x, y);
}

#define UNARY_ROWS(ROW) \
    ROW(4, VALUE(neg)) \
    ROW(8, VALUE(abs)) \
    ROW(9, VALUE(exp)) \
    ROW(10, VALUE(exp2)) \
    ROW(11, VALUE(expm1)) \
    ROW(12, VALUE(log)) \
    ROW(13, VALUE(log1p)) \
    ROW(15, VALUE(log2)) \
    ROW(16, VALUE(log10)) \
    ROW(17, VALUE(sqrt)) \
    ROW(18, VALUE(cbrt)) \
    ROW(19, VALUE(sin)) \
    ROW(20, VALUE(cos)) \
    ROW(21, VALUE(tan)) \
    ROW(22, VALUE(asin)) \
    ROW(23, VALUE(acos)) \
    ROW(24, VALUE(atan)) \
    ROW(26, VALUE(sinh)) \
    ROW(27, VALUE(cosh)) \
    ROW(28, VALUE(tanh)) \
    ROW(29, VALUE(asinh)) \
    ROW(30, VALUE(acosh)) \
    ROW(31, VALUE(atanh)) \
    ROW(32, VALUE(erf)) \
    ROW(33, VALUE(erfc)) \
    ROW(39, VALUE(relu)) \
    ROW(47, VALUE(floor)) \
    ROW(48, VALUE(ceil)) \
    ROW(49, VALUE(trunc))

#define BINARY_ROWS(ROW) \
    ROW(0, VALUE(add)) \
    ROW(1, VALUE(sub)) \
    ROW(2, VALUE(mul)) \
    ROW(3, VALUE(div)) \
    ROW(5, VALUE(pow)) \
    ROW(6, VALUE(floordiv)) \
    ROW(7, VALUE(mod)) \
    ROW(14, VALUE(logaddexp)) \
    ROW(25, VALUE(atan2)) \
    ROW(40, VALUE(maximum)) \
    ROW(41, VALUE(minimum)) \
    ROW(43, VALUE(less)) \
    ROW(44, VALUE(less_equal)) \
    ROW(45, VALUE(equal)) \
    ROW(46, VALUE(not_equal)) \
    ROW(50, VALUE(fmod)) \
    ROW(51, VALUE(remainder)) \
    ROW(52, VALUE(copysign))

#define TERNARY_ROWS(ROW) \
    ROW(42, VALUE(where))
