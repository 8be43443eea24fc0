/* The machine for one example: its instructions are those of code.py, which has checked them. */
#ifndef REPLAY_H
#define REPLAY_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Functions that are exact, and so may be the compiler's own. */
#ifdef __GNUC__
#undef memcpy
#define memcpy __builtin_memcpy
#define fabs __builtin_fabs
#define sqrt __builtin_sqrt
#define floor __builtin_floor
#define ceil __builtin_ceil
#define trunc __builtin_trunc
#define copysign __builtin_copysign
#endif

#include "division.h"
#define VALUE(NAME) value_of_##NAME
#include "rows.h"

enum {
    DOT = -1,
    SUM = -2,
    CHECK = -3,
    GUARD = -4,
    INPUT = -5,
    OUTPUT = -6,
    REDUCE = -7,
    REDUCE_PRODUCT = -8,
    /* What code gets when it is prepared for a machine in C: */
    PYTHON = -9, /* [PYTHON, function, operands, out, operand...]: a value that Python computes */
    END = -10,
    SPREAD = -11, /* [SPREAD, out, shared]: a row of that number */
    DOTS = -12,   /* [DOTS, count, n, out, a1, b1, ..., an, bn, ...]: dots of n terms */
    LOOP = 64     /* [opcode + LOOP, count, out, operand..., ...]: values of a row */
};

#define SUSPECT (-1)

/* Whether C has the value of a row. */
static int is_in_c(int opcode) {
    switch (opcode) {
#define ROW(OPCODE, F) case OPCODE:
        UNARY_ROWS(ROW)
        BINARY_ROWS(ROW)
        TERNARY_ROWS(ROW)
#undef ROW
        return 1;
    }
    return 0;
}

/* Runs until the end, or an instruction that is left to Python, and says which. */
static const int32_t *replay(const int32_t *at, double *bank, int32_t *status) {
    int32_t n;
    for (;;) {
        switch (*at) {
#define ROW(OPCODE, F) \
    case OPCODE: \
        bank[at[1]] = F(bank[at[2]]); \
        at += 3; \
        continue; \
    case OPCODE + LOOP: \
        for (n = at[1], at += 2; n > 0; n--, at += 2) \
            bank[at[0]] = F(bank[at[1]]); \
        continue;
            UNARY_ROWS(ROW)
#undef ROW
#define ROW(OPCODE, F) \
    case OPCODE: \
        bank[at[1]] = F(bank[at[2]], bank[at[3]]); \
        at += 4; \
        continue; \
    case OPCODE + LOOP: \
        for (n = at[1], at += 2; n > 0; n--, at += 3) \
            bank[at[0]] = F(bank[at[1]], bank[at[2]]); \
        continue;
            BINARY_ROWS(ROW)
#undef ROW
#define ROW(OPCODE, F) \
    case OPCODE: \
        bank[at[1]] = F(bank[at[2]], bank[at[3]], bank[at[4]]); \
        at += 5; \
        continue; \
    case OPCODE + LOOP: \
        for (n = at[1], at += 2; n > 0; n--, at += 4) \
            bank[at[0]] = F(bank[at[1]], bank[at[2]], bank[at[3]]); \
        continue;
            TERNARY_ROWS(ROW)
#undef ROW
        case DOT: {
            const int32_t *term = at + 3, *end = term + 2 * (ptrdiff_t)at[2];
            double total = bank[term[0]] * bank[term[1]];
            for (term += 2; term < end; term += 2)
                total += bank[term[0]] * bank[term[1]];
            bank[at[1]] = total;
            at = end;
            continue;
        }
        case DOTS: {
            const int32_t width = 2 * at[2];
            for (n = at[1], at += 3; n > 0; n--) {
                const int32_t *term = at + 1, *end = term + width;
                double total = bank[term[0]] * bank[term[1]];
                for (term += 2; term < end; term += 2)
                    total += bank[term[0]] * bank[term[1]];
                bank[at[0]] = total;
                at = end;
            }
            continue;
        }
        case SUM: {
            const int32_t *term = at + 3, *end = term + at[2];
            double total = bank[*term++];
            for (; term < end; term++)
                total += bank[*term];
            bank[at[1]] = total;
            at = end;
            continue;
        }
        case CHECK:
            if (*status == 0 && !isfinite(bank[at[1]]))
                *status = SUSPECT;
            at += 2;
            continue;
        case GUARD:
            if (*status == 0 && (bank[at[1]] != 0.0) != at[2])
                *status = at[3] + 1;
            at += 4;
            continue;
        default: /* PYTHON and END */
            return at;
        }
    }
}
#undef VALUE

#endif
