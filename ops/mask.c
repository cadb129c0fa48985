/* What a mask of bool chooses: numbers taken, put, and where they are; and casts.
 *
 *     masked_select    the places of the mask that hold, as an index; x at it    gradient: added there
 *     masked_scatter   source's first numbers put at that index                  gradient: taken there
 */
#include "indexing.h"
#include "lanes.h"

static bool is_mask(const fx_tensor *mask, const char *op, fx_where where)
{
    if (mask->dtype == FX_BOOL || mask->dtype == FX_U8) return true;
    fx_error_set(mask->cx, FX_ERROR_DTYPE, where, "%s: the mask must be bool, not %s", op,
                 fx_dtype_name((fx_dtype)mask->dtype));
    return false;
}

/* How many bytes are not 0, eight at a time: the carries of each byte's add go to its highest bit. */
static int64_t count_of(const uint8_t *at, int64_t n)
{
    int64_t count = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t w;
        memcpy(&w, at + i, 8);
        const uint64_t low = 0x7f7f7f7f7f7f7f7f;
        count += __builtin_popcountll((((w & low) + low) | w) & ~low);
    }
    for (; i < n; i++) count += at[i] != 0;
    return count;
}

fx_tensor *fx__mask_places(fx_tensor *mask, fx_where where)
{
    mask = fx__contiguous_of(mask);
    if (!mask) return NULL;
    const uint8_t *at = (const uint8_t *)mask->data;
    const int64_t count = count_of(at, mask->numel);
    fx_tensor *places = fx__new(mask->cx, FX_I64, 1, &count, where);
    if (!places) return NULL;
    int64_t *to = (int64_t *)(void *)places->data;
    for (int64_t i = 0, k = 0; k < count; i++)
        if (at[i]) to[k++] = i;
    return places;
}

/* x and mask in the shape that both broadcast to. */
static bool broadcast(fx_tensor **x, fx_tensor **mask, const char *op, fx_where where)
{
    fx__sizes to;
    if (!*x || !*mask || !is_mask(*mask, op, where)) return false;
    if (fx__same_sizes(*x, *mask)) return true;
    if (!fx__broadcast_sizes((fx_list){ 2, (fx_tensor *[]){ *x, *mask } }, &to, op, where)) return false;
    *x = fx__expand(*x, to.ndim, to.at, where);
    *mask = fx__expand(*mask, to.ndim, to.at, where);
    return *x && *mask;
}

fx_tensor *fx_masked_select_at(fx_tensor *x, fx_tensor *mask, fx_where where)
{
    if (!broadcast(&x, &mask, "masked_select", where)) return NULL;
    return fx__rows(fx_ravel_at(x, where), fx__mask_places(mask, where), 0, FX__ROWS_ALL, 0, where);
}

fx_tensor *fx_masked_scatter_at(fx_tensor *x, fx_tensor *mask, fx_tensor *source, fx_where where)
{
    if (!source || !broadcast(&x, &mask, "masked_scatter", where)) return NULL;
    if (x->dtype != source->dtype)
        return FX__REFUSE(x, ERROR_DTYPE, where, "masked_scatter: the source is %s, not %s",
                          fx_dtype_name((fx_dtype)source->dtype), fx_dtype_name((fx_dtype)x->dtype));
    fx_tensor *places = fx__mask_places(mask, where), *flat = fx_ravel_at(source, where);
    if (!places || !flat) return NULL;
    if (places->numel > source->numel)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "masked_scatter: a source of %s has not the %lld numbers that "
                          "the mask takes",
                          fx__shape_text(source), (long long)places->numel);
    flat = fx__slice(flat, 0, 0, places->numel, 1, where);
    fx_tensor *y = fx__put_rows(fx_ravel_at(x, where), places, flat, 0, where);
    return y ? fx__reshape_like(y, x, where) : NULL;
}

fx_tensor *fx_nonzero_at(fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    fx_tensor *places = fx__mask_places(fx_ne_at(fx_operand_tensor(x), fx_operand_integer(0), where), where);
    if (!places) return NULL;
    const int64_t size[2] = { places->numel, x->ndim };
    fx_tensor *y = fx__new(x->cx, FX_I64, 2, size, where);
    if (!y) return NULL;
    const int64_t *from = (const int64_t *)(const void *)places->data;
    int64_t *to = (int64_t *)(void *)y->data;
    for (int64_t i = 0; i < size[0]; i++, to += x->ndim) {
        int64_t at = from[i];
        for (int d = x->ndim; d-- > 0; at /= x->size[d]) to[d] = at % x->size[d];
    }
    return y;
}

fx_tensor *fx_to_at(fx_tensor *x, fx_dtype dtype, fx_where where)
{
    if (x && (dtype <= FX_DTYPE_NONE || dtype >= FX_DTYPE_COUNT))
        return FX__REFUSE(x, ERROR_DTYPE, where, "to: there is no dtype %d", (int)dtype);
    return fx__as(x, dtype, where);
}

/* ---- records ---- */

typedef struct masked_select_args {
    fx_tensor *x, *mask;
} masked_select_args;
typedef struct masked_scatter_args {
    fx_tensor *x, *mask, *source;
} masked_scatter_args;
typedef struct to_args {
    fx_tensor *x;
    fx_dtype dtype;
} to_args;

FX__PLAIN(masked_select, masked_select_args, a->x, a->mask)
static const fx_field masked_select_fields[] = { FX__FIELD(masked_select_args, x, TENSOR),
                                                 FX__FIELD(masked_select_args, mask, TENSOR),
                                                 FX__FIELDS_END };
const fx_function fx__function_masked_select = {
    .name = "masked_select",
    .torch = "masked_select",
    .formula = "the numbers of x where the mask holds, row-major",
    .gradient = "zeros with g where they came from",
    .notes = "x and mask broadcast; how long the result is depends on the mask",
    .fields = masked_select_fields,
    .args_size = sizeof(masked_select_args),
    .call = masked_select_call,
    .samples =
        "x=(3,4) mask=(3,4)bool\nx=(3,4) mask=(4)bool{1,0,1,1}\nx=(4) mask=(3,4)bool\nx=(2,1,3) "
        "mask=(2,3)bool\n"
        "x=() mask=()bool{1}\nx=() mask=()bool{0}\nx=() mask=(2,2)bool{1,0,1,1}\nx=(0,3) mask=(3)bool\n"
        "x=(3)i64 mask=(3)bool{0,1,1}\nx=(20) mask=(20)u8\n!x=(3) mask=(4)bool\n!x=(3) mask=(3)i64\n",
    .bench = "x=(1000,1000) mask=(1000,1000)bool",
};

FX__PLAIN(masked_scatter, masked_scatter_args, a->x, a->mask, a->source)
static const fx_field masked_scatter_fields[] = { FX__FIELD(masked_scatter_args, x, TENSOR),
                                                  FX__FIELD(masked_scatter_args, mask, TENSOR),
                                                  FX__FIELD(masked_scatter_args, source, TENSOR),
                                                  FX__FIELDS_END };
const fx_function fx__function_masked_scatter = {
    .name = "masked_scatter",
    .torch = "masked_scatter",
    .formula = "x, but where the mask holds source's numbers, one after the other, row-major",
    .gradient = "in x g where the mask does not hold; in source g where it does, 0 for what was not used",
    .notes = "x and mask broadcast",
    .fields = masked_scatter_fields,
    .args_size = sizeof(masked_scatter_args),
    .call = masked_scatter_call,
    .samples =
        "x=(3,4) mask=(3,4)bool source=(3,4)\nx=(3,4) mask=(4)bool source=(15)\nx=(4) mask=(2,1)bool "
        "source=(8)\nx=(2,2) mask=()bool{1} source=(4)\nx=() mask=()bool{1} source=()\n"
        "x=() mask=()bool{0} source=(0)\nx=(0,3) mask=(3)bool source=(2)\nx=(3)i64 mask=(3)bool{0,1,1} "
        "source=(2)i64\n!x=(3) mask=(4)bool source=(4)\n!x=(3) mask=(3)bool{1,1,1} source=(2)\n"
        "!x=(3)f32 mask=(3)bool source=(3)f64\n!x=(3) mask=(3)i64 source=(3)\n",
    .bench = "x=(1000,1000) mask=(1000,1000)bool source=(1000,1000)",
};

FX__PLAIN(nonzero, fx_unary_args, a->x)
static const fx_field nonzero_fields[] = { FX__FIELD(fx_unary_args, x, TENSOR, .torch = "input"),
                                           FX__FIELDS_END };
const fx_function fx__function_nonzero = {
    .name = "nonzero",
    .torch = "nonzero,argwhere",
    .formula = "the coordinates of the numbers that are not 0, row-major, a row each",
    .fields = nonzero_fields,
    .args_size = sizeof(fx_unary_args),
    .call = nonzero_call,
    .samples = "x=(3,4)bool\nx=(5){0,1,-2,0,nan}\nx=(){0}\nx=(){3}\nx=(0,3)\nx=(2,2,2)i64{0,1,0,0,2,0,0,3}\n",
    .bench = "x=(1000,1000)bool",
    .integer_result = true,
};

FX__PLAIN(to, to_args, a->x, a->dtype)
static const fx_field to_fields[] = { FX__FIELD(to_args, x, TENSOR), FX__FIELD(to_args, dtype, DTYPE),
                                      FX__FIELDS_END };
const fx_function fx__function_to = {
    .name = "to",
    .torch = "to,type",
    .formula = "x in another dtype",
    .gradient = "g, in x's dtype",
    .fields = to_fields,
    .args_size = sizeof(to_args),
    .call = to_call,
    .samples =
        "x=(3,4)f32 dtype=float64\nx=()f64 dtype=float32\nx=(0,2) dtype=float64\nx=(3) dtype=float32\n"
        "x=(4){1.5,-1.5,0,3} dtype=int64\nx=(3){0,-0.5,2} dtype=bool\nx=(3)i64 dtype=float32\n!x=(3)\n",
};
