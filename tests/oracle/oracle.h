/* The oracle: cases that PyTorch computed, in safetensors files, run through this library.
 *
 * A case file's metadata key "cases" is a JSON list of objects that name tensors of the file: an operator
 * with its arguments, what came out, gradients and second-order gradients. (Also modules, optimizers and
 * schedules, files of other kinds.) Each kind of file has a runner; the table of kinds is in main.c. */
#ifndef FLUXION_TESTS_ORACLE_H
#define FLUXION_TESTS_ORACLE_H

#include <fluxion/ops.h>
#include <jansson.h>

enum { MOST_TENSORS = 128, MOST_OUTPUTS = 64, MOST_ARGS = 2048, REASON = 240 };

/* ---- case files ---------------------------------------------------------------------------------------- */

typedef struct case_file {
    char *bytes;
    size_t size, data; /* where the numbers begin */
    json_t *header, *cases;
} case_file;

/* A tensor as it lies in a file. */
typedef struct case_tensor {
    const char *dtype; /* "F64", "I64", "BOOL" ... */
    int ndim;
    int64_t size[FX_MAX_DIMS], numel;
    const char *data;
} case_tensor;

/* Reads a file; false, and a sentence, if it is not a whole case file. case_file_close() ends it either way.
 */
bool case_file_open(case_file *file, const char *path, char reason[REASON]);
void case_file_close(case_file *file);
bool case_file_tensor(const case_file *file, const char *name, case_tensor *tensor);

/* A number of a tensor; integers are exact up to 2^53. */
double case_number(const case_tensor *tensor, int64_t i);

/* ---- a case -------------------------------------------------------------------------------------------- */

/* One case as it runs. */
typedef struct trial {
    fx_context *cx;
    const case_file *file;
    const json_t *json;
    const char *op;                    /* torch's name */
    const fx_function *function;       /* that was called, of the registry; NULL: an adapter's own */
    _Alignas(16) char args[MOST_ARGS]; /* its arguments */
    int tensors;                       /* of the file that the case has used: leaves */
    struct {
        const char *name;
        fx_tensor *tensor;
    } tensor[MOST_TENSORS];
    int lists;
    fx_tensor *list[MOST_TENSORS]; /* storage of lists in args */
    json_t *scraps;                /* what adapters make on the way */
    int made;
    char name[MOST_TENSORS][8]; /* of the tensors that they make */
    int outs;
    fx_tensor *out[MOST_OUTPUTS];
    bool left_out;       /* a function that goes by the name is not in this build */
    char reason[REASON]; /* why it failed */
    double worst;        /* the largest difference seen, over what is allowed */
    const char *excused; /* why a difference does not count; NULL: it does */
} trial;

/* The library's tensor for a name of the file, made at first use; a leaf that requires a gradient if the
 * case's "diff" (or differentiable) says so. NULL and a reason: there is none, or of an unknown dtype. */
fx_tensor *trial_tensor(trial *t, const char *name, bool differentiable);
bool trial_differentiates(const trial *t, const char *name);

/* Records why a case fails, unless a reason stands. Returns false. */
bool trial_fail(trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The reason of a case whose operator the library has not. */
#define NO_FUNCTION "there is no such function"

/* ---- binding ------------------------------------------------------------------------------------------- */

/* Fills t->args with torch's arguments as the fields of f want them. False: they do not fit. */
bool bind_arguments(trial *t, const fx_function *f, const json_t *args, const json_t *kwargs);

/* Calls the function that is registered for a torch operator (or for OPERATOR.VARIANT; variant may be NULL)
 * and gives `wanted` results, 0 for any number. Fills t->out; false and a reason. */
bool call_registered(trial *t, const char *op, const char *variant, const json_t *args, const json_t *kwargs,
                     size_t wanted);

/* Calls what the registry has for the case's operator, or an adapter that stands for it. Fills t->out; false
 * and a reason. */
bool call_operator(trial *t);

/* An operator whose arguments are translated (adapters.c), or that is made of others (composites.c): a
 * rewrite changes the arguments to those of the function that the registry has under `as` (torch's name of
 * it), a call fills t->out itself. A composite is asked only where the registry has nothing that takes the
 * arguments. */
typedef struct adapter {
    const char *op;
    const char *as;
    bool (*rewrite)(trial *t, json_t *args, json_t *kwargs);
    bool (*call)(trial *t, const json_t *args, const json_t *kwargs);
} adapter;
const adapter *adapter_of(const char *op, int nth); /* NULL: no more */
const adapter *composite_of(const char *op, int nth);

/* ---- expressions of an adapter ------------------------------------------------------------------------ */

/* In an adapter a value is JSON, as in a case: a number, or {"t": NAME} for a tensor. Values that these
 * return belong to the case; NULL in gives NULL out, so that an expression may be written whole. */

/* The first result of an operator; format and what follows it are json_pack's for the list of its arguments,
 * "O" being a value. */
json_t *apply(trial *t, const char *op, const char *format, ...);
json_t *apply_to(trial *t, const char *op, json_t *args, json_t *kwargs); /* both are the case's then */

/* A value for a tensor; the tensor of a value, NULL: it is none. */
json_t *value_of(trial *t, fx_tensor *x);
fx_tensor *tensor_of(trial *t, const json_t *value);

/* An int64 tensor of one dimension. */
json_t *indices_value(trial *t, const int64_t *at, int64_t n);
/* Sizes as a list. */
json_t *sizes_value(trial *t, const int64_t *at, int count);
/* Hands JSON over to the case. */
json_t *scrap(trial *t, json_t *json);

/* Argument i, or the one that is named; NULL: neither is there, or it is None. */
json_t *argument(const json_t *args, size_t i, const json_t *kwargs, const char *name);
/* The same as an integer; `otherwise` where it is not given. */
int64_t integer_argument(const json_t *args, size_t i, const json_t *kwargs, const char *name,
                         int64_t otherwise);

/* Adds a result of the case. False for NULL. */
bool result(trial *t, const json_t *value);

/* ---- comparing ----------------------------------------------------------------------------------------- */

typedef struct tolerance {
    double absolute, relative;
} tolerance;
#define FIRST_ORDER ((tolerance){ 1e-9, 1e-7 })
#define SECOND_ORDER ((tolerance){ 1e-8, 1e-6 })

/* Ours against a tensor of the file (name NULL: nothing, or zeros). False and a reason: they differ. sign: of
 * each number, row-major, or NULL. */
bool compare_tensor(trial *t, const char *what, const fx_tensor *ours, const char *name, tolerance limit,
                    const double *sign);

/* Outputs, gradients, second order of t->out, as the case says. */
bool compare_case(trial *t);

/* Why a difference that was found does not count, or NULL (excuses.c). */
const char *excuse_of(trial *t);

/* ---- kinds of files ------------------------------------------------------------------------------------ */

typedef bool case_runner(trial *t);
bool run_operator_case(trial *t);
bool run_module_case(trial *t);

#endif
