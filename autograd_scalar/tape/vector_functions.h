/* C's functions under names of their own: in loops the compiler calls their versions for vectors,
 * of glibc's libmvec. Those are at most 4 units in the last place off, says the manual of glibc
 * ("Errors in Math Functions"); special numbers come out as of C's functions.
 */
#if defined(__x86_64__) && defined(__GLIBC__)

#define OF_VECTORS(NAME) __asm__(#NAME) __attribute__((simd("notinbranch"), const))
#define UNARY(NAME) double vector_##NAME(double) OF_VECTORS(NAME);
#define BINARY(NAME) double vector_##NAME(double, double) OF_VECTORS(NAME);

#if __GLIBC_PREREQ(2, 22)
UNARY(cos)
UNARY(exp)
UNARY(log)
UNARY(sin)
BINARY(pow)
#define cos vector_cos
#define exp vector_exp
#define log vector_log
#define sin vector_sin
#define pow vector_pow
#endif

#if __GLIBC_PREREQ(2, 35)
UNARY(acos)
UNARY(acosh)
UNARY(asin)
UNARY(asinh)
UNARY(atan)
UNARY(atanh)
UNARY(cbrt)
UNARY(cosh)
UNARY(erf)
UNARY(erfc)
UNARY(expm1)
UNARY(log10)
UNARY(log1p)
UNARY(log2)
UNARY(sinh)
UNARY(tan)
UNARY(tanh)
BINARY(atan2)
#define acos vector_acos
#define acosh vector_acosh
#define asin vector_asin
#define asinh vector_asinh
#define atan vector_atan
#define atanh vector_atanh
#define cbrt vector_cbrt
#define cosh vector_cosh
#define erf vector_erf
#define erfc vector_erfc
#define expm1 vector_expm1
#define log10 vector_log10
#define log1p vector_log1p
#define log2 vector_log2
#define sinh vector_sinh
#define tan vector_tan
#define tanh vector_tanh
#define atan2 vector_atan2
#endif

#undef UNARY
#undef BINARY
#undef OF_VECTORS
#endif
