/* References of scans and products. */
#include "reference.h"

REFERENCE(prod)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o) {
        AT(y, o) = 1;
        EACH_OF_LANE (l, k) AT(y, o) *= AT(x, lane_at(&l, o, k));
    }
}

REFERENCE(cumsum)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    fx_ref_lanes l = lanes_of(x, one_dim(INT("dim")));
    EACH_LANE (l, o) {
        quad sum = 0;
        EACH_OF_LANE (l, k) AT(y, lane_at(&l, o, k)) = sum += AT(x, lane_at(&l, o, k));
    }
}

REFERENCE(cumprod)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    fx_ref_lanes l = lanes_of(x, one_dim(INT("dim")));
    EACH_LANE (l, o) {
        quad product = 1;
        EACH_OF_LANE (l, k) AT(y, lane_at(&l, o, k)) = product *= AT(x, lane_at(&l, o, k));
    }
}

REFERENCE(logcumsumexp)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    fx_ref_lanes l = lanes_of(x, one_dim(INT("dim")));
    EACH_LANE (l, o) {
        quad most = -HUGE_VALQ;
        EACH_OF_LANE (l, k) {
            const quad b = BASE(x, lane_at(&l, o, k));
            most = b > most ? b : most;
            quad sum = 0;
            for (int64_t j = 0; j <= k; j++) sum += expq(AT(x, lane_at(&l, o, j)) - most);
            AT(y, lane_at(&l, o, k)) = isinfq(most) ? most : most + logq(sum);
        }
    }
}

static void running_extreme(fx_ref_call *c, bool least)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x), *index = OUT_LIKE(1, x);
    fx_ref_lanes l = lanes_of(x, one_dim(INT("dim")));
    EACH_LANE (l, o) {
        int64_t best = 0;
        EACH_OF_LANE (l, k) {
            const quad a = BASE(x, lane_at(&l, o, k)), b = BASE(x, lane_at(&l, o, best));
            if (isnanq(a) || (least ? a <= b : a >= b)) best = k;
            AT(y, lane_at(&l, o, k)) = AT(x, lane_at(&l, o, best));
            AT(index, lane_at(&l, o, k)) = (quad)best;
        }
    }
}
REFERENCE(cummax) { running_extreme(c, false); }
REFERENCE(cummin) { running_extreme(c, true); }

REFERENCES(scan, ROW(prod), ROW(cumsum), ROW(cumprod), ROW(logcumsumexp), ROW(cummax), ROW(cummin))
