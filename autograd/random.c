/* Random tensors: uniform, normal, integers, permutations. A draw gives four float32 numbers, two float64 or
 * integers. */
#include "random.h"
#include "context.h"
#include <math.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

fx_random_words fx__random_words(uint64_t seed, uint64_t draw)
{
    philox4x32_ctr_t counter = { { (uint32_t)draw, (uint32_t)(draw >> 32), 0, 0 } };
    philox4x32_key_t key = { { (uint32_t)seed, (uint32_t)(seed >> 32) } };
    philox4x32_ctr_t r = philox4x32(counter, key);
    return (fx_random_words){ { r.v[0], r.v[1], r.v[2], r.v[3] } };
}

uint64_t fx__draw(fx_context *cx, uint64_t count)
{
    uint64_t first = cx->random.drawn;
    cx->random.drawn += count;
    return first;
}

fx_random_state fx_get_random_state(const fx_context *cx)
{
    return cx ? cx->random : (fx_random_state){ 0, 0 };
}
void fx_set_random_state(fx_context *cx, fx_random_state state)
{
    if (cx) cx->random = state;
}

static uint64_t draws_for(const fx_tensor *x)
{
    int per_draw = x->dtype == FX_F32 ? 4 : 2;
    return ((uint64_t)x->numel + (uint64_t)per_draw - 1) / (uint64_t)per_draw;
}

static bool check_float(fx_context *cx, fx_dtype dtype, const char *name, fx_where where)
{
    if (dtype == FX_DTYPE_NONE || fx_dtype_is_float(dtype)) return true;
    if (cx)
        fx_error_set(cx, FX_ERROR_DTYPE, where, "%s: the dtype must be float32 or float64, not %s", name,
                     fx_dtype_name(dtype));
    return false;
}

fx_tensor *fx_rand_at(fx_context *cx, fx_dtype dtype, fx_dims sizes, fx_where where)
{
    if (!check_float(cx, dtype, "rand", where)) return NULL;
    fx_tensor *x = fx_empty_at(cx, dtype, sizes, where);
    if (!x) return NULL;
    uint64_t first = fx__draw(cx, draws_for(x));
    for (int64_t i = 0; i < x->numel;) {
        if (x->dtype == FX_F32) {
            fx_random_words r = fx__random_words(cx->random.seed, first + (uint64_t)i / 4);
            for (int k = 0; k < 4 && i < x->numel; k++) ((float *)x->data)[i++] = fx__uniform_f32(r.at[k]);
        } else {
            fx_random_words r = fx__random_words(cx->random.seed, first + (uint64_t)i / 2);
            for (int k = 0; k < 4 && i < x->numel; k += 2)
                ((double *)x->data)[i++] = fx__uniform_f64(r.at[k], r.at[k + 1]);
        }
    }
    return x;
}

/* Box, Muller 1958: a pair of normal numbers from a pair of uniform ones; the radius takes 1 - u, which is
 * never 0. */
static void normal_pair(double u, double v, double *a, double *b)
{
    double radius = sqrt(-2 * log1p(-u)), angle = 6.283185307179586476925 * v;
    *a = radius * cos(angle);
    *b = radius * sin(angle);
}

fx_tensor *fx_randn_at(fx_context *cx, fx_dtype dtype, fx_dims sizes, fx_where where)
{
    if (!check_float(cx, dtype, "randn", where)) return NULL;
    fx_tensor *x = fx_empty_at(cx, dtype, sizes, where);
    if (!x) return NULL;
    bool f32 = x->dtype == FX_F32;
    uint64_t first = fx__draw(cx, ((uint64_t)x->numel + 1) / 2);
    for (int64_t i = 0; i < x->numel; i += 2) {
        fx_random_words r = fx__random_words(cx->random.seed, first + (uint64_t)i / 2);
        double pair[2];
        normal_pair(fx__uniform_f64(r.at[0], r.at[1]), fx__uniform_f64(r.at[2], r.at[3]), &pair[0], &pair[1]);
        for (int k = 0; k < 2 && i + k < x->numel; k++) {
            if (f32)
                ((float *)x->data)[i + k] = (float)pair[k];
            else
                ((double *)x->data)[i + k] = pair[k];
        }
    }
    return x;
}

/* A number below n, without bias: the product of a 64-bit word and n is rejected where its low half falls in
 * the part of the range that does not divide evenly (Lemire, "Fast random integer generation in an interval",
 * 2019). Further tries take words that no other draw uses. */
static uint64_t below(uint64_t seed, uint64_t draw, uint64_t n)
{
    for (uint64_t try = 0;; try++) {
        fx_random_words r = fx__random_words(seed ^ try * 0x9e3779b97f4a7c15u, draw);
        __extension__ unsigned __int128 product = (unsigned __int128)((uint64_t)r.at[0] << 32 | r.at[1]) * n;
        if ((uint64_t)product >= -n % n) return (uint64_t)(product >> 64);
    }
}

fx_tensor *fx_randint_at(fx_context *cx, int64_t low, int64_t high, fx_dims sizes, fx_where where)
{
    if (cx && low >= high) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "randint: low %lld is not below high %lld", (long long)low,
                     (long long)high);
        return NULL;
    }
    fx_tensor *x = fx_empty_at(cx, FX_I64, sizes, where);
    if (!x) return NULL;
    uint64_t first = fx__draw(cx, (uint64_t)x->numel), n = (uint64_t)high - (uint64_t)low;
    for (int64_t i = 0; i < x->numel; i++)
        ((int64_t *)x->data)[i] = (int64_t)((uint64_t)low + below(cx->random.seed, first + (uint64_t)i, n));
    return x;
}

fx_tensor *fx_randperm_at(fx_context *cx, int64_t n, fx_where where)
{
    fx_tensor *x = fx_arange_at(cx, n, where);
    if (!x) return NULL;
    int64_t *at = (int64_t *)x->data;
    uint64_t first = fx__draw(cx, (uint64_t)n);
    for (int64_t i = n - 1; i > 0; i--) { /* Fisher, Yates */
        int64_t k = (int64_t)below(cx->random.seed, first + (uint64_t)i, (uint64_t)i + 1), t = at[i];
        at[i] = at[k];
        at[k] = t;
    }
    return x;
}
