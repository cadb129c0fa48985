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
    int outs;
    fx_tensor *out[MOST_OUTPUTS];
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

/* ---- binding ------------------------------------------------------------------------------------------- */

/* Fills t->args with torch's arguments as the fields of f want them. False: they do not fit. */
bool bind_arguments(trial *t, const fx_function *f, const json_t *args, const json_t *kwargs);

/* Calls the function that is registered for a torch operator, with its arguments translated if an adapter
 * stands for it. Fills t->out; false and a reason. */
bool call_operator(trial *t);

/* An operator whose arguments are translated first (adapters.c). A rewrite returns the arguments for the
 * function that the registry has under `as` (torch's name of it); a call fills t->out itself. */
typedef struct adapter {
    const char *op;
    const char *as;
    bool (*rewrite)(trial *t, json_t *args, json_t *kwargs);
    bool (*call)(trial *t, const json_t *args, const json_t *kwargs);
} adapter;
const adapter *adapter_of(const char *op, int nth); /* NULL: no more */

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

#endif
