/* Products with the Jacobian or the Hessian of a function of the caller's.
 *
 * The function runs on arguments of its own, which share the inputs' memory: leaves, or with create_graph
 * copies of the handle that have the input's history. All that is made lies in a scope that the results are
 * moved out of at the end.
 *
 * The gradient under a seed u is J^T u, linear in u, recorded in the library's own operators: so its gradient
 * in u under v, the transpose of the transpose, is J v, whatever u holds. Forward mode needs no rule of its
 * own.
 */
#include "functional.h"

#include <stdarg.h>
#include <string.h>

/* ---- lists --------------------------------------------------------------------------------------------- */

fx__tensors fx__room(fx__derivation *d, int n)
{
    const fx__tensors t = { n, d->memory + d->left };
    d->left += n;
    return t;
}

/* All lists that a derivative may ask for: arguments, results, seeds, vectors, gradients. */
static bool make_room(fx__derivation *d, int inputs, int outputs)
{
    const size_t room = 8 * ((size_t)inputs + (size_t)outputs);
    d->memory = fx__scratch(d->cx, room * sizeof *d->memory);
    if (!d->memory) return false;
    memset(d->memory, 0, room * sizeof *d->memory);
    d->x = fx__room(d, inputs);
    d->y = fx__room(d, outputs);
    return true;
}

bool fx__derivation_fail(const fx__derivation *d, fx_status code, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fx_error_set(d->cx, code, d->where, "%s: %s", d->name, text);
    return false;
}

bool fx__independent(const fx__derivation *d, int k, int i)
{
    char what[48];
    if (!d->args.strict) return true;
    if (k >= 0) snprintf(what, sizeof what, "output %d of the function", k);
    return fx__derivation_fail(d, FX_ERROR_GRAPH,
                               "%s is independent of input %d, which .strict does not allow",
                               k >= 0              ? what
                               : k == FX__FUNCTION ? "the function"
                                                   : "the gradient of the function",
                               i);
}

/* ---- the function -------------------------------------------------------------------------------------- */

/* y = x, in x's memory. */
static bool argument_shape(const fx_call *c, fx_spec *y)
{
    memcpy(y->stride, fx__stride(c->shapes[0]), sizeof(int64_t) * c->shapes[0]->ndim);
    return true;
}
static void argument_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)c;
    gx[0] = g;
}
static const fx_op argument_op = { .name = "argument",
                                   .formula = "y = x",
                                   .inputs = 1,
                                   .view = true,
                                   .strided = true,
                                   .shape = argument_shape,
                                   .local_grad = argument_local_grad };

/* x as the function gets it. In place it is refused as a leaf is: a write would go to the caller's numbers.
 */
static fx_tensor *argument(const fx__derivation *d, fx_tensor *x)
{
    if (!d->args.create_graph || !fx_requires_grad(x))
        return fx_parameter_at(fx_detach_at(x, d->where), d->where);
    fx_tensor *y = FX__APPLY(&argument_op, NULL, d->where, x);
    if (y) y->flags |= FX__DETACHED | FX__REQUIRES_GRAD;
    return y;
}

static bool check_inputs(const fx__derivation *d, fx_list inputs)
{
    for (int i = 0; i < inputs.count; i++) {
        const fx_tensor *x = inputs.at[i];
        if (!fx_dtype_is_float((fx_dtype)x->dtype))
            return fx__derivation_fail(d, FX_ERROR_DTYPE,
                                       "input %d is %s: only floating tensors have derivatives", i,
                                       fx_dtype_name((fx_dtype)x->dtype));
        if (x->cx != d->cx)
            return fx__derivation_fail(d, FX_ERROR_ARGUMENT, "input %d belongs to another context", i);
    }
    return true;
}

static bool check_results(const fx__derivation *d, int given, uint64_t failures)
{
    const int outputs = d->y.count;
    bool whole = given > 0;
    for (int k = 0; k < given && k < outputs; k++) whole = whole && d->results[k];
    if (fx__failures(d->cx) != failures) return false;
    if (!whole) return fx__derivation_fail(d, FX_ERROR_USER, "the function failed");
    if (given != outputs)
        return fx__derivation_fail(d, FX_ERROR_ARGUMENT, "the function gave %d tensors, and .outputs says %d",
                                   given, outputs);
    for (int k = 0; k < outputs; k++)
        if (d->results[k]->cx != d->cx)
            return fx__derivation_fail(d, FX_ERROR_ARGUMENT, "output %d belongs to another context", k);
    return true;
}

static bool run_function(fx__derivation *d, fx_list inputs)
{
    for (int i = 0; i < inputs.count; i++)
        if (!(d->x.at[i] = argument(d, inputs.at[i]))) return false;
    const uint64_t failures = fx__failures(d->cx);
    const int given = d->args.function(d->args.data, d->x.at, inputs.count, d->results);
    if (!check_results(d, given, failures)) return false;
    for (int k = 0; k < d->y.count; k++) {
        d->y.at[k] = d->results[k];
        if (d->args.strict && !fx_requires_grad(d->y.at[k]))
            return fx__derivation_fail(
                d, FX_ERROR_GRAPH, "output %d of the function has no gradient, which .strict does not allow",
                k);
    }
    return fx__failures(d->cx) == failures;
}

/* ---- the frame ----------------------------------------------------------------------------------------- */

/* A result may be the caller's own tensor, or stand twice: then its handle may not be handed out as new. */
static fx_tensor *own(const fx__derivation *d, fx_tensor *const *results, int i)
{
    bool fresh = fx__scope_has(results[i]);
    for (int k = 0; k < i; k++) fresh = fresh && results[k] != results[i];
    for (int k = 0; k < d->y.count; k++) fresh = fresh && d->y.at[k] != results[i];
    return fresh ? results[i] : fx_clone_at(results[i], d->where);
}

/* Out of the scope, all of them or none. */
static bool move_out(const fx__derivation *d, fx_tensor **results, int count)
{
    fx_tensor *values[FX_MAX_OUTPUTS];
    const int given = d->args.values ? d->y.count : 0;
    bool ok = true;
    for (int i = 0; ok && i < count; i++) ok = (results[i] = own(d, results, i)) != NULL;
    for (int k = 0; ok && k < given; k++)
        ok = (values[k] = d->args.create_graph ? d->y.at[k] : fx_detach_at(d->y.at[k], d->where)) != NULL;
    for (int i = 0; ok && i < count; i++) ok = (results[i] = fx_keep(results[i])) != NULL;
    for (int k = 0; ok && k < given; k++) ok = (values[k] = fx_keep(values[k])) != NULL;
    if (ok && given) memcpy(d->args.values, values, sizeof *values * (size_t)given);
    return ok;
}

static bool run(fx__derivation *d, fx_list inputs, fx__derive *derive, fx_tensor **results, int count)
{
    bool ok = false;
    FX_SCOPE (d->cx)
        FX_ENABLE_GRAD (d->cx) {
            const uint64_t failures = fx__failures(d->cx);
            ok = run_function(d, inputs) && derive(d, results) && move_out(d, results, count) &&
                 fx__failures(d->cx) == failures;
        }
    return ok;
}

static bool is_list(fx_list list)
{
    for (int i = 0; i < list.count; i++)
        if (!list.at || !list.at[i]) return false;
    return list.count > 0;
}

static fx_status failed(const fx_context *cx) { return fx_error(cx) ? fx_error(cx) : FX_ERROR_ARGUMENT; }

fx_status fx__derivative(const char *name, const fx_derivative_args *args, fx__derive *derive,
                         int (*count)(int inputs, int outputs), fx_tensor **results, fx_where where)
{
    const fx_list inputs = args->input ? (fx_list){ 1, &args->input } : args->inputs;
    const int outputs = args->outputs ? args->outputs : 1;
    if (!is_list(inputs)) return FX_ERROR_ARGUMENT;
    fx__derivation d = { .name = name, .where = where, .args = *args, .cx = inputs.at[0]->cx };
    const int n = outputs > 0 && outputs <= FX_MAX_OUTPUTS ? count(inputs.count, outputs) : 0;
    for (int i = 0; results && i < n; i++) results[i] = NULL;
    if (!results || !args->function)
        fx__derivation_fail(&d, FX_ERROR_ARGUMENT, "there is no %s",
                            results ? "function" : "room for results");
    else if (!n)
        fx__derivation_fail(&d, FX_ERROR_ARGUMENT, "%d outputs; there may be 1 to %d", outputs,
                            FX_MAX_OUTPUTS);
    else if (check_inputs(&d, inputs) && make_room(&d, inputs.count, outputs)) {
        const bool ok = run(&d, inputs, derive, results, n);
        fx__scratch_free(d.cx, d.memory);
        if (ok) return FX_OK;
        for (int i = 0; i < n; i++) results[i] = NULL;
    }
    return failed(d.cx);
}

/* ---- vectors ------------------------------------------------------------------------------------------- */

static bool check_vector(const fx__derivation *d, int i, const fx_tensor *v, const fx_tensor *to)
{
    if (v->cx != d->cx)
        return fx__derivation_fail(d, FX_ERROR_ARGUMENT, "v %d belongs to another context", i);
    if (v->ndim == to->ndim && !memcmp(v->size, to->size, sizeof(int64_t) * to->ndim)) return true;
    return fx__derivation_fail(d, FX_ERROR_SHAPE, "v %d has sizes %s and should have %s", i,
                               fx__shape_text(v), fx__shape_text(to));
}

bool fx__vectors(fx__derivation *d, fx__tensors to, const char *what, fx__tensors *vectors)
{
    const fx_list vs = d->args.v ? (fx_list){ 1, &d->args.v } : d->args.vs;
    *vectors = fx__room(d, to.count);
    if (!vs.count && to.count == 1 && to.at[0]->numel == 1) {
        vectors->at[0] = fx_full_at(d->cx, (fx_dtype)to.at[0]->dtype, 1, fx_shape(to.at[0]), d->where);
        return vectors->at[0] != NULL;
    }
    if (vs.count != to.count)
        return fx__derivation_fail(d, FX_ERROR_ARGUMENT,
                                   vs.count ? "there are %d vectors for %d %ss"
                                            : "v may be left out for one number only (%d vectors, %d %ss)",
                                   vs.count, to.count, what);
    if (!is_list(vs)) return false;
    for (int i = 0; i < to.count; i++) {
        if (!check_vector(d, i, vs.at[i], to.at[i])) return false;
        vectors->at[i] = vs.at[i];
    }
    return true;
}

/* ---- gradients ----------------------------------------------------------------------------------------- */

bool fx__pull(const fx__derivation *d, fx__tensors outputs, fx__tensors seeds, fx__tensors inputs,
              fx__pass_kind kind, fx_tensor **results)
{
    const size_t room = 2 * ((size_t)outputs.count + (size_t)inputs.count);
    fx_tensor **roots = fx__scratch(d->cx, room * sizeof *roots);
    if (!roots) return false;
    fx_tensor **weights = roots + outputs.count, **leaves = weights + outputs.count,
              **found = leaves + inputs.count;
    int n = 0, m = 0;
    for (int k = 0; k < outputs.count; k++) {
        if (!outputs.at[k] || !fx_requires_grad(outputs.at[k])) continue;
        roots[n] = outputs.at[k];
        weights[n++] = seeds.at[k];
    }
    for (int i = 0; i < inputs.count; i++)
        if (inputs.at[i]) leaves[m++] = inputs.at[i];
    const fx_gradient_args a = { .outputs = { n, roots },
                                 .seeds = { n, weights },
                                 .inputs = { m, leaves },
                                 .create_graph = kind == FX__RECORDED,
                                 .retain_graph = kind != FX__LAST,
                                 .allow_unused = true };
    const bool ok = !n || !m || fx_gradients_at(found, a, d->where) == FX_OK;
    for (int i = 0, at = 0; i < inputs.count; i++) results[i] = n && ok && inputs.at[i] ? found[at++] : NULL;
    fx__scratch_free(d->cx, roots);
    return ok;
}

/* u may hold any numbers but zeros: zero-safe mode keeps a zero gradient zero, and would then let nothing
 * through. Nor may they cancel there: a fraction that no small sum of others meets. */
static fx_tensor *seed_like(const fx__derivation *d, const fx_tensor *y)
{
    fx_tensor *u = fx__new(d->cx, (fx_dtype)y->dtype, y->ndim, y->size, d->where);
    if (!u) return NULL;
    for (int64_t i = 0; i < y->numel; i++) {
        const double step = (double)i * 0.6180339887498949, number = 1 + step - floor(step);
        if (y->dtype == FX_F64)
            ((double *)(void *)u->data)[i] = number;
        else
            ((float *)(void *)u->data)[i] = (float)number;
    }
    return fx_parameter_at(u, d->where);
}

bool fx__transpose(fx__derivation *d, fx__tensors y, fx__tensors x, fx__tensors *u, fx__tensors *gradient)
{
    *u = fx__room(d, y.count);
    *gradient = fx__room(d, x.count);
    for (int k = 0; k < y.count; k++)
        if (y.at[k] && fx_requires_grad(y.at[k]) && !(u->at[k] = seed_like(d, y.at[k]))) return false;
    return fx__pull(d, y, *u, x, FX__RECORDED, gradient->at);
}

bool fx__gradient_of(fx__derivation *d, fx__tensors *gradient)
{
    fx_tensor *y = d->y.at[0];
    if (d->y.count != 1 || y->numel != 1)
        return fx__derivation_fail(d, FX_ERROR_SHAPE,
                                   "the function must give one number, and gave %d tensors: %s", d->y.count,
                                   fx__shape_text(y));
    *gradient = fx__room(d, d->x.count);
    const fx__tensors none = { 1, &(fx_tensor *){ NULL } };
    if (!fx__pull(d, d->y, none, d->x, FX__RECORDED, gradient->at)) return false;
    for (int i = 0; i < d->x.count; i++)
        if (!gradient->at[i] && !fx__independent(d, 0, i)) return false;
    return true;
}

/* Zeros where there is no gradient. */
bool fx__fill_up(fx__tensors like, fx_tensor **results)
{
    for (int i = 0; i < like.count; i++)
        if (!results[i] && !(results[i] = fx__zeros_like(like.at[i]))) return false;
    return true;
}

/* ---- products ------------------------------------------------------------------------------------------ */

static int of_inputs(int inputs, int outputs)
{
    (void)outputs;
    return inputs;
}

static int of_outputs(int inputs, int outputs)
{
    (void)inputs;
    return outputs;
}

static fx__pass_kind last_pass(const fx__derivation *d)
{
    return d->args.create_graph ? FX__RECORDED : FX__LAST;
}

static bool vjp(fx__derivation *d, fx_tensor **results)
{
    fx__tensors v;
    if (!fx__vectors(d, d->y, "output", &v) || !fx__pull(d, d->y, v, d->x, last_pass(d), results))
        return false;
    for (int i = 0; i < d->x.count; i++)
        if (!results[i] && !fx__independent(d, FX__FUNCTION, i)) return false;
    return fx__fill_up(d->x, results);
}

static bool jvp(fx__derivation *d, fx_tensor **results)
{
    fx__tensors v, u, gradient;
    if (!fx__vectors(d, d->x, "input", &v) || !fx__transpose(d, d->y, d->x, &u, &gradient)) return false;
    for (int i = 0; i < d->x.count; i++)
        if (!gradient.at[i] && !fx__independent(d, FX__FUNCTION, i)) return false;
    return fx__pull(d, gradient, v, u, last_pass(d), results) && fx__fill_up(d->y, results);
}

static bool hvp(fx__derivation *d, fx_tensor **results)
{
    fx__tensors v, gradient;
    if (!fx__vectors(d, d->x, "input", &v) || !fx__gradient_of(d, &gradient) ||
        !fx__pull(d, gradient, v, d->x, last_pass(d), results))
        return false;
    for (int i = 0; i < d->x.count; i++)
        if (!results[i] && !fx__independent(d, FX__GRADIENT, i)) return false;
    return fx__fill_up(d->x, results);
}

fx_status fx_vjp_at(fx_tensor **results, fx_derivative_args args, fx_where where)
{
    return fx__derivative("vjp", &args, vjp, of_inputs, results, where);
}

fx_status fx_jvp_at(fx_tensor **results, fx_derivative_args args, fx_where where)
{
    return fx__derivative("jvp", &args, jvp, of_outputs, results, where);
}

fx_status fx_hvp_at(fx_tensor **results, fx_derivative_args args, fx_where where)
{
    return fx__derivative("hvp", &args, hvp, of_inputs, results, where);
}
