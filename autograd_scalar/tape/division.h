/* Division with a remainder, as Python's floats do it. */

/* Of the sign of `y`, where C's fmod has the sign of `x`. */
static inline double python_remainder(double x, double y) {
    double rest = fmod(x, y);
    if (rest == 0.0)
        return copysign(0.0, y);
    return (rest < 0.0) != (y < 0.0) ? rest + y : rest;
}

static inline double python_floor_divide(double x, double y) {
    double rest = fmod(x, y), quotient, whole;
    if (y == 0.0)
        return x / y;
    /* x - rest is a multiple of y, but the quotient may be rounded to just beside an integer. */
    quotient = (x - rest) / y;
    if (rest != 0.0 && (rest < 0.0) != (y < 0.0))
        quotient -= 1.0;
    if (quotient == 0.0)
        return copysign(0.0, x / y);
    whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}
