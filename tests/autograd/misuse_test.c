/* What a program may get wrong: NULL, wrong records, wrong lists, tensors of other contexts, numbers that
 * overflow. Each is an error that says so; none crashes. */
#include "support.h"

#include <limits.h>

/* ---- NULL ---------------------------------------------------------------------------------------------- */

Test(misuse, nothing_where_something_should_be)
{
    fx_context *cx = context_new();
    fx_scope_close(NULL);
    fx_mode_pop(NULL);
    fx_scope_close(&(fx_scope){ 0 });
    fx_mode_pop(&(fx_mode){ 0 });
    fx_on_warning(NULL, NULL, NULL);
    fx_memory_report(cx, NULL);
    cr_assert(fx_warning_count(NULL) == 0);
    cr_assert(fx_functions(NULL) != NULL && fx_function_named(NULL) == NULL);
    cr_assert(fx_context_stats(NULL).nodes == 0 && fx_threads(NULL) == 1);
    FX_SCOPE (NULL) cr_assert(fx_zeros(NULL, FX_F32, 3) == NULL);
    FX_NO_GRAD (NULL) cr_assert(fx_ndim(NULL) == 0 && fx_numel(NULL) == 0 && fx_item(NULL) != fx_item(NULL));
    fx_tensor *none = NULL, *x = LEAF(cx, 1, 2);
    cr_assert(!fx_add(none, x) && !fx_add(1, none) && !fx_sum(none) && !fx_cat(0, x, none) && !fx_keep(none));
    cr_assert(!fx_copy_(x, none) && !fx_fill_(none, 1) && !fx_detach(none) && !fx_grad(none));
    cr_assert(fx_backward(none) == FX_ERROR_ARGUMENT && fx_gradient(x, none) == NULL);
    cr_assert(fx_from(cx, FX_F64, NULL, 3) == NULL);
    REFUSED(cx, ARGUMENT, "from: there is no data");
    cr_assert(fx_wrap(cx, FX_F64, NULL, 3) == NULL);
    REFUSED(cx, ARGUMENT, "wrap: there is no data");
    context_end(cx);
}

/* ---- functions that are not there ---------------------------------------------------------------------- */

Test(misuse, hooks_without_a_function)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    cr_assert(fx_add_hook(x, NULL, NULL, NULL) == NULL);
    REFUSED(cx, ARGUMENT, "add_hook: there is no function");
    cr_assert(fx_add_accumulate_hook(x, NULL, NULL, NULL) == NULL);
    REFUSED(cx, ARGUMENT, "add_accumulate_hook: there is no function");
    cr_assert(fx_add_multi_hook(FX_LIST(x), FX_MULTI_ALL, NULL, NULL, NULL) == NULL);
    REFUSED(cx, ARGUMENT, "add_multi_hook: there is no function");
    cr_assert(fx_checkpointed(NULL, NULL, x) == NULL);
    REFUSED(cx, ARGUMENT, "checkpoint: there is no function");
    cr_assert(fx_gradcheck(cx, NULL, x) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "gradcheck: there is no op");
    cr_assert(fx_gradcheck_function(cx, NULL, NULL, FX_LIST(x)) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "gradcheck: there is no function");
    cr_assert(fx_backward(fx_sum(x)) == FX_OK);
    NUMBERS(fx_grad(x), 1, 1);
    context_end(cx);
}

Test(misuse, records_that_lack_something)
{
    static const fx_op unnamed = { .inputs = 1 }, shapeless = { .name = "shapeless", .inputs = 1 },
                       idle = { .name = "idle", .inputs = 1, .shape = fx_shape_same },
                       uncounted = { .name = "uncounted",
                                     .inputs = 1,
                                     .outputs = -1,
                                     .shape = fx_shape_same,
                                     .forward = noted_forward },
                       optional = { .name = "optional",
                                    .inputs = 1,
                                    .options_size = 8,
                                    .shape = fx_shape_same,
                                    .forward = noted_forward };
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    cr_assert(fx_apply(NULL, x) == NULL);
    REFUSED(cx, ARGUMENT, "apply: there is no op");
    cr_assert(fx_apply(&unnamed, x) == NULL);
    REFUSED(cx, ARGUMENT, "apply: the op has no name");
    cr_assert(fx_apply(&shapeless, x) == NULL);
    REFUSED(cx, ARGUMENT, "shapeless: the op has no shape rule");
    cr_assert(fx_apply(&idle, x) == NULL);
    REFUSED(cx, ARGUMENT, "idle: the op has no forward");
    cr_assert(fx_apply(&uncounted, x) == NULL);
    REFUSED(cx, ARGUMENT, "uncounted: the op does not count its outputs");
    cr_assert(fx_apply(&optional, x) == NULL);
    REFUSED(cx, ARGUMENT, "optional: the op takes options, and none were given");
    context_end(cx);
}

/* ---- lists --------------------------------------------------------------------------------------------- */

Test(misuse, lists_with_a_count_alone)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = fx_sum(fx_square(x));
    cr_assert(fx_backward(NULL, .roots = { 2, NULL }) == FX_ERROR_ARGUMENT);
    cr_assert(fx_backward(NULL, .roots = { -1, NULL }) == FX_ERROR_ARGUMENT);
    cr_assert(fx_backward(y, .inputs = { 2, NULL }) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "a list has no tensors, but a count");
    cr_assert(fx_backward(y, .inputs = { -1, &x }) == FX_ERROR_ARGUMENT);
    fx_error_clear(cx);
    cr_assert(fx_backward(y, .seeds = { 1, NULL }) == FX_ERROR_ARGUMENT);
    fx_error_clear(cx);
    cr_assert(fx_gradients(NULL, .output = y, .inputs = FX_LIST(x)) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "gradient: there is no room for results");
    cr_assert(!fx_grad(x) && fx_backward(y) == FX_OK);
    context_end(cx);
}

/* What c->needs has no bits for. */
Test(misuse, more_inputs_than_bits)
{
    enum { MANY = 130 };
    for (int graph = 0; graph < 2; graph++)
        for (int only = 0; only < 3; only++) { /* one of the first, one of the last, all */
            fx_context *cx = context_new();
            fx_tensor *x[MANY];
            for (int i = 0; i < MANY; i++) {
                x[i] = fx_full(cx, FX_F64, i, 2);
                if (only == 2 || i == (only ? 100 : 5)) fx_parameter(x[i]);
            }
            fx_tensor *y = fx_cat_at((fx_list){ MANY, x }, 0, FX_HERE);
            fx_tensor *seed = fx_to(fx_arange(cx, 2 * MANY), FX_F64);
            cr_assert(fx_backward(fx_mul(y, y), .seed = seed, .create_graph = graph) == FX_OK);
            for (int i = 0; i < MANY; i++)
                if (fx_requires_grad(x[i])) NUMBERS(fx_grad(x[i]), 4. * i * i, 2. * i * (2 * i + 1));
            if (only == 2) { /* of part of the graph */
                y = fx_cat_at((fx_list){ MANY, x }, 0, FX_HERE);
                fx_tensor *g = fx_gradient(fx_sum(fx_square(y)), x[90], .create_graph = graph);
                NUMBERS(g, 180, 180);
            }
            context_end(cx);
        }
}

Test(misuse, a_gradient_is_not_released)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 40)), *older;
    for (int graph = 0; graph < 2; graph++) {
        cr_assert(fx_backward(fx_sum(fx_square(x)), .create_graph = graph) == FX_OK);
        fx_release(older = fx_grad(x));
        cr_assert(fx_grad(x) == older);
        ALL(fx_grad(x), graph ? 4 : 2);
    }
    fx_set_grad(x, fx_zeros(cx, FX_F64, 40));
    fx_release(fx_grad(x));
    cr_assert(fx_backward(fx_sum(x)) == FX_OK);
    ALL(fx_grad(x), 1);
    context_end(cx);
}

/* ---- other contexts ------------------------------------------------------------------------------------ */

static fx_status is_fine(void *data, fx_tensor *const *grads, int count)
{
    (void)data, (void)grads, (void)count;
    return FX_OK;
}

Test(misuse, tensors_of_another_context)
{
    fx_context *cx = context_new(), *other = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *plain = VECTOR(cx, 1, 2), *theirs = LEAF(other, 3, 4);
    cr_assert(fx_backward(fx_mul(x, 2), .seed = fx_detach(theirs)) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "seed 0 belongs to another context");
    cr_assert(fx_backward(NULL, .roots = FX_LIST(fx_sum(x), fx_sum(theirs))) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "root 1 belongs to another context");
    cr_assert(fx_backward(fx_sum(x), .inputs = FX_LIST(theirs)) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "input 0 belongs to another context");
    cr_assert(fx_set_grad(x, theirs) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "belongs to another context");
    cr_assert(fx_copy_(plain, theirs) == NULL);
    REFUSED(cx, ARGUMENT, "copy_: the source belongs to another context");
    cr_assert(fx_fill_(plain, fx_scalar(other, FX_F64, 3)) == NULL);
    REFUSED(cx, ARGUMENT, "fill_: the value belongs to another context");
    cr_assert(fx_add_(plain, theirs) == NULL);
    REFUSED(cx, ARGUMENT, "belongs to another context");
    cr_assert(fx_add_multi_hook(FX_LIST(x, theirs), FX_MULTI_ALL, is_fine, NULL, NULL) == NULL);
    REFUSED(cx, ARGUMENT, "tensor 1 belongs to another context");
    NUMBERS(plain, 1, 2);
    cr_assert(!fx_grad(x) && !fx_grad(theirs));
    context_end(cx);
    context_end(other);
}

static fx_tensor *gives(void *data, fx_tensor *grad)
{
    (void)grad;
    return data;
}
static void *pack_data(void *data, fx_tensor *x)
{
    (void)x;
    return data;
}
static fx_tensor *unpack_data(void *data, void *packed)
{
    (void)data;
    return packed;
}
static void foreign_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)g;
    gx[0] = *(fx_tensor *const *)c->options;
}
static const fx_op foreign_op = { .name = "foreign",
                                  .formula = "y = x",
                                  .inputs = 1,
                                  .options_size = sizeof(fx_tensor *),
                                  .shape = fx_shape_same,
                                  .forward = noted_forward,
                                  .local_grad = foreign_local_grad };

Test(misuse, gradients_of_another_context)
{
    for (int graph = 0; graph < 2; graph++) {
        fx_context *cx = context_new(), *other = context_new();
        fx_tensor *x = LEAF(cx, 1, 2), *theirs = VECTOR(other, 3, 4), *y = fx_exp(x);
        fx_hook *h = fx_add_hook(y, gives, theirs, NULL);
        cr_assert(fx_backward(fx_sum(y), .create_graph = graph) == FX_ERROR_ARGUMENT);
        REFUSED(cx, ARGUMENT, "a gradient hook returned a tensor of another context");
        fx_remove_hook(y, h);
        fx_push_saved_hooks(cx, (fx_saved_hooks){ pack_data, unpack_data, NULL, theirs });
        y = fx_exp(x);
        fx_pop_saved_hooks(cx);
        cr_assert(fx_backward(fx_sum(y), .create_graph = graph) == FX_ERROR_ARGUMENT);
        REFUSED(cx, ARGUMENT, "gave a tensor of another context");
        y = fx_apply_at(&foreign_op, FX_LIST(x), &theirs, NULL, FX_HERE);
        cr_assert(fx_backward(fx_sum(y), .create_graph = graph) == FX_ERROR_ARGUMENT);
        REFUSED(cx, ARGUMENT, "a gradient belongs to another context");
        cr_assert(!fx_grad(x));
        context_end(cx);
        context_end(other);
    }
}

/* ---- numbers out of any range -------------------------------------------------------------------------- */

Test(misuse, sizes_and_places_that_overflow)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_ones(cx, FX_F64, 3, 4);
    const int64_t most = INT64_MAX, least = INT64_MIN;
    cr_assert(!fx_pad(x, FX_DIMS(most, most)));
    REFUSED(cx, SHAPE, "do not fit in memory");
    cr_assert(!fx_pad(x, FX_DIMS(least, 0)));
    REFUSED(cx, SHAPE, "pad");
    cr_assert(!fx_pad(x, FX_DIMS(1, 1), .mode = 77));
    REFUSED(cx, ARGUMENT, "pad: there is no mode 77");
    cr_assert(!fx_diag_embed(x, .offset = least));
    REFUSED(cx, SHAPE, "out of any matrix");
    cr_assert(!fx_diagonal(x, .offset = most));
    REFUSED(cx, SHAPE, "out of any matrix");
    cr_assert(!fx_diag(VECTOR(cx, 1, 2), .diagonal = most));
    REFUSED(cx, SHAPE, "out of any matrix");
    ALL(fx_tril(x, .diagonal = most), 1);
    ALL(fx_tril(x, .diagonal = least), 0);
    ALL(fx_triu(x, .diagonal = least), 1);
    ALL(fx_triu(x, .diagonal = most), 0);
    cr_assert(fx_numel(fx_slice(x, 0, least, most, most)) == 4);
    cr_assert(!fx_narrow(x, 0, most, most));
    REFUSED(cx, INDEX, "narrow");
    cr_assert(!fx_unfold(x, 0, most, most));
    REFUSED(cx, SHAPE, "unfold");
    cr_assert(!fx_reshape(x, -1, -1));
    REFUSED(cx, SHAPE, "12 numbers of (3, 4) do not make sizes (-1, -1)");
    cr_assert(!fx_repeat(x, most, most));
    REFUSED(cx, SHAPE, "does not fit in memory");
    ALL(fx_roll(x, least, 0), 1);
    int64_t drawn = fx_item_int(fx_randint(cx, least, most, 1));
    cr_assert(drawn < most);
    cr_assert(!fx_arange(cx, -1));
    REFUSED(cx, SHAPE, "negative");
    context_end(cx);
}

Test(misuse, dtypes_that_are_none)
{
    fx_context *cx = context_new();
    fx_tensor *x = VECTOR(cx, 1, 2), *truth = fx_ones(cx, FX_BOOL, 2);
    cr_assert(!fx_sum(x, .dtype = (fx_dtype)99));
    REFUSED(cx, DTYPE, "there is no dtype of number 99");
    cr_assert(!fx_softmax(x, .dtype = (fx_dtype)-1));
    REFUSED(cx, DTYPE, "there is no dtype of number -1");
    cr_assert(!fx_empty(cx, (fx_dtype)99, 3));
    REFUSED(cx, DTYPE, "there is no dtype of number 99");
    cr_assert(!fx_add_(truth, 1));
    REFUSED(cx, DTYPE, "add_: result type int64 can't be cast to the desired output type bool");
    cr_assert(!fx_gelu(x, .approximate = 9));
    REFUSED(cx, ARGUMENT, "gelu: there is no form 9");
    double numbers[3] = { 0 };
    cr_assert(!fx_wrap(cx, FX_F64, (char *)numbers + 1, 2));
    REFUSED(cx, ARGUMENT, "wrap: memory for float64 must be aligned to 8 bytes");
    context_end(cx);
}
