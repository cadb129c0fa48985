/* References of reductions and scans under a mask. */
#include "reference.h"

static bool holds(const fx_ref_tensor *x, int64_t i, const fx_ref_tensor *mask)
{
    return !mask || INT_AT(mask, spread(x, i, mask));
}

#define REDUCED                                                                                              \
    fx_ref_tensor *x = TENSOR("x"), *mask = TENSOR("mask"),                                                  \
                  *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));                                     \
    const fx_ref_lanes l = lanes_of(x, DIMS("dims"));                                                        \
    EACH_LANE (l, o)
/* The numbers of lane o where the mask holds, each with its place i. */
#define EACH_HELD(i)                                                                                         \
    for (int64_t k_ = 0, i; k_ < l.length; k_++)                                                             \
        if (i = lane_at(&l, o, k_), holds(x, i, mask))

REFERENCE(masked_sum)
{
    REDUCED { EACH_HELD(i) AT(y, o) += AT(x, i); }
}
REFERENCE(masked_prod)
{
    REDUCED
    {
        AT(y, o) = 1;
        EACH_HELD(i) AT(y, o) *= AT(x, i);
    }
}
REFERENCE(masked_mean)
{
    REDUCED
    {
        quad sum = 0, n = 0;
        EACH_HELD(i) sum += AT(x, i), n++;
        AT(y, o) = n == 0 ? (quad)NAN : sum / n;
    }
}

static void extreme(fx_ref_call *c, int sign)
{
    REDUCED
    {
        int64_t best = -1;
        EACH_HELD(i)
        if (best < 0 || sign * BASE(x, i) > sign * BASE(x, best)) best = i;
        AT(y, o) = best < 0 ? -sign * HUGE_VALQ : AT(x, best);
    }
}
REFERENCE(masked_amax) { extreme(c, 1); }
REFERENCE(masked_amin) { extreme(c, -1); }

REFERENCE(masked_logsumexp)
{
    REDUCED
    {
        quad sum = 0, n = 0, last = -HUGE_VALQ;
        EACH_HELD(i) sum += expq(AT(x, i)), n++, last = AT(x, i);
        AT(y, o) = n < 2 ? last : logq(sum);
    }
}

static void variance(fx_ref_call *c, bool root)
{
    REDUCED
    {
        quad sum = 0, n = 0, squares = 0;
        EACH_HELD(i) sum += AT(x, i), n++;
        EACH_HELD(i) squares += (AT(x, i) - sum / n) * (AT(x, i) - sum / n);
        const quad by = n - REAL("correction");
        AT(y, o) = by <= 0 ? (quad)NAN : root ? sqrtq(squares / by) : squares / by;
    }
}
REFERENCE(masked_var) { variance(c, false); }
REFERENCE(masked_std) { variance(c, true); }

REFERENCE(masked_norm)
{
    const quad p = REAL("ord");
    REDUCED
    {
        quad sum = 0;
        int64_t best = -1;
        EACH_HELD(i)
        {
            if (!isinfq(p)) sum += powq(fabsq(AT(x, i)), p);
            const bool more = best >= 0 && fabsq(BASE(x, i)) > fabsq(BASE(x, best));
            if (best < 0 || more == (p > 0)) best = i;
        }
        AT(y, o) = best < 0 ? (p < 0 ? HUGE_VALQ : 0) : isinfq(p) ? fabsq(AT(x, best)) : powq(sum, 1 / p);
    }
}

REFERENCE(masked_median)
{
    REDUCED
    {
        int64_t n = 0, at = -1;
        EACH_HELD(i) n++;
        EACH_HELD(i)
        {
            int64_t below = 0;
            for (int64_t k = 0; k < l.length; k++) {
                const int64_t j = lane_at(&l, o, k);
                below += holds(x, j, mask) && BASE(x, j) < BASE(x, i);
            }
            if (below == (n - 1) / 2) at = i;
        }
        AT(y, o) = at < 0 ? (quad)NAN : AT(x, at);
    }
}

#define SCANNED                                                                                              \
    fx_ref_tensor *x = TENSOR("x"), *mask = TENSOR("mask"), *y = OUT_LIKE(0, x);                             \
    const fx_ref_lanes l = lanes_of(x, one_dim(INT("dim")));                                                 \
    EACH_LANE (l, o)

static void softened(fx_ref_call *c, int sign, bool logarithm)
{
    SCANNED
    {
        quad sum = 0;
        EACH_HELD(i) sum += expq(sign * AT(x, i));
        EACH_OF_LANE (l, k) {
            const int64_t i = lane_at(&l, o, k);
            const quad p = holds(x, i, mask) ? expq(sign * AT(x, i)) / sum : 0;
            AT(y, i) = !logarithm ? p : p == 0 ? -HUGE_VALQ : logq(p);
        }
    }
}
REFERENCE(masked_softmax) { softened(c, 1, false); }
REFERENCE(masked_softmin) { softened(c, -1, false); }
REFERENCE(masked_log_softmax) { softened(c, 1, true); }

static void running(fx_ref_call *c, bool product)
{
    SCANNED
    {
        quad all = product;
        EACH_OF_LANE (l, k) {
            const int64_t i = lane_at(&l, o, k);
            if (holds(x, i, mask)) all = product ? all * AT(x, i) : all + AT(x, i);
            AT(y, i) = all;
        }
    }
}
REFERENCE(masked_cumsum) { running(c, false); }
REFERENCE(masked_cumprod) { running(c, true); }

REFERENCE(masked_logaddexp)
{
    fx_ref_tensor *x = TENSOR("x"), *other = TENSOR("other"), *y = OUT_BROADCAST(0, x, other);
    EACH (y, i) {
        const int64_t p = spread(y, i, x), q = spread(y, i, other);
        const bool one = holds(x, p, TENSOR("input_mask")), two = holds(other, q, TENSOR("other_mask"));
        const quad a = one ? AT(x, p) : -HUGE_VALQ, b = two ? AT(other, q) : -HUGE_VALQ;
        AT(y, i) = one && two ? logq(expq(a) + expq(b)) : one ? a : b;
    }
}

REFERENCES(masked, ROW(masked_sum), ROW(masked_prod), ROW(masked_mean), ROW(masked_amax), ROW(masked_amin),
           ROW(masked_logsumexp), ROW(masked_var), ROW(masked_std), ROW(masked_norm), ROW(masked_median),
           ROW(masked_softmax), ROW(masked_softmin), ROW(masked_log_softmax), ROW(masked_cumsum),
           ROW(masked_cumprod), ROW(masked_logaddexp))
