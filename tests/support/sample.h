/* Samples: the arguments that a function of the registry is tested and timed with, written as lines of text.
 *
 * Grammar, one call a line (blank lines do not count):
 *
 *     line    = ["!"] { name "=" value }            "!": the call must be refused
 *     value   = tensor | number | "true" | "false" | "[" int { "," int } "]" | word | '"' words '"' | "{"
 * tensor { " " tensor } "}" tensor  = ["~"] "(" [ size { "," size } ] ")" [ dtype ] [ "@" domain | "{" number
 * { "," number } "}" ] | "$" name dtype   = "f32" | "f64" | "i64" | "i32" | "u8" | "bool"
 *
 *     x=(3,4)                      f32 or f64, as the test wants, from N(0, 1)
 *     x=()@pos dim=-1              0-d
 *     x=(2,3){1,2,3,4,nan,inf}     these numbers, row-major
 *     index=(5)i64@int:3           integers 0 .. 2
 *     weight=~(5)@pos              "~": nothing is differentiated by this one
 *     a=(3,3) b=$a                 b is the very tensor that a is
 *     tensors={(2,3) (4,3)}        a list
 *     dims=[0,-1] keepdim=true reduction=mean dtype=float64 p=2.5 other=1.5
 *
 * A name is a field of the function; a value must fit the field's type. What a field of type dims gets may be
 * one number. A field that is left out keeps the function's default. A line whose floating tensors all name
 * their dtype is for the f64 tests alone (it exists once); in other lines such a tensor keeps its dtype
 * whatever the test wants.
 *
 * Domains:
 *     real        N(0, 1), the default of floating tensors       pos       0.1 .. 3
 *     unit        -0.95 .. 0.95                                  prob      0.05 .. 0.95
 *     nonzero     0.1 .. 2 or -2 .. -0.1                         ge1       1.05 .. 4
 *     distinct    every number at least 0.05 from every other    zero      0
 *     int:N       integers 0 .. N-1                              const:V   V
 *     range:A:B   A .. B, uniform                                perm      0 .. numel-1 in random order
 *     spd         matrices A A^T + I of the last two dims        sym       symmetric ones
 *     dom         I + A / (2 sqrt(rows + columns))
 * Integers without a domain are -4 .. 4, u8 0 .. 9, bool either.
 *
 * Numbers are a pure function of (seed, the tensor's position in the line, element): the same on every
 * machine, for every layout. */
#ifndef FLUXION_TESTS_SAMPLE_H
#define FLUXION_TESTS_SAMPLE_H

#include <fluxion/ops.h>

enum { FX_SAMPLE_TENSORS = 16, FX_SAMPLE_ARGS = 2048, FX_SAMPLE_ERROR = 200 };

/* A line as read: plain data, valid as long as the text of the registry is. */
typedef struct fx_sample fx_sample;

/* All lines of a function. NULL, and a sentence in error, if one cannot be read. free() ends it. */
fx_sample *fx_samples_of(const fx_function *f, const char *lines, int *count, char error[FX_SAMPLE_ERROR]);
fx_sample *fx_sample_at(fx_sample *samples, int i);
const char *fx_sample_text(const fx_sample *s); /* the line */
bool fx_sample_refused(const fx_sample *s);     /* begins with "!" */
bool fx_sample_fixed(const fx_sample *s); /* all floating tensors name their dtype: for f64 tests alone */

/* How tensors lie in memory. All but the first give the same numbers at other places. */
typedef enum fx_sample_layout {
    FX_LAYOUT_ROWS,     /* row-major */
    FX_LAYOUT_STRIDED,  /* dimensions in reverse order in memory, with gaps */
    FX_LAYOUT_OFFSET,   /* row-major, not at the start of its memory nor aligned */
    FX_LAYOUT_EXPANDED, /* stride 0 along the first dimension longer than 1; wants flat */
    FX_LAYOUT_COUNT
} fx_sample_layout;

typedef struct fx_sample_options {
    fx_dtype dtype; /* of tensors that name none: FX_F32 or FX_F64 */
    uint64_t seed;
    fx_sample_layout layout;
    bool flat;     /* along the first dimension longer than 1, all numbers are as at 0 */
    bool constant; /* nothing requires a gradient */
    uint64_t only; /* if not 0: only differentiable tensors whose bit is set require one */
    const double
        *shift; /* added to the numbers of the differentiable tensors, one after the other; or NULL */
} fx_sample_options;

/* A line as arguments: tensors on a context, in its open scope. */
typedef struct fx_sample_call {
    const fx_function *function;
    _Alignas(16) char args[FX_SAMPLE_ARGS]; /* the argument structure */
    int tensors; /* all, in the order of the fields, those of lists too; each once */
    fx_tensor *tensor[FX_SAMPLE_TENSORS];
    int diffs; /* those that may be differentiated */
    fx_tensor *diff[FX_SAMPLE_TENSORS];
    int lists; /* storage of lists */
    fx_tensor *list[FX_SAMPLE_TENSORS];
} fx_sample_call;

/* Makes the tensors. An fx_status other than FX_OK, and the context's error, when memory is out. A call may
 * not be moved afterwards (its lists point into it). */
fx_status fx_sample_make(const fx_sample *s, fx_context *cx, fx_sample_options options, fx_sample_call *call);

/* Calls the function; fills out, returns how many. */
int fx_sample_run(const fx_sample_call *call, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS]);

/* A tensor of deterministic numbers from N(0, 1), for seeds and directions: laid out as asked. */
fx_tensor *fx_sample_normal(fx_context *cx, const fx_tensor *like, uint64_t seed, fx_sample_layout layout,
                            bool flat);

/* Number i of a stream: 64 random bits; uniform in (0, 1); standard normal. */
uint64_t fx_sample_bits(uint64_t seed, uint64_t i);
double fx_sample_uniform(uint64_t seed, uint64_t i);
double fx_sample_gauss(uint64_t seed, uint64_t i);

#endif
