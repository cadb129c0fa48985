/* Options with a number for each dimension: see the header.
 */
#include "window.h"

#include "lanes.h"

bool fx__option_for_each(const fx_tensor *x, const char *op, int ndim, fx__option option,
                         const int64_t *otherwise, int64_t to[], fx_where where)
{
    const fx_dims *each = &option.each;
    const bool listed = each->given && each->count > 0;
    if (listed && each->count != 1 && each->count != ndim)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: %s has %d numbers for %d dimensions", op,
                          option.name, each->count, ndim) != NULL;
    for (int d = 0; d < ndim; d++) {
        if (listed)
            to[d] = each->at[each->count == 1 ? 0 : d];
        else if (option.one)
            to[d] = option.one;
        else if (otherwise)
            to[d] = otherwise[d];
        if (to[d] < option.least)
            return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: %s may not be %lld", op, option.name,
                              (long long)to[d]) != NULL;
    }
    return true;
}

bool fx__has_space(const fx_tensor *x, int ndim, const char *op, fx_where where)
{
    if (!x || fx_error(x->cx) != FX_OK || !fx__is_floating(x, op, where)) return false;
    if (x->ndim == ndim + 1 || x->ndim == ndim + 2) return true;
    return FX__REFUSE(x, ERROR_SHAPE, where,
                      "%s: takes x (N, C, ...) or (C, ...) with %d dimensions of space, not %s", op, ndim,
                      fx__shape_text(x)) != NULL;
}

bool fx__pool_window_of(const fx_tensor *x, const char *op, int ndim, fx__option kernel, fx__option stride,
                        fx__option padding, fx__option dilation, bool ceil_mode, fx__pool_window *w,
                        fx_where where)
{
    static const int64_t ones[] = { 1, 1, 1 }, zeros[] = { 0, 0, 0 };
    *w = (fx__pool_window){ .in = { 0 } };
    if (!fx__option_for_each(x, op, ndim, kernel, NULL, w->kernel, where) ||
        !fx__option_for_each(x, op, ndim, stride, w->kernel, w->stride, where) ||
        !fx__option_for_each(x, op, ndim, padding, zeros, w->padding, where) ||
        !fx__option_for_each(x, op, ndim, dilation, ones, w->dilation, where))
        return false;
    for (int d = 0; d < ndim; d++) {
        const int64_t in = w->in[d] = x->size[x->ndim - ndim + d],
                      reach = w->dilation[d] * (w->kernel[d] - 1) + 1;
        if (2 * w->padding[d] > w->kernel[d])
            return FX__REFUSE(x, ERROR_ARGUMENT, where,
                              "%s: a padding of %lld is more than half the kernel, %lld", op,
                              (long long)w->padding[d], (long long)w->kernel[d]) != NULL;
        const int64_t left = in + 2 * w->padding[d] - reach + (ceil_mode ? w->stride[d] - 1 : 0);
        w->out[d] = left < 0 ? 0 : left / w->stride[d] + 1;
        if (ceil_mode && (w->out[d] - 1) * w->stride[d] >= in + w->padding[d]) w->out[d]--;
        if (w->out[d] < 1 || in < 1)
            return FX__REFUSE(x, ERROR_SHAPE, where, "%s: a window of %lld does not fit into x %s", op,
                              (long long)reach, fx__shape_text(x)) != NULL;
    }
    return true;
}

bool fx__adaptive_sizes(const fx_tensor *x, const char *op, int ndim, int64_t one, fx_dims each, int64_t in[],
                        int64_t out[], fx_where where)
{
    for (int d = 0; d < ndim; d++) in[d] = x->size[x->ndim - ndim + d];
    if (!fx__option_for_each(x, op, ndim, (fx__option){ "output_size", one, each, -1 }, in, out, where))
        return false;
    for (int d = 0; d < ndim; d++) {
        if (out[d] < 0) out[d] = in[d];
        if (in[d] < 1 && out[d] > 0)
            return FX__REFUSE(x, ERROR_SHAPE, where, "%s: x %s has nothing to pool", op, fx__shape_text(x)) !=
                   NULL;
    }
    return true;
}
