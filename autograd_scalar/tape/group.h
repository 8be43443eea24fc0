/* The machine for a group of examples, LANES beside each other, each in a lane.
 *
 * Included once for each instruction set and precision, with the macros GROUP, what its functions
 * are called, and WIDTH, how many numbers a vector holds.
 */

#define VALUE(NAME) GROUP(value_of_##NAME)
#include "rows.h"

#ifdef VECTORS
typedef double GROUP(vector) __attribute__((vector_size(WIDTH * 8), may_alias));
#else
#undef WIDTH
#define WIDTH 1
typedef double GROUP(vector);
#endif
#define VECTOR GROUP(vector)
#define EACH_VECTOR for (int i = 0; i < LANES / WIDTH; i++)
#define EACH_LANE IVDEP for (int i = 0; i < LANES; i++)
#define ADD_TO_EIGHT(TERM) \
    do { \
        VECTOR sums[8 / WIDTH]; \
        for (int k = 0; k < 8 / WIDTH; k++) sums[k] = ((VECTOR *)eight)[k]; \
        EACH_VECTOR sums[i % (8 / WIDTH)] += TERM; \
        for (int k = 0; k < 8 / WIDTH; k++) ((VECTOR *)eight)[k] = sums[k]; \
    } while (0)

/* Runs until the end, or an instruction that is left to Python, and says which. */
static const int32_t *GROUP(run)(Batch *batch, const int32_t *at) {
    const double *bank = batch->bank;
    double *rows = batch->rows;
    for (;;) {
        switch (*at) {
#define ROW(OPCODE, F) \
    case OPCODE * FORMS: { \
        const double *x = rows + at[2]; \
        double *out = rows + at[1]; \
        EACH_LANE out[i] = F(x[i]); \
        at += 3; \
        continue; \
    }
            UNARY_ROWS(ROW)
#undef ROW
#define ROW(OPCODE, F) \
    case OPCODE * FORMS + ROW_ROW: { \
        const double *x = rows + at[2], *y = rows + at[3]; \
        double *out = rows + at[1]; \
        EACH_LANE out[i] = F(x[i], y[i]); \
        at += 4; \
        continue; \
    } \
    case OPCODE * FORMS + SHARED_ROW: { \
        const double x = bank[at[2]], *y = rows + at[3]; \
        double *out = rows + at[1]; \
        EACH_LANE out[i] = F(x, y[i]); \
        at += 4; \
        continue; \
    } \
    case OPCODE * FORMS + ROW_SHARED: { \
        const double *x = rows + at[2], y = bank[at[3]]; \
        double *out = rows + at[1]; \
        EACH_LANE out[i] = F(x[i], y); \
        at += 4; \
        continue; \
    }
            BINARY_ROWS(ROW)
#undef ROW
#define ROW(OPCODE, F) \
    case OPCODE * FORMS: { \
        const double *x = rows + at[2], *y = rows + at[3], *z = rows + at[4]; \
        double *out = rows + at[1]; \
        EACH_LANE out[i] = F(x[i], y[i], z[i]); \
        at += 5; \
        continue; \
    }
            TERNARY_ROWS(ROW)
#undef ROW
        case DOT: {
            /* [DOT, out, runs, form, n, ...]: terms of one form lie together. The first of all
             * is added to -0.0, which changes no number.
             */
            VECTOR total[LANES / WIDTH], *out = (VECTOR *)(rows + at[1]);
            int32_t runs = at[2];
            EACH_VECTOR total[i] = -(VECTOR){0};
            at += 3;
            for (; runs > 0; runs--) {
                const int32_t form = at[0], *end = at + 2 + 2 * (ptrdiff_t)at[1];
                at += 2;
                if (form == SHARED_ROW)
                    for (; at < end; at += 2) {
                        const double a = bank[at[0]];
                        const VECTOR *b = (const VECTOR *)(rows + at[1]);
                        EACH_VECTOR total[i] += a * b[i];
                    }
                else if (form == ROW_ROW)
                    for (; at < end; at += 2) {
                        const VECTOR *a = (const VECTOR *)(rows + at[0]);
                        const VECTOR *b = (const VECTOR *)(rows + at[1]);
                        EACH_VECTOR total[i] += a[i] * b[i];
                    }
                else
                    for (; at < end; at += 2) {
                        const double product = bank[at[0]] * bank[at[1]];
                        EACH_VECTOR total[i] += product;
                    }
            }
            EACH_VECTOR out[i] = total[i];
            continue;
        }
        case SUM: {
            /* [SUM, out, n, form, a, ...] */
            VECTOR total[LANES / WIDTH], *out = (VECTOR *)(rows + at[1]);
            const int32_t *end = at + 3 + 2 * (ptrdiff_t)at[2];
            EACH_VECTOR total[i] = -(VECTOR){0};
            for (at += 3; at < end; at += 2)
                if (at[0] == SHARED) {
                    const double a = bank[at[1]];
                    EACH_VECTOR total[i] += a;
                } else {
                    const VECTOR *a = (const VECTOR *)(rows + at[1]);
                    EACH_VECTOR total[i] += a[i];
                }
            EACH_VECTOR out[i] = total[i];
            continue;
        }
        case CHECK: {
            const double *a = rows + at[1];
            int64_t wrong = 0;
            EACH_LANE wrong |= !IS_FINITE(a[i]);
            if (wrong)
                for (int i = 0; i < LANES; i++)
                    if (!IS_FINITE(a[i]) && batch->found[i] == 0)
                        batch->found[i] = SUSPECT;
            at += 2;
            continue;
        }
        case GUARD: {
            const double *a = rows + at[1];
            const int64_t expected = at[2];
            int64_t wrong = 0;
            EACH_LANE wrong |= (a[i] != 0.0) ^ expected;
            if (wrong)
                for (int i = 0; i < LANES; i++)
                    if ((a[i] != 0.0) != expected && batch->found[i] == 0)
                        batch->found[i] = at[3] + 1;
            at += 4;
            continue;
        }
        case SPREAD: {
            double *out = rows + at[1];
            const double a = bank[at[2]];
            EACH_LANE out[i] = a;
            at += 3;
            continue;
        }
        case INPUT:
            load(batch, rows + at[1], batch->inputs + at[2]);
            at += 3;
            continue;
        case OUTPUT:
            store(batch, rows + at[1], batch->outputs + at[2]);
            at += 3;
            continue;
        case REDUCE: {
            /* [REDUCE, n, a, eight, ...] */
            const int32_t *end = at + 2 + 2 * (ptrdiff_t)at[1];
            for (at += 2; at < end; at += 2) {
                const double *a = rows + at[0];
                double *eight = batch->eights + at[1];
                if (batch->count == LANES)
                    ADD_TO_EIGHT(((const VECTOR *)a)[i]);
                else
                    for (int i = 0; i < batch->count; i++)
                        eight[i % 8] += a[i];
            }
            continue;
        }
        case REDUCE_PRODUCT: {
            /* [REDUCE_PRODUCT, n, a, b, eight, ...] */
            const int32_t *end = at + 2 + 3 * (ptrdiff_t)at[1];
            for (at += 2; at < end; at += 3) {
                const double *a = rows + at[0], *b = rows + at[1];
                double *eight = batch->eights + at[2];
                if (batch->count == LANES)
                    ADD_TO_EIGHT(((const VECTOR *)a)[i] * ((const VECTOR *)b)[i]);
                else
                    for (int i = 0; i < batch->count; i++)
                        eight[i % 8] += a[i] * b[i];
            }
            continue;
        }
        default: /* PYTHON and END */
            return at;
        }
    }
}

#undef VALUE
#undef VECTOR
#undef EACH_VECTOR
#undef EACH_LANE
#undef ADD_TO_EIGHT
#undef GROUP
#undef WIDTH
