/* References of reductions: each number of the result is made of a lane of x. */
#include "reference.h"

REFERENCE(sum)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o)
        EACH_OF_LANE (l, k) AT(y, o) += AT(x, lane_at(&l, o, k));
}

REFERENCE(mean)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o) {
        EACH_OF_LANE (l, k) AT(y, o) += AT(x, lane_at(&l, o, k));
        AT(y, o) /= (quad)l.length;
    }
}

/* The sum of what is a number, and how many are. */
static void sum_numbers(fx_ref_call *c, bool mean)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o) {
        int64_t n = 0;
        EACH_OF_LANE (l, k) {
            int64_t at = lane_at(&l, o, k);
            if (isnanq(BASE(x, at))) continue;
            AT(y, o) += AT(x, at);
            n++;
        }
        if (mean) AT(y, o) /= (quad)n;
    }
}
REFERENCE(nansum) { sum_numbers(c, false); }
REFERENCE(nanmean) { sum_numbers(c, true); }

static int64_t nonzero_of(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t lane)
{
    int64_t n = 0;
    EACH_OF_LANE (*l, k) n += !(BASE(x, lane_at(l, lane, k)) == 0);
    return n;
}
REFERENCE(count_nonzero)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), false);
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o) AT(y, o) = (quad)nonzero_of(x, &l, o);
}
REFERENCE(any)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o) AT(y, o) = nonzero_of(x, &l, o) > 0;
}
REFERENCE(all)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o) AT(y, o) = nonzero_of(x, &l, o) == l.length;
}

/* The number of a lane that is largest (least), the first of ties or the first NaN, by what is to decide. */
static int64_t extreme_of(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t lane, bool least)
{
    int64_t best = 0;
    EACH_OF_LANE (*l, k) {
        const quad a = BASE(x, lane_at(l, lane, k)), b = BASE(x, lane_at(l, lane, best));
        if (isnanq(b)) break;
        if (isnanq(a) || (least ? a < b : a > b)) best = k;
    }
    return best;
}

/* The mean of those that are tied. */
static void extreme_values(fx_ref_call *c, fx_dims dims, bool keepdim, bool least)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, dims, keepdim);
    fx_ref_lanes l = lanes_of(x, dims);
    EACH_LANE (l, o) {
        const quad e = BASE(x, lane_at(&l, o, extreme_of(x, &l, o, least)));
        quad sum = 0;
        int64_t n = 0;
        EACH_OF_LANE (l, k) {
            const int64_t at = lane_at(&l, o, k);
            if (BASE(x, at) != e && !(isnanq(e) && isnanq(BASE(x, at)))) continue;
            sum += AT(x, at);
            n++;
        }
        AT(y, o) = sum / (quad)n;
    }
}
REFERENCE(amax) { extreme_values(c, DIMS("dims"), BOOL("keepdim"), false); }
REFERENCE(amin) { extreme_values(c, DIMS("dims"), BOOL("keepdim"), true); }

static void extreme_with_index(fx_ref_call *c, bool least)
{
    const fx_dims dims = DIMS("dims");
    const bool keepdim = BOOL("keepdim");
    if (!dims.given) {
        extreme_values(c, dims, keepdim, least);
        return;
    }
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, dims, keepdim),
                  *index = OUT_REDUCED(1, x, dims, keepdim);
    fx_ref_lanes l = lanes_of(x, dims);
    EACH_LANE (l, o) {
        const int64_t best = extreme_of(x, &l, o, least);
        AT(y, o) = AT(x, lane_at(&l, o, best));
        AT(index, o) = (quad)best;
    }
}
REFERENCE(max) { extreme_with_index(c, false); }
REFERENCE(min) { extreme_with_index(c, true); }

static void extreme_index(fx_ref_call *c, bool least)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o) AT(y, o) = (quad)extreme_of(x, &l, o, least);
}
REFERENCE(argmax) { extreme_index(c, false); }
REFERENCE(argmin) { extreme_index(c, true); }

/* ---- moments, norms ------------------------------------------------------------------------------------ */

static void moments(fx_ref_call *c, bool root, bool mean)
{
    const fx_dims dims = DIMS("dims");
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, dims, BOOL("keepdim")), *m = NULL;
    if (mean) m = OUT_REDUCED(1, x, dims, BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, dims);
    const quad freedom = (quad)l.length - REAL("correction");
    EACH_LANE (l, o) {
        quad sum = 0, squares = 0;
        bool same = true;
        EACH_OF_LANE (l, k) {
            sum += AT(x, lane_at(&l, o, k));
            same = same && BASE(x, lane_at(&l, o, k)) == BASE(x, lane_at(&l, o, 0));
        }
        sum /= (quad)l.length;
        EACH_OF_LANE (l, k) squares += (AT(x, lane_at(&l, o, k)) - sum) * (AT(x, lane_at(&l, o, k)) - sum);
        if (m) AT(m, o) = sum;
        AT(y, o) = squares / (freedom > 0 ? freedom : 0);
        if (root) AT(y, o) = same && freedom > 0 && l.length > 0 ? 0 : sqrtq(AT(y, o));
    }
}
REFERENCE(var) { moments(c, false, false); }
REFERENCE(std) { moments(c, true, false); }
REFERENCE(var_mean) { moments(c, false, true); }
REFERENCE(std_mean) { moments(c, true, true); }

/* The mean magnitude of those that are tied for the largest (least) one, each with the sign that it has. */
static quad largest_of(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t lane, bool least)
{
    quad best = least ? HUGE_VALQ : 0, sum = 0;
    int64_t n = 0;
    EACH_OF_LANE (*l, k) {
        const quad a = fabsq(BASE(x, lane_at(l, lane, k)));
        if (isnanq(a)) return a;
        best = least ? fminq(best, a) : fmaxq(best, a);
    }
    EACH_OF_LANE (*l, k) {
        const quad b = BASE(x, lane_at(l, lane, k));
        if (fabsq(b) != best) continue;
        sum += b > 0 ? AT(x, lane_at(l, lane, k)) : b < 0 ? -AT(x, lane_at(l, lane, k)) : 0;
        n++;
    }
    return n ? sum / (quad)n : best;
}

REFERENCE(norm)
{
    const quad p = REAL("p");
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
    fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    EACH_LANE (l, o) {
        quad sum = 0;
        bool none = true, zero = false;
        if (isinfq(p)) {
            AT(y, o) = largest_of(x, &l, o, p < 0);
            continue;
        }
        EACH_OF_LANE (l, k) {
            const quad a = AT(x, lane_at(&l, o, k)), b = BASE(x, lane_at(&l, o, k));
            none = none && b == 0;
            zero = zero || b == 0;
            if (b == 0 && p != 2) continue; /* the subgradient of |x|^p there is 0 */
            sum += p == 0 ? 1 : p == 2 ? a * a : p == 1 ? (b < 0 ? -a : a) : powq(b < 0 ? -a : a, p);
        }
        if (none || (p < 0 && zero))
            AT(y, o) = 0;
        else
            AT(y, o) = p == 0 || p == 1 ? sum : p == 2 ? sqrtq(sum) : powq(sum, 1 / p);
    }
}

REFERENCES(reduce, ROW(sum), ROW(mean), ROW(nansum), ROW(nanmean), ROW(count_nonzero), ROW(any), ROW(all),
           ROW(amax), ROW(amin), ROW(max), ROW(min), ROW(argmax), ROW(argmin), ROW(var), ROW(std),
           ROW(var_mean), ROW(std_mean), ROW(norm))
