/* Several tensors as one: along a dimension that they have, or along a new one.
 *
 * One op, cat, does both; its gradients are slices of g, or selections. What is stacked by name is brought to
 * enough dimensions first.
 */
#include "kernels/strided.h"
#include "shape.h"

typedef struct joint {
    int dim;
    bool stacks;
} joint;

/* An empty tensor of one dimension fits anything, as in PyTorch. */
static bool is_nothing(const fx_tensor *x) { return x->ndim == 1 && x->size[0] == 0; }

static bool cat_shape(const fx_call *c, fx_spec *y)
{
    const joint *j = c->options;
    const fx_tensor *first = NULL;
    int64_t sum = 0;
    for (int i = 0; i < c->inputs; i++) {
        const fx_tensor *x = c->x[i];
        if (!j->stacks && is_nothing(x)) continue;
        if (!first) first = x;
        bool good = x->ndim == first->ndim;
        for (int d = 0; good && d < x->ndim; d++)
            good = x->size[d] == first->size[d] || (d == j->dim && !j->stacks);
        if (!good)
            return fx_call_fail(c, FX_ERROR_SHAPE, "%s and %s do not fit together along dim %d",
                                fx__shape_text(first), fx__shape_text(x), j->dim);
        sum += j->stacks ? 1 : x->size[j->dim];
    }
    if (!first) return true;
    y->ndim = first->ndim;
    memcpy(y->size, first->size, sizeof(int64_t) * first->ndim);
    if (j->stacks) {
        memmove(y->size + j->dim + 1, y->size + j->dim, sizeof(int64_t) * (size_t)(y->ndim - j->dim));
        y->ndim++;
    }
    y->size[j->dim] = sum;
    return true;
}

static void cat_forward(const fx_call *c)
{
    const joint *j = c->options;
    fx_tensor *y = c->y;
    int64_t at = 0, stride[FX_MAX_DIMS];
    for (int d = 0; d < y->ndim; d++)
        if (!j->stacks || d != j->dim) stride[d - (j->stacks && d > j->dim)] = fx__stride(y)[d];
    for (int i = 0; i < c->inputs; i++) {
        const fx_tensor *x = c->x[i];
        if (!j->stacks && is_nothing(x)) continue;
        fx__copy_into(y, at * fx__stride(y)[j->dim], x->ndim, x->size, stride, x);
        at += j->stacks ? 1 : x->size[j->dim];
    }
}

static void cat_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const joint *j = c->options;
    int64_t at = 0;
    for (int i = 0; i < c->inputs; i++) {
        const fx_tensor *x = c->shapes[i];
        bool nothing = !j->stacks && is_nothing(x);
        int64_t length = nothing ? 0 : j->stacks ? 1 : x->size[j->dim];
        if (!fx_call_needs(c, i))
            gx[i] = NULL;
        else if (j->stacks)
            gx[i] = fx__select(g, j->dim, at, c->where);
        else
            gx[i] = fx__slice(g, j->dim, at, length, 1, c->where);
        if (nothing && gx[i]) gx[i] = fx__reshape_like(gx[i], x, c->where);
        at += length;
    }
}

/* One op under the names of the functions that join, for their errors. */
#define CAT_OP(called)                                                                                       \
    static const fx_op called##_op = { .name = #called,                                                      \
                                       .formula = "y = the tensors one after the other along a dim",         \
                                       .inputs = -1,                                                         \
                                       .strided = true,                                                      \
                                       .options_size = sizeof(joint),                                        \
                                       .shape = cat_shape,                                                   \
                                       .forward = cat_forward,                                               \
                                       .local_grad = cat_local_grad };
CAT_OP(cat)
CAT_OP(stack)
CAT_OP(hstack)
CAT_OP(vstack)
CAT_OP(dstack)
CAT_OP(column_stack)

static fx_tensor *apply(const fx_op *op, fx_list list, int dim, bool stacks, fx_where where)
{
    return fx_apply_at(op, list, &(joint){ .dim = dim, .stacks = stacks }, NULL, where);
}

fx_tensor *fx__join(fx_list list, int dim, bool stacks, fx_where where)
{
    for (int i = 0; i < list.count; i++)
        if (!list.at[i]) return NULL;
    return apply(stacks ? &stack_op : &cat_op, list, dim, stacks, where);
}

/* The first tensor of a list, all of which must be there; NULL: one is not, or the list is empty (then there
 * is nowhere to report it). */
static fx_tensor *first_of(fx_list list)
{
    for (int i = 0; i < list.count; i++)
        if (!list.at[i]) return NULL;
    return list.count > 0 ? list.at[0] : NULL;
}

/* Joins tensors of any dtypes: in the one that all are promoted to. change: what is done to each before. */
static fx_tensor *join(const fx_op *op, fx_list list, int dim, bool stacks,
                       fx_tensor *(*change)(fx_tensor *x, fx_where where), fx_where where)
{
    fx_dtype dtype = (fx_dtype)list.at[0]->dtype;
    bool same = !change;
    for (int i = 1; i < list.count; i++) {
        same = same && list.at[i]->dtype == dtype;
        dtype = fx_promote(dtype, (fx_dtype)list.at[i]->dtype);
    }
    if (same) return apply(op, list, dim, stacks, where);
    fx_context *cx = list.at[0]->cx;
    fx_tensor **all = fx__scratch(cx, sizeof *all * (size_t)list.count);
    if (!all) return NULL;
    for (int i = 0; i < list.count; i++) {
        all[i] = change ? change(list.at[i], where) : list.at[i];
        if (all[i] && all[i]->dtype != dtype) all[i] = fx__space.cast(all[i], dtype, where);
    }
    bool made = true;
    for (int i = 0; i < list.count; i++) made = made && all[i];
    fx_tensor *y = made ? apply(op, (fx_list){ list.count, all }, dim, stacks, where) : NULL;
    fx__scratch_free(cx, all);
    return y;
}

fx_tensor *fx_cat_at(fx_list tensors, int64_t dim, fx_where where)
{
    fx_tensor *x = first_of(tensors);
    if (!x) return NULL;
    for (int i = 0; i < tensors.count && is_nothing(x); i++) x = tensors.at[i];
    if (x->ndim == 0) return FX__REFUSE(x, ERROR_SHAPE, where, "cat: a 0-d tensor has no dim to join along");
    int at = fx__dim_of(x, dim, "cat", where);
    return at < 0 ? NULL : join(&cat_op, tensors, at, false, NULL, where);
}

fx_tensor *fx_stack_at(fx_list tensors, int64_t dim, fx_where where)
{
    fx_tensor *x = first_of(tensors);
    if (!x) return NULL;
    int at = fx__dim_in(x, x->ndim + 1, dim, "stack", where);
    if (at < 0) return NULL;
    if (x->ndim == FX_MAX_DIMS)
        return FX__REFUSE(x, ERROR_SHAPE, where, "stack: %s has %d dimensions already", fx__shape_text(x),
                          FX_MAX_DIMS);
    return join(&stack_op, tensors, at, true, NULL, where);
}

/* ---- stacks by name ---- */

static fx_tensor *as_column(fx_tensor *x, fx_where where)
{
    return x->ndim < 2 ? fx__reshape(x, 2, (int64_t[]){ x->numel, 1 }, where) : x;
}

fx_tensor *fx_hstack_at(fx_list tensors, fx_where where)
{
    fx_tensor *x = first_of(tensors);
    return x ? join(&hstack_op, tensors, x->ndim > 1, false, fx_atleast_1d_at, where) : NULL;
}
fx_tensor *fx_vstack_at(fx_list tensors, fx_where where)
{
    return first_of(tensors) ? join(&vstack_op, tensors, 0, false, fx_atleast_2d_at, where) : NULL;
}
fx_tensor *fx_dstack_at(fx_list tensors, fx_where where)
{
    return first_of(tensors) ? join(&dstack_op, tensors, 2, false, fx_atleast_3d_at, where) : NULL;
}
fx_tensor *fx_column_stack_at(fx_list tensors, fx_where where)
{
    return first_of(tensors) ? join(&column_stack_op, tensors, 1, false, as_column, where) : NULL;
}

/* ---- several in one shape ---- */

bool fx__broadcast_sizes(fx_list list, fx__sizes *y, const char *op, fx_where where)
{
    *y = (fx__sizes){ .ndim = 0 };
    for (int i = 0; i < list.count; i++)
        if (list.at[i]->ndim > y->ndim) y->ndim = list.at[i]->ndim;
    for (int d = 0; d < y->ndim; d++) y->at[d] = 1;
    for (int i = 0; i < list.count; i++) {
        const fx_tensor *x = list.at[i];
        for (int d = 0; d < x->ndim; d++) {
            int64_t *size = &y->at[d + y->ndim - x->ndim];
            if (x->size[d] == *size || x->size[d] == 1) continue;
            if (*size != 1) {
                fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: %s does not broadcast with the others to %s",
                             op, fx__shape_text(x), fx__dims_text(x->cx, y->ndim, y->at));
                return false;
            }
            *size = x->size[d];
        }
    }
    return true;
}

bool fx_broadcast_tensors_at(fx_tensor **outputs, fx_list tensors, fx_where where)
{
    fx__sizes to;
    if (!first_of(tensors) || !outputs || !fx__broadcast_sizes(tensors, &to, "broadcast_tensors", where))
        return false;
    bool good = true;
    for (int i = 0; i < tensors.count; i++)
        good = (outputs[i] = fx__expand(tensors.at[i], to.ndim, to.at, where)) && good;
    return good;
}

bool fx_meshgrid_at(fx_tensor **outputs, fx_meshgrid_args args, fx_where where)
{
    fx_list list = args.tensors;
    fx_tensor *x = first_of(list);
    if (!x || !outputs) return false;
    fx__sizes to = { .ndim = list.count };
    bool good = list.count <= FX_MAX_DIMS, turned = args.indexing == FX_MESHGRID_XY && list.count > 1;
    for (int i = 0; good && i < list.count; i++) {
        good = list.at[i]->ndim < 2;
        to.at[turned && i < 2 ? 1 - i : i] = list.at[i]->numel;
    }
    if (!good) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "meshgrid: takes at most %d tensors of one dimension",
                     FX_MAX_DIMS);
        return false;
    }
    for (int i = 0; i < list.count; i++) {
        int64_t size[FX_MAX_DIMS];
        for (int d = 0; d < to.ndim; d++) size[d] = 1;
        size[turned && i < 2 ? 1 - i : i] = list.at[i]->numel;
        outputs[i] = fx__expand(fx__reshape(list.at[i], to.ndim, size, where), to.ndim, to.at, where);
        good = good && outputs[i];
    }
    return good;
}

/* ---- records ---- */

typedef struct list_args {
    fx_list tensors;
    int64_t dim;
} list_args;
static const fx_field list_fields[] = { FX__FIELD(list_args, tensors, TENSORS),
                                        FX__FIELD(list_args, dim, INT, .optional = true), FX__FIELDS_END };
static const fx_field lists_fields[] = { FX__FIELD(list_args, tensors, TENSORS), FX__FIELDS_END };

FX__PLAIN(cat, list_args, a->tensors, a->dim)
const fx_function fx__function_cat = {
    .name = "cat",
    .torch = "cat,concat,concatenate",
    .formula = "y = the tensors one after the other along dim",
    .gradient = "each tensor's part of g",
    .notes = "dtypes are promoted; an empty tensor of one dimension fits anything",
    .fields = list_fields,
    .args_size = sizeof(list_args),
    .call = cat_call,
    .samples = "tensors={(2) (3)}\ntensors={(2,3) (1,3)}\ntensors={(2,3) (2,1) (2,2)} dim=1\ntensors={(2,3) "
               "(2,3)} dim=-2\n"
               "tensors={(2,3)}\ntensors={(0,3) (2,3)}\ntensors={(0) (2,3)}\ntensors={(2,3) (0)} "
               "dim=1\ntensors={(0) (0)}\n"
               "tensors={(2)f32 (3)f64}\ntensors={(2)i64 (3)}\n"
               "!tensors={()}\n!tensors={(2,3) (2,2)}\n!tensors={(2) (2,1)}\n!tensors={(2) (2)} dim=1\n",
    .bench = "tensors={(1024,512) (1024,512)} dim=1",
};

FX__PLAIN(stack, list_args, a->tensors, a->dim)
const fx_function fx__function_stack = {
    .name = "stack",
    .torch = "stack",
    .formula = "y = the tensors one after the other along a new dim",
    .gradient = "each tensor's part of g",
    .fields = list_fields,
    .args_size = sizeof(list_args),
    .call = stack_call,
    .samples =
        "tensors={(2) (2)}\ntensors={() ()}\ntensors={(2,3) (2,3) (2,3)} dim=1\ntensors={(2,3) (2,3)} "
        "dim=-1\n"
        "tensors={(0,2) (0,2)}\ntensors={(2)f32 (2)f64}\n!tensors={(2) (3)}\n!tensors={(2) (2)} dim=2\n"
        "!tensors={(1,1,1,1,1,1,1,1)}\n",
    .bench = "tensors={(1024,512) (1024,512)} dim=1",
};

#define STACK(called, also, rule, lines)                                                                     \
    FX__PLAIN(called, list_args, a->tensors)                                                                 \
    const fx_function fx__function_##called = {                                                              \
        .name = #called,                                                                                     \
        .torch = also,                                                                                       \
        .formula = rule,                                                                                     \
        .gradient = "each tensor's part of g",                                                               \
        .fields = lists_fields,                                                                              \
        .args_size = sizeof(list_args),                                                                      \
        .call = called##_call,                                                                               \
        .samples = lines,                                                                                    \
    };
STACK(hstack, "hstack", "y = the tensors side by side: along dim 1, of one dimension along dim 0",
      "tensors={(2) (3)}\ntensors={() ()}\ntensors={(2,3) (2,1)}\ntensors={(2,0) (2,1)}\n!tensors={(2,3) "
      "(3,3)}\n")
STACK(vstack, "vstack,row_stack", "y = the tensors one above the other, n numbers being a row (1, n)",
      "tensors={(2) (2)}\ntensors={() ()}\ntensors={(2,3) (3)}\ntensors={(0,2) (1,2)}\n!tensors={(2) (3)}\n")
STACK(dstack, "dstack", "y = the tensors along dim 2, n numbers being (1, n, 1), m x n (m, n, 1)",
      "tensors={(2) (2)}\ntensors={() ()}\ntensors={(2,3) (2,3,2)}\ntensors={(0,2) (0,2)}\n!tensors={(2) "
      "(3)}\n")
STACK(column_stack, "column_stack", "y = the tensors along dim 1, n numbers being a column (n, 1)",
      "tensors={(2) (2)}\ntensors={() (1,3)}\ntensors={(2,3) (2)}\ntensors={(0,2) (0)}\n!tensors={(2) (3)}\n")

static int broadcast_tensors_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const list_args *a = args;
    if (a->tensors.count > FX_MAX_OUTPUTS) return 0;
    return fx_broadcast_tensors_at(out, a->tensors, where) ? a->tensors.count : 0;
}
const fx_function fx__function_broadcast_tensors = {
    .name = "broadcast_tensors",
    .torch = "broadcast_tensors",
    .formula = "y[k] = x[k], broadcast to what all broadcast to",
    .gradient = "g summed over what was broadcast",
    .fields = lists_fields,
    .args_size = sizeof(list_args),
    .call = broadcast_tensors_call,
    .samples = "tensors={(2,1) (3)}\ntensors={() (2,2) (1)}\ntensors={(3)}\ntensors={(0,1) "
               "(2)}\n!tensors={(2) (3)}\n",
};

static int meshgrid_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const fx_meshgrid_args *a = args;
    return a->tensors.count <= FX_MAX_OUTPUTS + 1 && fx_meshgrid_at(out, *a, where) ? a->tensors.count : 0;
}
static const fx_field meshgrid_fields[] = {
    FX__FIELD(fx_meshgrid_args, tensors, TENSORS),
    FX__FIELD(fx_meshgrid_args, indexing, CHOICE, .choices = "ij|xy", .optional = true), FX__FIELDS_END
};
const fx_function fx__function_meshgrid = {
    .name = "meshgrid",
    .torch = "meshgrid",
    .formula = "y[k][i_0, i_1, ...] = x[k][i_k]; for xy the first two dimensions are exchanged",
    .gradient = "g summed over the other dimensions",
    .fields = meshgrid_fields,
    .args_size = sizeof(fx_meshgrid_args),
    .call = meshgrid_call,
    .samples = "tensors={(2) (3)}\ntensors={(2) (3)} indexing=xy\ntensors={(2) (3) (2)} "
               "indexing=xy\ntensors={(3)} indexing=xy\n"
               "tensors={() (2)}\ntensors={(0) (2)}\n!tensors={(2,2) (2)}\n",
};
