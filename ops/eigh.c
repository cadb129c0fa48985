/* Eigenvalues and eigenvectors of symmetric matrices.
 *
 * One triangle of A is read, and the gradient is that of a function of (A + A^T) / 2: V (diag(gw) + K) V^T
 * with K_ij = S_ij / (w_j - w_i), S the skew part of V^T gV (Giles, "An extended collection of matrix
 * derivative results", 2008). Where eigenvalues are equal their vectors are not unique, and what depends on
 * them has no finite gradient; the values have.
 */
#include "spectral.h"

typedef struct eigh_options {
    bool upper;
} eigh_options;

static bool eigh_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *x = c->x[0];
    if (!fx__are_square(c, x, "A")) return false;
    y[1] = y[0];
    y[0].ndim--;
    return true;
}

typedef struct job {
    fx__matrices a, w, v;
    bool upper, vectors;
    fx__lapack_work size;
} job;

enum { NOT_FINITE = -1 };
static const fx_op eigh_op;

static int decompose(const void *data, int64_t k, char *memory)
{
    const job *j = data;
    const int n = (int)j->a.rows;
    double *a = (double *)(void *)memory, *w = a + (ptrdiff_t)n * n;
    fx__matrix_read(&j->a, k, true, a, n);
    if (!fx__all_finite(a, (int64_t)n * n)) return NOT_FINITE;
    const int info = fx__syevd(j->vectors, j->upper, n, a, w, fx__work_at(j->size, w + n));
    fx__matrix_write(&j->w, k, true, w, n);
    if (j->vectors) fx__matrix_write(&j->v, k, true, a, n);
    return info;
}

static void eigh_forward(const fx_call *c)
{
    const eigh_options *o = c->options;
    const fx_tensor *x = c->x[0];
    if (x->numel == 0) return;
    job j = { .a = fx__matrices_of(x, -1, NULL),
              .w = fx__columns_of_stack(c->y, -1, NULL),
              .v = fx__matrices_of(c->ys[1], -1, NULL),
              .upper = o->upper,
              .vectors = c->op == &eigh_op || c->needs };
    const int64_t n = j.a.rows;
    j.size = fx__syevd_size(j.vectors, (int)n);
    fx__each_checked(c, x, fx__room_with(n * n + n, j.size), 9.0 * (double)n * (double)n * (double)n,
                     decompose, &j);
}

static void eigh_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_where where = c->where;
    fx_tensor *w = c->y, *v = c->ys[1], *gv = c->gs[1], *inner = NULL;
    if (gv) {
        fx_tensor *s = fx__tmm(v, gv, where), *skew = MUL(SUB(s, FN(mT, s)), 0.5);
        fx_tensor *gap = SUB(fx__of_columns(w, where), fx__of_rows(w, where));
        inner = DIV(skew, ADD(gap, fx__eye(v, fx__matrix_rows(v), fx__matrix_rows(v), where)));
        if (g)
            inner = ADD(inner, fx_diag_embed_at((fx_diagonal_args){ .x = g, .dim1 = -2, .dim2 = -1 }, where));
        gx[0] = fx__mmt(fx__mm(v, inner, where), v, where);
    } else if (g) {
        gx[0] = fx__mmt(MUL(v, fx__of_columns(g, where)), v, where);
    }
}

#define EIGH_OP(name_)                                                                                       \
    {                                                                                                        \
        .name = name_, .formula = "A = y1 diag(y0) y1^T", .inputs = 1, .outputs = 2,                         \
        .captures = FX_CAPTURE_Y | FX_CAPTURE_Y_AT(1), .options_size = sizeof(eigh_options),                 \
        .strided = true, .shape = eigh_shape, .forward = eigh_forward, .local_grad = eigh_local_grad         \
    }
static const fx_op eigh_op = EIGH_OP("linalg_eigh");
static const fx_op eigvalsh_op = EIGH_OP("linalg_eigvalsh"); /* whose vectors are for its gradient alone */

bool fx__eigh(fx_tensor *x, bool upper, bool values_only, fx_tensor *out[2], fx_where where)
{
    eigh_options o;
    memset(&o, 0, sizeof o);
    o.upper = upper;
    return x && fx_apply_at(values_only ? &eigvalsh_op : &eigh_op, FX_LIST(x), &o, out, where);
}

/* ---- functions ---- */

fx_tensor *fx_linalg_eigh_at(fx_linalg_eigh_args a, fx_where where)
{
    fx_tensor *out[2];
    if (!fx__eigh(fx__wide_matrices(a.A, true, "linalg_eigh", where), a.upper, false, out, where))
        return NULL;
    fx_tensor *w = fx__as(out[0], (fx_dtype)a.A->dtype, where),
              *v = fx__as(out[1], (fx_dtype)a.A->dtype, where);
    if (w && v && a.vectors) *a.vectors = v;
    return v ? w : NULL;
}

fx_tensor *fx_linalg_eigvalsh_at(fx_linalg_eigh_args a, fx_where where)
{
    fx_tensor *out[2];
    if (!fx__eigh(fx__wide_matrices(a.A, true, "linalg_eigvalsh", where), a.upper, true, out, where))
        return NULL;
    return fx__as(out[0], (fx_dtype)a.A->dtype, where);
}

fx_tensor *fx_symeig_at(fx_symeig_args a, fx_where where)
{
    fx_tensor *x = fx__wide_matrices(a.x, true, "symeig", where), *out[2];
    if (!fx__eigh(x, a.upper, !a.eigenvectors, out, where)) return NULL;
    const fx_dtype dtype = (fx_dtype)a.x->dtype;
    fx_tensor *w = fx__as(out[0], dtype, where);
    fx_tensor *v =
        a.eigenvectors ? fx__as(out[1], dtype, where) : fx_full_at(a.x->cx, dtype, 0, FX_DIMS(0), where);
    if (w && v && a.vectors) *a.vectors = v;
    return v ? w : NULL;
}

/* ---- records ---- */

typedef struct uplo_args {
    fx_tensor *A;
    int UPLO;
} uplo_args;
static int linalg_eigh_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const uplo_args *a = args;
    out[0] = fx_linalg_eigh_at((fx_linalg_eigh_args){ .A = a->A, .upper = a->UPLO == 1, .vectors = &out[1] },
                               where);
    return out[0] ? 2 : 0;
}
FX__PLAIN(linalg_eigvalsh, uplo_args, (fx_linalg_eigh_args){ .A = a->A, .upper = a->UPLO == 1 })
static const fx_field uplo_fields[] = {
    FX__FIELD(uplo_args, A, TENSOR, .torch = "A,input"),
    FX__FIELD(uplo_args, UPLO, CHOICE, .optional = true, .choices = "L|U"), FX__FIELDS_END
};
const fx_function fx__function_linalg_eigh = {
    .name = "linalg_eigh",
    .torch = "linalg.eigh",
    .formula =
        "A = V diag(w) V^T: the eigenvalues w of a symmetric A, ascending, and its orthonormal eigenvectors, "
        "the columns of V",
    .gradient = "V (diag(gw) + K) V^T, K_ij = S_ij / (w_j - w_i), S = (V^T gV - gV^T V) / 2",
    .notes = "computed in float64; one triangle of A is read, the gradient is symmetric; not finite through "
             "vectors of equal eigenvalues, which are not unique; signs of columns are arbitrary",
    .fields = uplo_fields,
    .args_size = sizeof(uplo_args),
    .call = linalg_eigh_call,
    .samples =
        "A=(1,1)\nA=(2,2)@sym\nA=(3,3)@sym\nA=(5,5)@sym\nA=(4,4)@spd\nA=(3,3)@sym UPLO=U\nA=(2,3,3)@sym\n"
        "A=(2,1,2,2)@sym UPLO=U\nA=(2,2){2,1,1,-1}\nA=(2,2){1,0,0,2}\nA=(3,3){1,0.01,0,0.01,1.1,0,0,0,-3}\n"
        "A=(0,0)\nA=(0,2,2)\nA=(2,0,0)\n! A=()\n! A=(3)\n! A=(2,3)\n! A=(2,2)i64\n! A=(2,2){1,nan,nan,1}\n"
        "! A=(2,2){1,0,0,inf}\n",
    .bench = "A=(128,128)@sym\nA=(64,8,8)@sym\n",
    .signs = true,
    .unavailable = FX__LAPACK_MISSING,
};
const fx_function fx__function_linalg_eigvalsh = {
    .name = "linalg_eigvalsh",
    .torch = "linalg.eigvalsh",
    .formula = "the eigenvalues of a symmetric A, ascending",
    .gradient = "V diag(g) V^T, V the eigenvectors",
    .notes =
        "as linalg_eigh; the first gradient exists where eigenvalues are equal, the second is not finite",
    .fields = uplo_fields,
    .args_size = sizeof(uplo_args),
    .call = linalg_eigvalsh_call,
    .samples =
        "A=(1,1)\nA=(2,2)@sym\nA=(3,3)@sym\nA=(5,5)@sym\nA=(4,4)@spd UPLO=U\nA=(2,3,3)@sym\n"
        "A=~(3,3){2,0,0,0,2,0,0,0,2}\nA=(2,2){2,1,1,-1}\nA=(0,0)\nA=(0,2,2)\nA=(2,0,0)\n! A=()\n! A=(3)\n"
        "! A=(2,3)\n! A=(2,2)i64\n! A=(2,2){1,nan,nan,1}\n",
    .bench = "A=(128,128)@sym\n",
    .unavailable = FX__LAPACK_MISSING,
};

static int symeig_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_symeig_args a = *(const fx_symeig_args *)args;
    a.vectors = &out[1];
    return (out[0] = fx_symeig_at(a, where)) ? 2 : 0;
}
static const fx_field symeig_fields[] = { FX__FIELD(fx_symeig_args, x, TENSOR, .torch = "input"),
                                          FX__FIELD(fx_symeig_args, eigenvectors, BOOL, .optional = true),
                                          FX__FIELD(fx_symeig_args, upper, BOOL, .optional = true),
                                          FX__FIELDS_END };
const fx_function fx__function_symeig = {
    .name = "symeig",
    .torch = "symeig",
    .formula = "as linalg_eigh; without eigenvectors these are empty",
    .gradient = "as linalg_eigh's",
    .notes = "as linalg_eigh",
    .fields = symeig_fields,
    .args_size = sizeof(fx_symeig_args),
    .defaults = &(const fx_symeig_args){ .upper = true },
    .call = symeig_call,
    .samples =
        "x=(3,3)@sym eigenvectors=true\nx=(3,3)@sym\nx=(2,2,2)@sym upper=false eigenvectors=true\nx=(0,0) "
        "eigenvectors=true\nx=(0,2,2)\n! x=()\n! x=(2,3)\n! x=(2,2)i64\n",
    .bench = "x=(64,64)@sym\n",
    .signs = true,
    .unavailable = FX__LAPACK_MISSING,
};
