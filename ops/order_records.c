/* What the registry knows of numbers in order (order.c).
 */
#include "function.h"

/* Values, and where they are. */
#define PAIR_CALL(function, structure)                                                                       \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        structure a = *(const structure *)args;                                                              \
        a.indices = &out[1];                                                                                 \
        out[0] = fx_##function##_at(a, where);                                                               \
        return out[0] ? 2 : 0;                                                                               \
    }
#define X(structure) FX__FIELD(structure, x, TENSOR, .torch = "input,self")
#define OPTION(structure, field, kind) FX__FIELD(structure, field, kind, .optional = true)

PAIR_CALL(sort, fx_sort_args)
static const fx_field sort_fields[] = { X(fx_sort_args), OPTION(fx_sort_args, dim, INT),
                                        OPTION(fx_sort_args, descending, BOOL),
                                        OPTION(fx_sort_args, stable, BOOL), FX__FIELDS_END };
#define SORT_SAMPLES                                                                                         \
    "x=()\nx=() dim=0 descending=true\nx=(5)@distinct\nx=(6){1,3,3,-2,3,1}\nx=(6){1,3,3,-2,3,1} "            \
    "descending=true\n"                                                                                      \
    "x=(5){1,nan,3,nan,-inf}\nx=(5){1,nan,3,nan,inf} descending=true\nx=(4){0,-0,0,-0}\nx=(3,4)@distinct "   \
    "dim=0\n"                                                                                                \
    "x=(2,3,4)@distinct dim=1 descending=true\nx=(40)@distinct\nx=(0,3)\nx=(0,3) "                           \
    "dim=0\nx=(6)i64\nx=(3,5)u8 dim=0\n"                                                                     \
    "x=(5)i32 descending=true\nx=(4)bool{1,0,1,0}\n! x=(3) dim=1\n! x=(2,3) dim=-3\n"
const fx_function fx__function_sort = {
    .name = "sort",
    .torch = "sort",
    .formula = "y = x in ascending order along dim, and where each number was",
    .gradient = "each g where its number was",
    .notes = "always stable; NaN is the largest, -0 equals 0",
    .fields = sort_fields,
    .args_size = sizeof(fx_sort_args),
    .defaults = &(const fx_sort_args){ .dim = -1 },
    .call = sort_call,
    .samples = SORT_SAMPLES "x=(1000)i64@perm\nx=~(900)\n",
    .bench = "x=(1000000)\nx=(1000,1000)",
};

FX__CALL(argsort, fx_argsort_args)
static const fx_field argsort_fields[] = { X(fx_argsort_args), OPTION(fx_argsort_args, dim, INT),
                                           OPTION(fx_argsort_args, descending, BOOL),
                                           OPTION(fx_argsort_args, stable, BOOL), FX__FIELDS_END };
const fx_function fx__function_argsort = {
    .name = "argsort",
    .torch = "argsort",
    .formula = "y = where the numbers of x are, in ascending order along dim",
    .notes = "always stable; NaN is the largest, -0 equals 0",
    .fields = argsort_fields,
    .args_size = sizeof(fx_argsort_args),
    .defaults = &(const fx_argsort_args){ .dim = -1 },
    .call = argsort_call,
    .samples = SORT_SAMPLES,
    .bench = "x=(1000,1000)",
    .integer_result = true,
};

static int msort_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    out[0] = fx_msort_at(((const fx_unary_args *)args)->x, where);
    return out[0] ? 1 : 0;
}
static const fx_field msort_fields[] = { X(fx_unary_args), FX__FIELDS_END };
const fx_function fx__function_msort = {
    .name = "msort",
    .torch = "msort",
    .formula = "y = x in ascending order along dimension 0",
    .gradient = "each g where its number was",
    .notes = "stable; NaN is the largest",
    .fields = msort_fields,
    .args_size = sizeof(fx_unary_args),
    .call = msort_call,
    .samples = "x=()\nx=(5)@distinct\nx=(3,4)@distinct\nx=(5){2,1,nan,1,2}\nx=(0,3)\nx=(4,2)i64\n",
    .bench = "x=(1000,1000)",
};

PAIR_CALL(topk, fx_topk_args)
/* largest is the other way round, so that left out means true */
typedef struct topk_args {
    fx_tensor *x;
    int64_t k, dim;
    bool largest, sorted;
} topk_args;
static int topk_registered(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const topk_args *a = args;
    return topk_call(&(fx_topk_args){ .x = a->x, .k = a->k, .dim = a->dim, .smallest = !a->largest }, where,
                     out);
}
static const fx_field topk_fields[] = { X(topk_args),
                                        FX__FIELD(topk_args, k, INT),
                                        OPTION(topk_args, dim, INT),
                                        OPTION(topk_args, largest, BOOL),
                                        OPTION(topk_args, sorted, BOOL),
                                        FX__FIELDS_END };
const fx_function fx__function_topk = {
    .name = "topk",
    .torch = "topk",
    .formula = "y = the k largest, or least, of x along dim, in that order, and where they are",
    .gradient = "each g where its number was",
    .notes = "of ties the first are taken, in the order of their places; NaN is the largest",
    .fields = topk_fields,
    .args_size = sizeof(topk_args),
    .defaults = &(const topk_args){ .dim = -1, .largest = true, .sorted = true },
    .call = topk_registered,
    .samples = "x=() k=1\nx=() k=1 dim=0 largest=false\nx=(5)@distinct k=2\nx=(6){1,3,3,-2,3,1} k=4\n"
               "x=(6){1,3,3,-2,3,1} k=2 largest=false\nx=(5){1,nan,3,nan,2} k=3\nx=(5){1,nan,3,nan,2} k=4 "
               "largest=false\n"
               "x=(3,4)@distinct k=2 dim=0\nx=(2,5,3)@distinct k=3 dim=1\nx=(40)@distinct "
               "k=7\nx=(40)@distinct k=40\n"
               "x=(5) k=0\nx=(0,3) k=1\nx=(0) k=0\nx=(6)i64 k=3\nx=(2,4)u8 k=2 largest=false\n"
               "! x=(3) k=4\n! x=(3) k=-1\n! x=(3) k=1 dim=1\n! x=() k=2\n",
    .bench = "x=(1000,1000) k=10",
};

PAIR_CALL(kthvalue, fx_kthvalue_args)
static const fx_field kthvalue_fields[] = { X(fx_kthvalue_args), FX__FIELD(fx_kthvalue_args, k, INT),
                                            OPTION(fx_kthvalue_args, dim, INT),
                                            OPTION(fx_kthvalue_args, keepdim, BOOL), FX__FIELDS_END };
const fx_function fx__function_kthvalue = {
    .name = "kthvalue",
    .torch = "kthvalue",
    .formula = "y = the k-th of x, from 1, in ascending order along dim, and where it is",
    .gradient = "g where it is",
    .notes = "ties are in the order of their places; NaN is the largest",
    .fields = kthvalue_fields,
    .args_size = sizeof(fx_kthvalue_args),
    .defaults = &(const fx_kthvalue_args){ .dim = -1 },
    .call = kthvalue_call,
    .samples =
        "x=() k=1\nx=() k=1 dim=0 keepdim=true\nx=(5)@distinct k=2\nx=(6){1,3,3,-2,3,1} "
        "k=5\nx=(4){1,nan,3,nan} k=3\n"
        "x=(3,4)@distinct k=2 dim=0\nx=(3,4)@distinct k=4 keepdim=true\nx=(2,5,3)@distinct k=3 dim=1\n"
        "x=(50)@distinct k=25\nx=(0,3) k=2\nx=(6)i64 k=3\n! x=(3) k=4\n! x=(3) k=0\n! x=(3) k=1 dim=1\n"
        "! x=(0) k=1\n",
    .bench = "x=(1000,1000) k=500",
};

PAIR_CALL(mode, fx_mode_args)
static const fx_field mode_fields[] = { X(fx_mode_args), OPTION(fx_mode_args, dim, INT),
                                        OPTION(fx_mode_args, keepdim, BOOL), FX__FIELDS_END };
const fx_function fx__function_mode = {
    .name = "mode",
    .torch = "mode",
    .formula = "y = what stands most often in x along dim, the least of several, and where it stands last",
    .gradient = "g where it is",
    .notes = "-0 equals 0",
    .fields = mode_fields,
    .args_size = sizeof(fx_mode_args),
    .defaults = &(const fx_mode_args){ .dim = -1 },
    .call = mode_call,
    .samples =
        "x=()\nx=() dim=0 keepdim=true\nx=(6){1,3,3,-2,3,1}\nx=(6){1,3,3,-2,5,1}\nx=(5)@distinct\n"
        "x=(2,4){1,2,2,1,0,0,1,5} keepdim=true\nx=(3,2){1,2,1,3,0,3} dim=0\nx=(0,3)\nx=(12)i64\nx=(9)u8\n"
        "! x=(3) dim=1\n! x=(0)\n! x=(2,0)\n",
    .bench = "x=(1000,1000)",
};

/* Values alone, or values and indices, when a dimension is given. */
#define MEDIAN_CALL(function)                                                                                \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        fx_median_args a = *(const fx_median_args *)args;                                                    \
        a.indices = &out[1];                                                                                 \
        out[0] = fx_##function##_at(a, where);                                                               \
        return !out[0] ? 0 : a.dims.given ? 2 : 1;                                                           \
    }
static const fx_field median_fields[] = {
    X(fx_median_args), FX__FIELD(fx_median_args, dims, DIMS, .torch = "dim", .optional = true),
    OPTION(fx_median_args, keepdim, BOOL), FX__FIELDS_END
};
#define MEDIAN_SAMPLES                                                                                       \
    "x=()\nx=() dims=0 "                                                                                     \
    "keepdim=true\nx=(5)@distinct\nx=(6)@distinct\nx=(6){1,3,3,-2,3,1}\nx=(6){1,3,3,-2,3,1} dims=0\n"        \
    "x=(4){1,nan,3,nan}\nx=(5){1,nan,3,nan,2} dims=0\nx=(2){nan,nan}\nx=(2){nan,nan} "                       \
    "dims=0\nx=(3,4)@distinct\n"                                                                             \
    "x=(3,4)@distinct dims=0\nx=(3,4)@distinct dims=-1 keepdim=true\nx=(2,5,3)@distinct "                    \
    "dims=1\nx=(51)@distinct\n"                                                                              \
    "x=(0)\nx=(0,3) dims=1\nx=(6)i64\nx=(3,5)i64 dims=1\n! x=(3) dims=1\n! x=(0,3) dims=0\n! x=(3)bool\n"    \
    "! x=(2,3) dims=[0,1]\n"
MEDIAN_CALL(median)
const fx_function fx__function_median = {
    .name = "median",
    .torch = "median",
    .formula = "y = the lower median of x, or along a dimension, with its index there",
    .gradient = "of all: g / k for each of the k equal to it; along a dimension: g at the index",
    .notes = "NaN if there is one; NaN of nothing; ties are in the order of their places",
    .fields = median_fields,
    .args_size = sizeof(fx_median_args),
    .call = median_call,
    .samples = MEDIAN_SAMPLES,
    .bench = "x=(1000,1000)\nx=(1000,1000) dims=1",
};
MEDIAN_CALL(nanmedian)
const fx_function fx__function_nanmedian = {
    .name = "nanmedian",
    .torch = "nanmedian",
    .formula = "y = the lower median of what is not NaN in x, or along a dimension, with its index there",
    .gradient = "of all: g / k for each of the k equal to it; along a dimension: g at the index",
    .notes = "NaN where there is nothing else; ties are in the order of their places",
    .fields = median_fields,
    .args_size = sizeof(fx_median_args),
    .call = nanmedian_call,
    .samples = MEDIAN_SAMPLES,
    .bench = "x=(1000,1000) dims=1",
};
