/* The folds of an integer type T, named with NAME(fold): sums and products wrap around in 64 bits
 * (reduce_tmpl.c). */
#define PLAIN(a, f) (a)
#define ADD(a, b) ((a) + (b))

#define ACC uint64_t
#define FOLD NAME(sum)
#define RESULT int64_t
#define FOLD_TERM(x, z, i, c, f) ((uint64_t)(int64_t)x[i])
#define FOLD_MERGE ADD
#define FOLD_START 0
#define FOLD_END PLAIN
#include "fold_body.h"

#define FOLD NAME(product)
#define RESULT int64_t
#define FOLD_TERM(x, z, i, c, f) ((uint64_t)(int64_t)x[i])
#define FOLD_MERGE(a, b) ((a) * (b))
#define FOLD_START 1
#define FOLD_END PLAIN
#include "fold_body.h"
#undef ACC

#define ACC int64_t
#define FOLD NAME(nonzero)
#define RESULT int64_t
#define FOLD_TERM(x, z, i, c, f) ((int64_t)(x[i] != 0))
#define FOLD_MERGE ADD
#define FOLD_START 0
#define FOLD_END PLAIN
#include "fold_body.h"

#define FOLD NAME(max)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) ((int64_t)x[i])
#define FOLD_MERGE(a, b) ((a) > (b) ? (a) : (b))
#define FOLD_START INT64_MIN
#define FOLD_END PLAIN
#include "fold_body.h"

#define FOLD NAME(min)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) ((int64_t)x[i])
#define FOLD_MERGE(a, b) ((a) < (b) ? (a) : (b))
#define FOLD_START INT64_MAX
#define FOLD_END PLAIN
#include "fold_body.h"
#undef ACC

#undef PLAIN
#undef ADD
