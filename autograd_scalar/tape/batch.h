/* The machine for a batch: examples go through it in groups, and sums over them in blocks. */
#ifndef BATCH_H
#define BATCH_H

#include "replay.h"

/* How many examples an instruction computes. They hide each other's latency, so that sums can be
 * added in order. It divides BLOCK, and is a multiple of the eight running sums of a block.
 */
#define LANES 32
#define BLOCK 512

/* The forms of instructions: which operands are rows, and which a number that is shared. */
enum { ROW_ROW, SHARED_ROW, ROW_SHARED, SHARED, FORMS = 3 };

/* A column of numbers, `step` bytes apart; of those, too, that lie side by side. */
typedef struct {
    char *data;
    ptrdiff_t step;
} Column;

typedef struct {
    const int32_t *code;
    const double *bank; /* shared numbers */
    double *rows;       /* LANES numbers for each register */
    double *eights;     /* the running sums of a block: eight for each sum */
    const Column *inputs, *outputs;
    Column status;
    char *sums; /* of a block beside those of the next, `sum_step` bytes apart */
    ptrdiff_t block_step, sum_step;
    ptrdiff_t number_of_sums;
    ptrdiff_t example, last; /* the first example of the group, and where the batch ends */
    int count;               /* how many examples of the group there are */
    int32_t found[LANES];    /* their status so far */
    const int32_t *at;       /* where the group is; NULL between groups */
} Batch;

/* Have a group's part of a column, four groups ahead, fetched into the cache. */
#ifdef __GNUC__
#define SOON(DATA, WRITTEN) \
    for (int i = 0; i < LANES; i += 8) \
        __builtin_prefetch((DATA) + (4 * LANES + i) * sizeof(double), WRITTEN)
#else
#define SOON(DATA, WRITTEN)
#endif

/* Numbers of the group from a column. Lanes without an example repeat the last. */
static void load(const Batch *batch, double *row, const Column *column) {
    const char *data = column->data + batch->example * column->step;
    if (batch->count == LANES && column->step == sizeof(double)) {
        memcpy(row, data, LANES * sizeof(double));
        SOON(data, 0);
        return;
    }
    for (int i = 0; i < LANES; i++) {
        memcpy(row + i, data, sizeof(double));
        if (i < batch->count - 1)
            data += column->step;
    }
}

static void store(const Batch *batch, const double *row, const Column *column) {
    char *data = column->data + batch->example * column->step;
    if (batch->count == LANES && column->step == sizeof(double)) {
        memcpy(data, row, LANES * sizeof(double));
        SOON(data, 1);
        return;
    }
    for (int i = 0; i < batch->count; i++, data += column->step)
        memcpy(data, row + i, sizeof(double));
}

#define IS_FINITE(X) ((X) - (X) == 0.0)

#ifdef __GNUC__
#define VECTORS
#endif
/* Clang takes itself for GCC, but chooses neither instruction sets nor precision by pragmas. */
#if defined(__GNUC__) && !defined(__clang__)
#define PRAGMAS
#define IVDEP _Pragma("GCC ivdep")
#else
#define IVDEP
#endif

#define GROUP(NAME) NAME##_everywhere
#define WIDTH 2
#include "group.h"

#if defined(PRAGMAS) && defined(__x86_64__)
#define CHOICE_AT_RUN_TIME
#pragma GCC push_options
#pragma GCC target("avx2")
#define GROUP(NAME) NAME##_avx2
#define WIDTH 4
#include "group.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,avx512f,avx512dq,avx512vl,avx512bw,prefer-vector-width=512")
#define GROUP(NAME) NAME##_avx512
#define WIDTH 8
#include "group.h"
#pragma GCC pop_options
#endif

/* The same to four units in the last place: products are not rounded where they are added, and
 * functions are those of vectors.
 */
#ifdef PRAGMAS
#include "vector_functions.h"
#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")
#define GROUP(NAME) NAME##_everywhere_fast
#define WIDTH 2
#include "group.h"

#ifdef CHOICE_AT_RUN_TIME
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define GROUP(NAME) NAME##_avx2_fast
#define WIDTH 4
#include "group.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512vl,avx512bw,prefer-vector-width=512")
#define GROUP(NAME) NAME##_avx512_fast
#define WIDTH 8
#include "group.h"
#pragma GCC pop_options
#endif
#pragma GCC pop_options
#include "no_vector_functions.h"
#endif

/* Exact and fast, for the instruction sets there are here, from the plainest. */
typedef const int32_t *Group(Batch *, const int32_t *);
static Group *const GROUPS[2][3] = {
#ifdef CHOICE_AT_RUN_TIME
    {run_everywhere, run_avx2, run_avx512},
    {run_everywhere_fast, run_avx2_fast, run_avx512_fast},
#elif defined(PRAGMAS)
    {run_everywhere},
    {run_everywhere_fast},
#else
    {run_everywhere},
    {run_everywhere},
#endif
};

/* The best of the instruction sets that this processor has. */
static int best_set(void) {
#ifdef CHOICE_AT_RUN_TIME
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return 0;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
        ? 2
        : 1;
#else
    return 0;
#endif
}

static void end_block(Batch *batch) {
    char *data = batch->sums + (batch->example - 1) / BLOCK * batch->block_step;
    for (ptrdiff_t i = 0; i < batch->number_of_sums; i++, data += batch->sum_step) {
        const double *s = batch->eights + 8 * i;
        double sum = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
        memcpy(data, &sum, sizeof(double));
    }
    memset(batch->eights, 0, 8 * batch->number_of_sums * sizeof(double));
}

/* Runs until the end, or an instruction that is left to Python: 1 for that. */
static int advance(Batch *batch, Group *group) {
    for (;;) {
        if (batch->at == NULL) {
            if (batch->example >= batch->last)
                return 0;
            ptrdiff_t left = batch->last - batch->example;
            batch->count = left < LANES ? (int)left : LANES;
            memset(batch->found, 0, sizeof batch->found);
            batch->at = batch->code;
        }
        batch->at = group(batch, batch->at);
        if (*batch->at == PYTHON)
            return 1;
        char *data = batch->status.data + batch->example * batch->status.step;
        for (int i = 0; i < batch->count; i++, data += batch->status.step)
            memcpy(data, batch->found + i, sizeof(int32_t));
        batch->example += batch->count;
        if (batch->example % BLOCK == 0 || batch->example == batch->last)
            end_block(batch);
        batch->at = NULL;
    }
}

#endif
