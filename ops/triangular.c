/* Triangular systems: A X = B by substitution.
 *
 * One op, which solves with a triangle or its transpose; its gradients are such solves again.
 */
#include "triangular.h"

typedef struct options {
    bool upper, transposed, unit;
} options;

/* ---- one op for each public name, and one for the others ---- */

static bool triangular_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *a = c->x[0], *b = c->x[1];
    if (!fx__are_square(c, a, "A") || !fx__are_matrices(c, b, "B") || !fx__same_dtype(c, a, "A", b, "B"))
        return false;
    if (fx__matrix_rows(a) != fx__matrix_rows(b))
        return fx_call_fail(c, FX_ERROR_SHAPE, "A and B do not fit: %s x %s", fx__shape_text(a),
                            fx__shape_text(b));
    if ((y->ndim = fx__broadcast_stacks(c, a, b, y->size)) < 0) return false;
    y->size[y->ndim++] = fx__matrix_rows(b);
    y->size[y->ndim++] = fx__matrix_columns(b);
    return true;
}

typedef struct job {
    options o;
    bool f64;
    fx__matrices a, b, y;
} job;

static int substitute(const void *data, int64_t k, char *work)
{
    const job *j = data;
    const int n = (int)j->y.rows, columns = (int)j->y.columns, ld = fx__leading(n);
    char *b = work + fx__room((int64_t)n * n, j->f64);
    fx__matrix_read(&j->a, k, j->f64, work, ld);
    fx__matrix_read(&j->b, k, j->f64, b, ld);
    fx__trsm(j->f64, j->o.upper, j->o.transposed, j->o.unit, n, columns, work, ld, b, ld);
    fx__matrix_write(&j->y, k, j->f64, b, ld);
    return 0;
}

static void triangular_forward(const fx_call *c)
{
    const fx_tensor *y = c->y;
    const int ndim = fx__stack_ndim(y);
    if (y->numel == 0) return;
    job j = { .o = *(const options *)c->options,
              .f64 = fx__computes_f64(c->x[0]),
              .a = fx__matrices_of(c->x[0], ndim, y->size),
              .b = fx__matrices_of(c->x[1], ndim, y->size),
              .y = fx__matrices_of(y, ndim, y->size) };
    const int64_t n = j.y.rows, columns = j.y.columns;
    fx__each_matrix(c, fx__stack_count(y), fx__room(n * n, j.f64) + fx__room(n * columns, j.f64),
                    (double)n * (double)n * (double)columns / 2, substitute, &j, NULL);
}

static unsigned triangular_captured(const fx_call *c)
{
    return FX_CAPTURE_X0 | (fx_call_needs(c, 0) ? FX_CAPTURE_Y : 0);
}

/* A X = B: dB = A^-T g, dA = -dB X^T; of the transpose dA = -X dB^T; on the triangle alone. */
static void triangular_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const options *o = c->options;
    const fx_where w = c->where;
    fx_tensor *gb = gx[1] = fx__solve_triangular(c->x[0], g, o->upper, !o->transposed, o->unit, w);
    if (!fx_call_needs(c, 0) || !gb) return;
    fx_tensor *ga =
        o->transposed ? fx_matmul_at(c->y, fx_mT_at(gb, w), w) : fx_matmul_at(gb, fx_mT_at(c->y, w), w);
    const int64_t diagonal = o->unit ? 1 : 0;
    ga = o->upper ? fx_triu_at((fx_triangle_args){ ga, diagonal }, w)
                  : fx_tril_at((fx_triangle_args){ ga, -diagonal }, w);
    gx[0] = fx_neg_at(ga, w);
}

#define TRIANGULAR_OP(function)                                                                              \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = "A y = B, A a triangle",                                 \
                                         .inputs = 2,                                                        \
                                         .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y,                           \
                                         .captured = triangular_captured,                                    \
                                         .options_size = sizeof(options),                                    \
                                         .strided = true,                                                    \
                                         .shape = triangular_shape,                                          \
                                         .forward = triangular_forward,                                      \
                                         .local_grad = triangular_local_grad };
TRIANGULAR_OP(linalg_solve_triangular)
TRIANGULAR_OP(triangular_solve)

fx_tensor *fx__solve_triangular(fx_tensor *a, fx_tensor *b, bool upper, bool transposed, bool unit,
                                fx_where where)
{
    const options o = { .upper = upper, .transposed = transposed, .unit = unit };
    return FX__APPLY(&linalg_solve_triangular_op, &o, where, a, b);
}

/* ---- public functions ---- */

fx_tensor *fx_linalg_solve_triangular_at(fx_linalg_solve_triangular_args args, fx_where where)
{
    const bool left = args.left;
    if (!args.A || !args.B) return NULL;
    if (left || args.B->ndim < 2)
        return fx__solve_triangular(args.A, args.B, args.upper, false, args.unitriangular, where);
    fx_tensor *y =
        fx__solve_triangular(args.A, fx_mT_at(args.B, where), args.upper, true, args.unitriangular, where);
    return y ? fx_mT_at(y, where) : NULL;
}

fx_tensor *fx_triangular_solve_at(fx_triangular_solve_args args, fx_where where)
{
    const options o = { .upper = args.upper, .transposed = args.transpose, .unit = args.unitriangular };
    return args.A && args.b ? FX__APPLY(&triangular_solve_op, &o, where, args.A, args.b) : NULL;
}

/* ---- records ---- */

FX__CALL(linalg_solve_triangular, fx_linalg_solve_triangular_args)
static const fx_linalg_solve_triangular_args solve_triangular_defaults = { .left = true };
static const fx_field linalg_solve_triangular_fields[] = {
    FX__FIELD(fx_linalg_solve_triangular_args, A, TENSOR),
    FX__FIELD(fx_linalg_solve_triangular_args, B, TENSOR),
    FX__FIELD(fx_linalg_solve_triangular_args, upper, BOOL, .optional = true),
    FX__FIELD(fx_linalg_solve_triangular_args, left, BOOL, .optional = true),
    FX__FIELD(fx_linalg_solve_triangular_args, unitriangular, BOOL, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_linalg_solve_triangular = {
    .name = "linalg_solve_triangular",
    .torch = "linalg.solve_triangular",
    .formula = "X of A X = B, or of X A = B unless left, A a triangle",
    .gradient = "dL/dB = A^-T g, dL/dA = -(dL/dB) X^T on the triangle",
    .notes = "the other triangle is not read; with unitriangular nor is the diagonal, taken for 1",
    .fields = linalg_solve_triangular_fields,
    .args_size = sizeof(fx_linalg_solve_triangular_args),
    .defaults = &solve_triangular_defaults,
    .call = linalg_solve_triangular_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = "A=(3,3)@spd B=(3,2)\n"
               "A=(3,3)@spd B=(3,2) upper=true\n"
               "A=(3,3)@spd B=(2,3) left=false\n"
               "A=(3,3)@spd B=(2,3) left=false upper=true\n"
               "A=(3,3) B=(3,2) unitriangular=true\n"
               "A=(3,3) B=(2,3) unitriangular=true upper=true left=false\n"
               "A=(1,1)@pos B=(1,3)\n"
               "A=(2,3,3)@spd B=(2,3,1)\n"
               "A=(2,3,3)@spd B=(3,2) upper=true\n"
               "A=(3,3)@spd B=(2,2,3,1)\n"
               "A=(2,1,2,2)@spd B=(3,4,2) left=false\n"
               "A=(6,6)@spd B=(6,6)\n"
               "A=(3,3){1e-8,7,7,1,1e4,7,-1,2,0.5} B=(3,2)\n"
               "A=(3,3){2,1,3,nan,1,4,nan,nan,1} B=(3,1) upper=true\n"
               "A=(0,0) B=(0,3)\n"
               "A=(3,3)@spd B=(3,0)\n"
               "A=(0,3,3) B=(0,3,2)\n"
               "! A=() B=(2,2)\n"
               "! A=(2,2) B=(2)\n"
               "! A=(2,2) B=(2) left=false\n"
               "! A=(3,2) B=(3,2)\n"
               "! A=(3,3) B=(2,3)\n"
               "! A=(3,3) B=(3,2) left=false\n"
               "! A=(2,3,3) B=(3,3,2)\n"
               "! A=(3,3)f32 B=(3,2)f64\n"
               "! A=(3,3)i64 B=(3,2)i64\n",
    .bench = "A=(256,256)@spd B=(256,256)\n",
};

FX__CALL(triangular_solve, fx_triangular_solve_args)
static const fx_triangular_solve_args triangular_solve_defaults = { .upper = true };
static const fx_field triangular_solve_fields[] = {
    FX__FIELD(fx_triangular_solve_args, b, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_triangular_solve_args, A, TENSOR),
    FX__FIELD(fx_triangular_solve_args, upper, BOOL, .optional = true),
    FX__FIELD(fx_triangular_solve_args, transpose, BOOL, .optional = true),
    FX__FIELD(fx_triangular_solve_args, unitriangular, BOOL, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_triangular_solve = {
    .name = "triangular_solve",
    .torch = "triangular_solve",
    .formula = "X of A X = b, or of A^T X = b if transpose, A a triangle",
    .gradient = "dL/db = A^-T g, dL/dA = -(dL/db) X^T on the triangle",
    .notes = "the other triangle is not read; the copy of A that PyTorch gives too is A itself",
    .fields = triangular_solve_fields,
    .args_size = sizeof(fx_triangular_solve_args),
    .defaults = &triangular_solve_defaults,
    .call = triangular_solve_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = "b=(3,2) A=(3,3)@spd\n"
               "b=(3,2) A=(3,3)@spd upper=false\n"
               "b=(3,2) A=(3,3)@spd transpose=true\n"
               "b=(3,2) A=(3,3)@spd transpose=true upper=false\n"
               "b=(3,2) A=(3,3) unitriangular=true\n"
               "b=(2,3,1) A=(3,3)@spd transpose=true\n"
               "b=(3,1) A=(2,3,3)@spd\n"
               "b=(0,3) A=(0,0)\n"
               "! b=() A=(1,1)\n"
               "! b=(2) A=(2,2)\n"
               "! b=(2,3) A=(3,3)\n"
               "! b=(3,2)i64 A=(3,3)i64\n",
    .bench = "b=(256,256) A=(256,256)@spd\n",
};
