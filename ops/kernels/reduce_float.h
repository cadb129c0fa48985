/* The folds of a floating type T, named with NAME(fold); all accumulate in double (reduce_tmpl.c). */
#define ACC double
#define FINISHED(a, f) ((f)->root ? sqrt((a) / (f)->divisor) : (a) / (f)->divisor)
#define PLAIN(a, f) (a)
#define ADD(a, b) ((a) + (b))
#define GREATER(a, b) ((((a) > (b)) | ((a) != (a))) ? (a) : (b))
#define LESS(a, b) ((((a) < (b)) | ((a) != (a))) ? (a) : (b))

#define FOLD NAME(sum)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) ((double)x[i])
#define FOLD_MERGE ADD
#define FOLD_START 0
#define FOLD_END FINISHED
#include "fold_body.h"

#define FOLD NAME(nansum)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) (x[i] == x[i] ? (double)x[i] : 0.0)
#define FOLD_MERGE ADD
#define FOLD_START 0
#define FOLD_END FINISHED
#include "fold_body.h"

#define FOLD NAME(abs_sum)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) fabs((double)x[i])
#define FOLD_MERGE ADD
#define FOLD_START 0
#define FOLD_END FINISHED
#include "fold_body.h"

#define FOLD NAME(square_sum)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) ((double)x[i] * (double)x[i])
#define FOLD_MERGE ADD
#define FOLD_START 0
#define FOLD_END FINISHED
#include "fold_body.h"

#define FOLD NAME(deviation)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) (((double)x[i] - (c)) * ((double)x[i] - (c)))
#define FOLD_MERGE ADD
#define FOLD_START 0
#define FOLD_END FINISHED
#include "fold_body.h"

#define FOLD NAME(difference)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) (((double)x[i] - (double)z[i]) * ((double)x[i] - (double)z[i]))
#define FOLD_MERGE ADD
#define FOLD_START 0
#define FOLD_END FINISHED
#include "fold_body.h"

#define FOLD NAME(power_sum)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) power_term((double)x[i], c, (f)->power)
#define FOLD_MERGE ADD
#define FOLD_START 0
#define FOLD_END FINISHED
#include "fold_body.h"

#define FOLD NAME(product)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) ((double)x[i])
#define FOLD_MERGE(a, b) ((a) * (b))
#define FOLD_START 1
#define FOLD_END PLAIN
#include "fold_body.h"

#define FOLD NAME(max)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) ((double)x[i])
#define FOLD_MERGE GREATER
#define FOLD_START (-HUGE_VAL)
#define FOLD_END PLAIN
#include "fold_body.h"

#define FOLD NAME(min)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) ((double)x[i])
#define FOLD_MERGE LESS
#define FOLD_START HUGE_VAL
#define FOLD_END PLAIN
#include "fold_body.h"

#define FOLD NAME(abs_max)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) fabs((double)x[i])
#define FOLD_MERGE GREATER
#define FOLD_START 0
#define FOLD_END PLAIN
#include "fold_body.h"

#define FOLD NAME(abs_min)
#define RESULT T
#define FOLD_TERM(x, z, i, c, f) fabs((double)x[i])
#define FOLD_MERGE LESS
#define FOLD_START HUGE_VAL
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

#undef ACC
#undef FINISHED
#undef PLAIN
#undef ADD
#undef GREATER
#undef LESS
