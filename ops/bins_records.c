/* The records of bins.c. */
#include "function.h"

#define RECORD(function, torch_, words, note, lines, timed)                                                  \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = torch_,                                           \
                                                  .formula = words,                                          \
                                                  .notes = note,                                             \
                                                  .fields = function##_fields,                               \
                                                  .args_size = sizeof(fx_##function##_args),                 \
                                                  .defaults = &function##_defaults,                          \
                                                  .call = function##_call,                                   \
                                                  .samples = lines,                                          \
                                                  .bench = timed,                                            \
                                                  .integer_result = true };
#define FIELD(function, name, kind, ...) FX__FIELD(fx_##function##_args, name, kind, __VA_ARGS__)
#define OPTION(function, name, kind) FIELD(function, name, kind, .optional = true)

FX__CALL(searchsorted, fx_searchsorted_args)
static const fx_searchsorted_args searchsorted_defaults = { .right = false };
static const fx_field searchsorted_fields[] = {
    FIELD(searchsorted, sorted_sequence, TENSOR, .torch = "sorted_sequence"),
    FIELD(searchsorted, x, TENSOR, .torch = "input,self"), OPTION(searchsorted, right, BOOL),
    OPTION(searchsorted, sorter, TENSOR), FX__FIELDS_END
};
RECORD(searchsorted, "searchsorted",
       "how many numbers of the row of the sequence are < x; <= x with right; int64",
       "NaN is larger than any number",
       "sorted_sequence=(5){1,2,2,3,5} x=(2,3){0,2,6,5,2.5,1}\nsorted_sequence=(5){1,2,2,3,5} "
       "x=(4){2,5,6,nan} right=true\n"
       "sorted_sequence=(2,3){1,2,3,4,5,6} x=(2,2){2,9,4,7}\nsorted_sequence=(3)i64{1,3,5} x=(3){3,3.5,0}\n"
       "sorted_sequence=(4){3,1,2,0} x=(3){1.5,0,9} sorter=(4)i64{3,1,2,0}\nsorted_sequence=(3){1,2,3} x=()\n"
       "sorted_sequence=(0) x=(2)\nsorted_sequence=(3){1,2,3} x=(0)\n"
       "!sorted_sequence=() x=(2)\n!sorted_sequence=(2,3){1,2,3,4,5,6} x=(3,2)\n"
       "!sorted_sequence=(3) x=(2) sorter=(2)i64{0,1}\n",
       "sorted_sequence=(1000)@range:0:1 x=(1000,1000)")

FX__CALL(bucketize, fx_bucketize_args)
static const fx_bucketize_args bucketize_defaults = { .right = false };
static const fx_field bucketize_fields[] = { FIELD(bucketize, x, TENSOR, .torch = "input,self"),
                                             FIELD(bucketize, boundaries, TENSOR, .torch = "boundaries"),
                                             OPTION(bucketize, right, BOOL), FX__FIELDS_END };
RECORD(bucketize, "bucketize", "how many of the boundaries are < x; <= x with right; int64",
       "NaN is larger than any number",
       "x=(2,3){0,2,6,5,2.5,1} boundaries=(5){1,2,2,3,5}\nx=(4){2,5,6,nan} boundaries=(5){1,2,2,3,5} "
       "right=true\n"
       "x=() boundaries=(2){0,1}\nx=(0) boundaries=(2){0,1}\nx=(3)i64 boundaries=(0)\n!x=(3) "
       "boundaries=(1,2)\n!x=(3) "
       "boundaries=()\n",
       "x=(1000,1000) boundaries=(1000)@range:0:1")

FX__CALL(bincount, fx_bincount_args)
static const fx_bincount_args bincount_defaults = { .minlength = 0 };
static const fx_field bincount_fields[] = { FIELD(bincount, x, TENSOR, .torch = "input,self"),
                                            OPTION(bincount, weights, TENSOR),
                                            OPTION(bincount, minlength, INT), FX__FIELDS_END };
RECORD(bincount, "bincount", "y[k] = how many x are k, or the sum of their weights", NULL,
       "x=(5)i64{0,2,2,5,0}\nx=(5)i64{0,2,2,5,0} minlength=8\nx=(4)i32{1,1,0,3} "
       "weights=(4)\nx=(0)i64\nx=(3)u8{1,1,0}\n"
       "!x=(2)i64{0,-1}\n!x=(2)\n!x=()i64{1}\n!x=(2)i64{0,1} weights=(3)\n!x=(2)i64{0,1} minlength=-1\n",
       "x=(1000000)i64@int:1000")

FX__CALL(histc, fx_histc_args)
static const fx_histc_args histc_defaults = { .bins = 100 };
static const fx_field histc_fields[] = { FIELD(histc, x, TENSOR, .torch = "input,self"),
                                         OPTION(histc, bins, INT), OPTION(histc, min, REAL),
                                         OPTION(histc, max, REAL), FX__FIELDS_END };
RECORD(
    histc, "histc", "how many x lie in each of `bins` equal parts of min .. max",
    "min = max: the least and the largest of x; the last part has its end; numbers outside are not counted",
    "x=(20) bins=4\nx=(3,4) bins=5 min=-1 max=1\nx=(4){0,1,2,2} bins=2\nx=() bins=3\nx=(3){1,1,1} "
    "bins=2\nx=(0) bins=3\n"
    "!x=(3) bins=0\n!x=(3) bins=2 min=1 max=0\n!x=(3)i64 bins=2\n!x=(2){1,inf} bins=2\n!x=(2){1,nan} "
    "bins=2\n",
    "x=(1000,1000) bins=100")

static int histogram_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_histogram_args a = *(const fx_histogram_args *)args;
    a.bin_edges = &out[1];
    out[0] = fx_histogram_at(a, where);
    return out[0] ? 2 : 0;
}
static const fx_histogram_args histogram_defaults = { .bins = 10 };
static const fx_field histogram_fields[] = { FIELD(histogram, x, TENSOR, .torch = "input,self"),
                                             OPTION(histogram, bins, INT),
                                             OPTION(histogram, edges, TENSOR),
                                             OPTION(histogram, min, REAL),
                                             OPTION(histogram, max, REAL),
                                             OPTION(histogram, weight, TENSOR),
                                             OPTION(histogram, density, BOOL),
                                             FX__FIELDS_END };
RECORD(histogram, "histogram", "how many x lie between edges, or the sum of their weights; and the edges",
       "density: over the bin's width and the sum of all; numbers outside are not counted",
       "x=(20) bins=4\nx=(3,4) bins=5 min=-1 max=1\nx=(4){0,1,2,2} bins=2 weight=(4)\nx=() bins=3\n"
       "x=(6) edges=(4){-2,-0.5,0.5,2}\nx=(20) bins=3 density=true\nx=(0) bins=2\n"
       "!x=(3) bins=0\n!x=(3) bins=2 min=1 max=0\n!x=(3)i64 bins=2\n!x=(3) bins=2 weight=(2)\n!x=(3) "
       "edges=(1,2)\n",
       "x=(1000,1000) bins=100")

FX__CALL(isin, fx_isin_args)
static const fx_isin_args isin_defaults = { .invert = false };
static const fx_field isin_fields[] = { FIELD(isin, x, TENSOR, .torch = "elements"),
                                        FIELD(isin, test_elements, TENSOR, .torch = "test_elements"),
                                        OPTION(isin, assume_unique, BOOL), OPTION(isin, invert, BOOL),
                                        FX__FIELDS_END };
RECORD(
    isin, "isin", "whether x is one of test_elements; invert: is none", "NaN is none",
    "x=(2,3)i64{1,2,3,4,5,6} test_elements=(3)i64{2,5,9}\nx=(4){1,2,nan,0} test_elements=(2,2){nan,0,1,7}\n"
    "x=(3){1,2,3} test_elements=(2)i64{2,4} invert=true\nx=() test_elements=()\nx=(0) "
    "test_elements=(2)\nx=(2) "
    "test_elements=(0)\n",
    "x=(1000,1000)i64@int:1000 test_elements=(100)i64@int:1000")

static const fx_unique_args unique_defaults = { .dim = FX_ALL_DIMS },
                            unique_consecutive_defaults = { .dim = FX_ALL_DIMS };
#define UNIQUE(function, words)                                                                              \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        fx_unique_args a = *(const fx_unique_args *)args;                                                    \
        a.inverse = &out[1];                                                                                 \
        a.counts = &out[2];                                                                                  \
        out[0] = fx_##function##_at(a, where);                                                               \
        return out[0] ? 3 : 0;                                                                               \
    }                                                                                                        \
    static const fx_field function##_fields[] = {                                                            \
        FX__FIELD(fx_unique_args, x, TENSOR, .torch = "input,self"),                                         \
        FX__FIELD(fx_unique_args, dim, INT, .optional = true), FX__FIELDS_END                                \
    };                                                                                                       \
    RECORD(function, #function, words,                                                                       \
           "then where each x is among them, and how often each there is; NaN is not equal to NaN",          \
           "x=(6)i64{3,1,1,2,3,3}\nx=(2,3){2,0,0,-1,2,2}\nx=(4){1,nan,0,nan}\nx=()\nx=(0)\n"                 \
           "x=(4,2){1,2,0,5,1,2,1,2} dim=0\nx=(2,3){1,1,0,2,2,5} dim=1\nx=(3)bool{1,0,1}\n!x=(3) dim=1\n",   \
           "x=(1000,1000)i64@int:1000")
UNIQUE(unique, "the numbers of x, or its rows along dim, sorted, each once")
UNIQUE(unique_consecutive, "the numbers of x, or its rows along dim, without those that equal the one before")
