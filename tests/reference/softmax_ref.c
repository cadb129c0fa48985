/* References of softmax and its kin. The largest number is taken out of a lane by what is to decide, so that
 * nothing overflows. */
#include "reference.h"

static quad largest(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t lane)
{
    quad most = -HUGE_VALQ;
    EACH_OF_LANE (*l, k) {
        const quad b = BASE(x, lane_at(l, lane, k));
        if (isnanq(b)) return b;
        most = b > most ? b : most;
    }
    return most;
}

static quad sum_of_exponentials(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t lane, quad most)
{
    quad sum = 0;
    EACH_OF_LANE (*l, k) sum += expq(AT(x, lane_at(l, lane, k)) - most);
    return sum;
}

/* log of a sum of which one term is nearly 1 and the others may be tiny. */
static quad log_of_sum(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t lane, quad most)
{
    quad rest = 0;
    bool taken = false;
    EACH_OF_LANE (*l, k) {
        const int64_t at = lane_at(l, lane, k);
        if (!taken && BASE(x, at) == most) {
            taken = true;
            rest += expm1q(AT(x, at) - most);
        } else {
            rest += expq(AT(x, at) - most);
        }
    }
    return log1pq(rest);
}

static void softmax(fx_ref_call *c, quad sign)
{
    fx_ref_tensor *given = TENSOR("x"), *y = OUT_LIKE(0, given), *x = WORK_LIKE(given),
                  *base = WORK_LIKE(given);
    fx_ref_lanes l = lanes_of(x, one_dim(INT("dim")));
    EACH (x, i) AT(x, i) = sign * AT(given, i), AT(base, i) = sign * BASE(given, i);
    EACH_LANE (l, o) {
        const quad most = largest(base, &l, o), sum = sum_of_exponentials(x, &l, o, most);
        EACH_OF_LANE (l, k) AT(y, lane_at(&l, o, k)) = expq(AT(x, lane_at(&l, o, k)) - most) / sum;
    }
}
REFERENCE(softmax) { softmax(c, 1); }
REFERENCE(softmin) { softmax(c, -1); }

REFERENCE(log_softmax)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    fx_ref_lanes l = lanes_of(x, one_dim(INT("dim")));
    EACH_LANE (l, o) {
        const quad most = largest(x, &l, o), rest = log_of_sum(x, &l, o, most);
        EACH_OF_LANE (l, k) AT(y, lane_at(&l, o, k)) = AT(x, lane_at(&l, o, k)) - most - rest;
    }
}

REFERENCE(logsumexp)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o) {
        const quad most = largest(x, &l, o);
        AT(y, o) = isinfq(most) ? most : most + log_of_sum(x, &l, o, most);
    }
}

REFERENCES(softmax, ROW(softmax), ROW(softmin), ROW(log_softmax), ROW(logsumexp))
