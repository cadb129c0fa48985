/* Products of Householder's reflections H_i = 1 - tau_i v_i v_i^T, v_i being column i of a lower trapeze with
 * ones on its diagonal: applied to a matrix, or written out.
 *
 * tau may be any number, so that H_i need not be orthogonal, nor invertible: the gradient keeps what each of
 * them is applied to.
 */
#include "spectral.h"

/* ---- the op: y = H_1 ... H_k c, or H_k ... H_1 c ---- */

typedef struct reflect_options {
    bool transposed;
} reflect_options;

static bool reflect_shape(const fx_call *c, fx_spec *y)
{
    *y = (fx_spec){ .dtype = FX_F64, .ndim = c->x[2]->ndim };
    memcpy(y->size, c->x[2]->size, sizeof(int64_t) * (size_t)y->ndim);
    return fx__are_matrices(c, c->x[0], "the reflections");
}

typedef struct job {
    fx__matrices a, tau, c, y;
    bool transposed;
    fx__lapack_work size;
} job;

static int reflect(const void *data, int64_t at, char *memory)
{
    const job *j = data;
    const int m = (int)j->a.rows, k = (int)j->tau.rows, n = (int)j->c.columns, ld = fx__leading(m);
    double *a = (double *)(void *)memory, *c = a + (ptrdiff_t)m * (int)j->a.columns,
           *tau = c + (ptrdiff_t)m * n;
    fx__matrix_read(&j->a, at, true, a, ld);
    fx__matrix_read(&j->c, at, true, c, ld);
    fx__matrix_read(&j->tau, at, true, tau, k > 1 ? k : 1);
    const int info = fx__ormqr(j->transposed, m, n, k, a, tau, c, fx__work_at(j->size, tau + k));
    fx__matrix_write(&j->y, at, true, c, ld);
    return info;
}

static void reflect_forward(const fx_call *c)
{
    const reflect_options *o = c->options;
    if (c->y->numel == 0) return;
    job j = { .a = fx__matrices_of(c->x[0], -1, NULL),
              .tau = fx__columns_of_stack(c->x[1], -1, NULL),
              .c = fx__matrices_of(c->x[2], -1, NULL),
              .y = fx__matrices_of(c->y, -1, NULL),
              .transposed = o->transposed };
    const int64_t m = j.a.rows, k = j.tau.rows, n = j.c.columns;
    j.size = fx__ormqr_size((int)m, (int)n, (int)k);
    fx__each_matrix(c, fx__stack_count(c->y), fx__room_with(m * j.a.columns + m * n + k, j.size),
                    2.0 * (double)m * (double)n * (double)k, reflect, &j, NULL);
}

/* What one reflection is: v (m, 1) and tau (1, 1). */
typedef struct reflection {
    fx_tensor *v, *tau;
} reflection;

static fx_tensor *applied(reflection h, fx_tensor *x, fx_where where)
{
    return SUB(x, MUL(h.tau, fx__mm(h.v, fx__tmm(h.v, x, where), where)));
}

static reflection reflection_at(fx_tensor *v, fx_tensor *tau, int64_t i, fx_where where)
{
    fx_tensor *one = fx__of_rows(fx_narrow_at(tau, -1, i, 1, where), where);
    return (reflection){ fx_narrow_at(v, -1, i, 1, where), one };
}

/* y = H C: dtau = -(v^T g) . (v^T C), dv = -tau (g (v^T C)^T + C (v^T g)^T), dC = H g. */
static void reflection_gradient(reflection h, fx_tensor *c, fx_tensor *g, fx_tensor **gv, fx_tensor **gtau,
                                fx_where where)
{
    fx_tensor *of_c = fx__tmm(h.v, c, where), *of_g = fx__tmm(h.v, g, where);
    *gtau = FN(neg, SUM(MUL(of_c, of_g), fx__one_dim(-1), false));
    *gv = FN(neg, MUL(h.tau, ADD(fx__mmt(g, of_c, where), fx__mmt(c, of_g, where))));
}

static void reflect_local_grad(const fx_call *call, fx_tensor *g, fx_tensor *gx[])
{
    const reflect_options *o = call->options;
    fx_where where = call->where;
    fx_tensor *a = call->x[0], *tau = call->x[1], *c = call->x[2];
    const int64_t m = fx__matrix_rows(a), n = fx__matrix_columns(a), k = tau->size[tau->ndim - 1];
    fx_tensor *v = ADD(fx__lower(fx_narrow_at(a, -1, 0, k, where), -1, where), fx__eye(a, m, k, where));
    const size_t bytes = sizeof(fx_tensor *) * (size_t)(k + 1);
    fx_tensor **before = fx__scratch(call->cx, 3 * bytes); /* what each is applied to, in the order of use */
    if (!before) return;
    fx_tensor **gv = before + k + 1, **gtau = gv + k + 1;
#define TURN(i) (o->transposed ? (i) : k - 1 - (i))
    before[0] = c;
    for (int64_t i = 0; i < k - 1; i++)
        before[i + 1] = applied(reflection_at(v, tau, TURN(i), where), before[i], where);
    for (int64_t i = k; i-- > 0;) {
        const reflection h = reflection_at(v, tau, TURN(i), where);
        reflection_gradient(h, before[i], g, &gv[TURN(i)], &gtau[TURN(i)], where);
        g = applied(h, g, where);
    }
    if (fx_call_needs(call, 0)) {
        fx_tensor *rest = fx__zeros_of(fx_narrow_at(fx_detach_at(a, where), -1, k, n - k, where));
        fx_tensor *joined = k ? fx__lower(fx_cat_at((fx_list){ (int)k, gv }, -1, where), -1, where) : NULL;
        gx[0] = k ? fx_cat_at(FX_LIST(joined, rest), -1, where) : rest;
    }
    if (fx_call_needs(call, 1))
        gx[1] = k ? fx_cat_at((fx_list){ (int)k, gtau }, -1, where) : fx__zeros_like(tau);
    if (fx_call_needs(call, 2)) gx[2] = g;
    fx__scratch_free(call->cx, before);
}

static const fx_op reflect_op = { .name = "reflect",
                                  .formula = "y = H_1 ... H_k c, H_i = 1 - tau_i v_i v_i^T",
                                  .inputs = 3,
                                  .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1 | FX_CAPTURE_X2,
                                  .options_size = sizeof(reflect_options),
                                  .strided = true,
                                  .shape = reflect_shape,
                                  .forward = reflect_forward,
                                  .local_grad = reflect_local_grad };

static fx_tensor *reflected(fx_tensor *a, fx_tensor *tau, fx_tensor *c, bool transposed, fx_where where)
{
    reflect_options o;
    memset(&o, 0, sizeof o);
    o.transposed = transposed;
    return FX__APPLY(&reflect_op, &o, where, a, tau, c);
}

/* ---- functions ---- */

/* The reflections in float64: *tau too. NULL after an error. */
static fx_tensor *reflections(fx_tensor *a, fx_tensor **tau, const char *name, fx_where where)
{
    if (!a || !*tau) return NULL;
    fx_tensor *wide = fx__wide_matrices(a, false, name, where);
    if (!wide) return NULL;
    const fx_tensor *t = *tau;
    const int64_t m = fx__matrix_rows(a), n = fx__matrix_columns(a);
    bool fits = t->ndim == a->ndim - 1 && t->dtype == a->dtype;
    for (int d = 0; fits && d < t->ndim - 1; d++) fits = t->size[d] == a->size[d];
    if (!fits || t->size[t->ndim - 1] > n || t->size[t->ndim - 1] > m)
        return FX__REFUSE(a, ERROR_SHAPE, where, "%s: factors of %s %s do not fit reflections of %s %s", name,
                          fx_dtype_name((fx_dtype)t->dtype), fx__shape_text(t),
                          fx_dtype_name((fx_dtype)a->dtype), fx__shape_text(a));
    *tau = fx__as(*tau, FX_F64, where);
    return *tau ? wide : NULL;
}

fx_tensor *fx_linalg_householder_product_at(fx_tensor *A, fx_tensor *tau, fx_where where)
{
    fx_tensor *wide = reflections(A, &tau, "linalg_householder_product", where);
    if (!wide) return NULL;
    const int64_t m = fx__matrix_rows(A), n = fx__matrix_columns(A);
    if (n > m)
        return FX__REFUSE(A, ERROR_SHAPE, where, "linalg_householder_product: %s has more columns than rows",
                          fx__shape_text(A));
    return fx__as(reflected(wide, tau, fx__eye(wide, m, n, where), false, where), (fx_dtype)A->dtype, where);
}

fx_tensor *fx_ormqr_at(fx_ormqr_args a, fx_where where)
{
    fx_tensor *wide = reflections(a.x, &a.tau, "ormqr", where);
    fx_tensor *other = wide ? fx__wide_matrices(a.other, false, "ormqr", where) : NULL;
    if (!other) return NULL;
    bool fits = other->ndim == wide->ndim && a.other->dtype == a.x->dtype;
    for (int d = 0; fits && d < wide->ndim - 2; d++) fits = other->size[d] == wide->size[d];
    if (!fits || (!a.left ? fx__matrix_columns(other) : fx__matrix_rows(other)) != fx__matrix_rows(wide))
        return FX__REFUSE(a.x, ERROR_SHAPE, where, "ormqr: reflections of %s do not apply to %s",
                          fx__shape_text(a.x), fx__shape_text(a.other));
    /* C Q = (Q^T C^T)^T */
    fx_tensor *y = !a.left ? FN(mT, reflected(wide, a.tau, FN(mT, other), !a.transpose, where))
                           : reflected(wide, a.tau, other, a.transpose, where);
    return fx__as(y, (fx_dtype)a.x->dtype, where);
}

/* ---- geqrf ---- */

static bool geqrf_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *x = c->x[0];
    if (!fx__are_matrices(c, x, "x")) return false;
    const int64_t m = fx__matrix_rows(x), n = fx__matrix_columns(x);
    y[1] = y[0];
    y[1].size[--y[1].ndim - 1] = m < n ? m : n;
    return true;
}

static int factor(const void *data, int64_t at, char *memory)
{
    const job *j = data;
    const int m = (int)j->a.rows, n = (int)j->a.columns, k = (int)j->tau.rows, ld = fx__leading(m);
    double *a = (double *)(void *)memory, *tau = a + (ptrdiff_t)m * n;
    fx__matrix_read(&j->a, at, true, a, ld);
    const int info = fx__geqrf(m, n, a, ld, tau, fx__work_at(j->size, tau + k));
    fx__matrix_write(&j->y, at, true, a, ld);
    fx__matrix_write(&j->tau, at, true, tau, k);
    return info;
}

static void geqrf_forward(const fx_call *c)
{
    if (c->y->numel == 0) return;
    job j = { .a = fx__matrices_of(c->x[0], -1, NULL),
              .y = fx__matrices_of(c->y, -1, NULL),
              .tau = fx__columns_of_stack(c->ys[1], -1, NULL) };
    j.size = fx__geqrf_size((int)j.a.rows, (int)j.a.columns);
    fx__each_matrix(c, fx__stack_count(c->y), fx__room_with(j.a.rows * j.a.columns + j.tau.rows, j.size),
                    2.0 * (double)j.a.rows * (double)j.a.columns * (double)j.tau.rows, factor, &j, NULL);
}

static const fx_op geqrf_op = { .name = "geqrf",
                                .formula = "R above, the reflections below, and their factors",
                                .inputs = 1,
                                .outputs = 2,
                                .strided = true,
                                .shape = geqrf_shape,
                                .forward = geqrf_forward };

/* Rows first ... of x (..., m, p). */
static fx_tensor *rows_from(fx_tensor *x, int64_t first, int64_t count, fx_where where)
{
    return fx_narrow_at(x, -2, first, count, where);
}

/* One step of the same in differentiable ops: reflection i of *left (m, columns), whose first column it takes
 * off: *column is what LAPACK leaves there. LAPACK makes none where there is nothing but zeros below, nor in
 * the last row. */
static fx_tensor *factor_column(fx_tensor **left, int64_t i, fx_tensor **column, fx_where where)
{
    if (!*left) return NULL;
    const int64_t m = fx__matrix_rows(*left), columns = fx__matrix_columns(*left), below = m - i - 1;
    fx_tensor *first = fx_narrow_at(*left, -1, 0, 1, where),
              *rest = fx_narrow_at(*left, -1, 1, columns - 1, where);
    *column = first, *left = rest;
    if (!first || !rest) return NULL;
    if (below == 0) return fx__zeros_of(fx_narrow_at(fx_detach_at(first, where), -2, 0, 1, where));
    fx_tensor *alpha = rows_from(first, i, 1, where), *x = rows_from(first, i + 1, below, where);
    fx_tensor *size =
        fx_norm_at((fx_norm_args){ .x = x, .p = 2, .dims = fx__one_dim(-2), .keepdim = true }, where);
    fx_tensor *none = COMPARE(eq, size, 0), *norm = fx_hypot_at(FX_OPERAND(alpha), FX_OPERAND(size), where);
    fx_tensor *beta = norm ? SELECT(COMPARE(lt, alpha, 0), norm, FN(neg, norm)) : NULL;
    fx_tensor *tau = SELECT(none, 0, DIV(SUB(beta, alpha), SELECT(none, 1, beta)));
    fx_tensor *v = DIV(x, SELECT(none, 1, SUB(alpha, beta)));
    beta = SELECT(none, alpha, beta);
    *column = fx_cat_at(FX_LIST(rows_from(first, 0, i, where), beta, v), -2, where);
    fx_tensor *top = rows_from(rest, 0, i, where), *row = rows_from(rest, i, 1, where),
              *under = rows_from(rest, i + 1, below, where);
    fx_tensor *dot = MUL(tau, ADD(row, fx__tmm(v, under, where)));
    *left = fx_cat_at(FX_LIST(top, SUB(row, dot), SUB(under, fx__mm(v, dot, where))), -2, where);
    return tau;
}

/* geqrf in differentiable ops, column by column. */
static fx_tensor *factored(fx_tensor *x, fx_tensor **tau, fx_where where)
{
    const int64_t m = fx__matrix_rows(x), n = fx__matrix_columns(x), k = m < n ? m : n;
    fx_tensor **columns = fx__scratch(x->cx, sizeof *columns * (size_t)(2 * (k + 1))), *y = NULL;
    if (!columns) return NULL;
    fx_tensor **taus = columns + k + 1, *left = x;
    for (int64_t i = 0; i < k; i++) {
        taus[i] = factor_column(&left, i, &columns[i], where);
        taus[i] = taus[i] ? fx__squeeze(taus[i], x->ndim - 1, where) : NULL;
    }
    columns[k] = left;
    fx__sizes to = fx__sizes_of(x);
    to.at[--to.ndim - 1] = 0;
    taus[k] = fx__new(x->cx, FX_F64, to.ndim, to.at, where);
    *tau = fx_cat_at((fx_list){ (int)k + 1, taus }, -1, where);
    if (*tau) y = fx_cat_at((fx_list){ (int)k + 1, columns }, -1, where);
    fx__scratch_free(x->cx, columns);
    return y;
}

fx_tensor *fx_geqrf_at(fx_geqrf_args a, fx_where where)
{
    fx_tensor *wide = fx__wide_matrices(a.x, false, "geqrf", where), *out[2] = { NULL, NULL };
    if (!wide) return NULL;
    if (fx__wants_grad(wide))
        out[0] = factored(wide, &out[1], where);
    else if (!fx_apply_at(&geqrf_op, FX_LIST(wide), NULL, out, where))
        return NULL;
    fx_tensor *y = fx__as(out[0], (fx_dtype)a.x->dtype, where),
              *tau = fx__as(out[1], (fx_dtype)a.x->dtype, where);
    if (y && tau && a.tau) *a.tau = tau;
    return tau ? y : NULL;
}

/* ---- records ---- */

typedef struct product_args {
    fx_tensor *A, *tau;
} product_args;
FX__PLAIN(linalg_householder_product, product_args, a->A, a->tau)
static const fx_field linalg_householder_product_fields[] = {
    FX__FIELD(product_args, A, TENSOR, .torch = "A,input"),
    FX__FIELD(product_args, tau, TENSOR, .torch = "tau,input2"), FX__FIELDS_END
};
const fx_function fx__function_linalg_householder_product = {
    .name = "linalg_householder_product",
    .torch = "linalg.householder_product,orgqr",
    .formula = "the first columns of H_1 ... H_k, H_i = 1 - tau_i v_i v_i^T, v_i column i of A below the "
               "diagonal, 1 on "
               "it",
    .gradient =
        "through one reflection H C: gtau = -(v^T g) . (v^T C), gv = -tau (g C^T v + C g^T v), gC = H g",
    .notes = "computed in float64; tau may be any number",
    .fields = linalg_householder_product_fields,
    .args_size = sizeof(product_args),
    .call = linalg_householder_product_call,
    .samples =
        "A=(3,3) tau=(3)\nA=(4,2) tau=(2)\nA=(4,3) tau=(2)\nA=(1,1) tau=(1)\nA=(2,3,2) tau=(2,2)\n"
        "A=(2,1,3,3) tau=(2,1,1)\nA=(3,2){2,1,0.5,2,-1,0.5} tau=(2){1.6,1.6}\nA=(3,3) tau=(0)\nA=(0,0) "
        "tau=(0)\nA=(3,0) tau=(0)\nA=(0,3,2) tau=(0,2)\n! A=() tau=()\n! A=(3) tau=(1)\n! A=(2,3) tau=(2)\n! "
        "A=(3,2) tau=(3)\n! A=(2,3,2) tau=(2)\n! A=(3,2)i64 tau=(2)\n! A=(3,2) tau=(2)i64\n",
    .bench = "A=(128,128) tau=(128)\n",
    .unavailable = FX__LAPACK_MISSING,
};

FX__CALL(ormqr, fx_ormqr_args)
static const fx_field ormqr_fields[] = { FX__FIELD(fx_ormqr_args, x, TENSOR, .torch = "input"),
                                         FX__FIELD(fx_ormqr_args, tau, TENSOR, .torch = "tau,input2"),
                                         FX__FIELD(fx_ormqr_args, other, TENSOR, .torch = "other,input3"),
                                         FX__FIELD(fx_ormqr_args, left, BOOL, .optional = true),
                                         FX__FIELD(fx_ormqr_args, transpose, BOOL, .optional = true),
                                         FX__FIELDS_END };
const fx_function fx__function_ormqr = {
    .name = "ormqr",
    .torch = "ormqr",
    .formula = "Q other, Q = H_1 ... H_k whole, as linalg_householder_product has it; left false: other Q; "
               "transpose: "
               "with Q^T",
    .gradient = "as linalg_householder_product's",
    .notes = "computed in float64; PyTorch 1.13 has no gradient",
    .fields = ormqr_fields,
    .args_size = sizeof(fx_ormqr_args),
    .defaults = &(const fx_ormqr_args){ .left = true },
    .call = ormqr_call,
    .samples =
        "x=(3,3) tau=(3) other=(3,2)\nx=(4,2) tau=(2) other=(4,4)\nx=(4,2) tau=(2) other=(4,1) "
        "transpose=true\n"
        "x=(4,2) tau=(2) other=(2,4) left=false\nx=(4,2) tau=(2) other=(3,4) left=false transpose=true\n"
        "x=(2,3,2) tau=(2,1) other=(2,3,2)\nx=(3,3) tau=(0) other=(3,2)\nx=(0,3,2) tau=(0,2) other=(0,3,1)\n"
        "! x=() tau=() other=()\n! x=(3,2) tau=(2) other=(2,3)\n! x=(3,2) tau=(3) other=(3,3)\n"
        "! x=(3,2) tau=(2) other=(3)\n! x=(3,2)i64 tau=(2)i64 other=(3,3)i64\n",
    .bench = "x=(128,128) tau=(128) other=(128,128)\n",
    .unavailable = FX__LAPACK_MISSING,
};

static int geqrf_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_geqrf_args a = *(const fx_geqrf_args *)args;
    a.tau = &out[1];
    return (out[0] = fx_geqrf_at(a, where)) ? 2 : 0;
}
static const fx_field geqrf_fields[] = { FX__FIELD(fx_geqrf_args, x, TENSOR, .torch = "input"),
                                         FX__FIELDS_END };
const fx_function fx__function_geqrf = {
    .name = "geqrf",
    .torch = "geqrf",
    .formula = "R on and above the diagonal, and below it the reflections whose product Q is, with their "
               "factors tau",
    .gradient = "through the steps of the algorithm",
    .notes = "computed in float64; PyTorch has no gradient; where one is wanted, in ops column by column",
    .fields = geqrf_fields,
    .args_size = sizeof(fx_geqrf_args),
    .call = geqrf_call,
    .samples = "x=(3,3)\nx=(4,2)\nx=(2,4)\nx=(2,3,3)\nx=(1,1)\nx=(0,3)\nx=(3,0)\nx=(0,2,2)\n! x=()\n! "
               "x=(3)\n! x=(2,2)i64\n",
    .bench = "x=(256,256)\n",
    .unavailable = FX__LAPACK_MISSING,
};
