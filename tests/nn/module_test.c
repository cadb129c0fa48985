/* The tree of modules: names, orders, sharing, modes, what is refused, what belongs to whom.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <string.h>

static fx_module *with_parameter(fx_context *cx, const char *name)
{
    fx_module *m = fx_module_new(cx);
    cr_assert(fx_module_parameter(m, name, fx_zeros(cx, FX_F32, 2)) != NULL);
    return m;
}

static void compare_names(fx_named_list list, int64_t count, const char *const *names)
{
    cr_assert(list.count == count, "%lld names instead of %lld", (long long)list.count, (long long)count);
    for (int64_t i = 0; i < count; i++)
        cr_assert(strcmp(list.at[i].name, names[i]) == 0, "name %lld: %s instead of %s", (long long)i,
                  list.at[i].name, names[i]);
}
#define NAMES(list, ...)                                                                                     \
    compare_names(list, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *),                            \
                  (const char *[]){ __VA_ARGS__ })

static void expect_error(fx_context *cx, fx_status code, const char *part)
{
    cr_assert(fx_error(cx) == code && strstr(fx_error_message(cx), part), "instead of %s: %s", part,
              fx_error_message(cx));
    fx_error_clear(cx);
}

/* Own parameters, own buffers, children, each in the order of adding, however they were interleaved. */
Test(module, lists_are_in_pytorchs_order)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *root = fx_module_new(cx);
    fx_child(root, "b", with_parameter(cx, "weight"));
    fx_module_buffer(root, "mean", fx_zeros(cx, FX_F32, 3));
    fx_module_parameter(root, "z", fx_zeros(cx, FX_F32, 1));
    fx_module_buffer(root, "mask", fx_zeros(cx, FX_BOOL, 3), .transient = true);
    fx_module *a = fx_child(root, "a", fx_module_new(cx));
    fx_child(a, "inner", with_parameter(cx, "weight"));
    fx_module_parameter(root, "y", fx_zeros(cx, FX_F64, 1));
    fx_child(root, "layer.0", with_parameter(cx, "bias"));
    NAMES(fx_parameters(root), "z", "y", "b.weight", "a.inner.weight", "layer.0.bias");
    NAMES(fx_buffers(root), "mean", "mask");
    NAMES(fx_state(root), "z", "y", "mean", "b.weight", "a.inner.weight", "layer.0.bias");
    cr_assert(fx_parameter_count(root) == 8);
    cr_assert(fx_module_tensor(root, "layer.0.bias") == fx_parameters(root).at[4].tensor);
    cr_assert(fx_module_tensor(root, "mask") == fx_buffers(root).at[1].tensor);
    cr_assert(fx_module_tensor(root, "a.inner.bias") == NULL && fx_module_tensor(root, "a.inner") == NULL);
    cr_assert(fx_module_child(root, "a.inner") != NULL && fx_module_child(root, "a") == a);
    cr_assert(fx_module_child(root, "layer.0") != NULL && fx_module_child(root, "layer") == NULL);
    cr_assert(fx_finish(cx) == 0);
}

Test(module, a_list_stands_when_the_tree_grows)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *root = with_parameter(cx, "a"), *child = fx_child(root, "c", fx_module_new(cx));
    fx_named_list before = fx_parameters(root);
    cr_assert(fx_parameters(root).at == before.at);
    fx_module_parameter(child, "b", fx_zeros(cx, FX_F32, 1));
    NAMES(fx_parameters(root), "a", "c.b");
    NAMES(before, "a");
    const int64_t allocations = fx_context_stats(cx).system_allocations;
    for (int i = 0; i < 1000; i++) fx_parameters(root);
    cr_assert(fx_context_stats(cx).system_allocations == allocations);
    cr_assert(fx_finish(cx) == 0);
}

Test(module, what_is_shared_is_listed_once)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *root = fx_module_new(cx), *shared = with_parameter(cx, "weight");
    fx_child(root, "in", shared);
    fx_module *head = fx_child(root, "head", fx_module_new(cx));
    cr_assert(fx_module_parameter(head, "tied", fx_module_tensor(shared, "weight")) ==
              fx_module_tensor(shared, "weight"));
    fx_child(root, "out", shared);
    NAMES(fx_parameters(root), "in.weight");
    NAMES(fx_state(root), "in.weight");
    cr_assert(fx_parameter_count(root) == 2);
    cr_assert(fx_finish(cx) == 0);
}

Test(module, names_that_two_tensors_have_are_an_error)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *root = fx_module_new(cx);
    fx_child(root, "a.b", with_parameter(cx, "w"));
    fx_child(fx_child(root, "a", fx_module_new(cx)), "b", with_parameter(cx, "w"));
    cr_assert(fx_parameters(root).count == 0);
    expect_error(cx, FX_ERROR_ARGUMENT, "module_test.c:");
    cr_assert(fx_state(root).count == 0);
    expect_error(cx, FX_ERROR_ARGUMENT, "two tensors of the name \"a.b.w\"");
    fx_context_free(cx);
}

Test(module, additions_that_are_refused)
{
    fx_context *cx = fx_context_new(.seed = 1), *other = fx_context_new(.seed = 1);
    fx_module *m = with_parameter(cx, "w"), *c = fx_child(m, "c", fx_module_new(cx));
    fx_module_buffer(m, "b", fx_zeros(cx, FX_F32, 1));
    cr_assert(!fx_child(m, "w", fx_module_new(cx)));
    expect_error(cx, FX_ERROR_ARGUMENT, "child: the module has a \"w\" already");
    cr_assert(!fx_module_parameter(m, "b", fx_zeros(cx, FX_F32, 1)));
    expect_error(cx, FX_ERROR_ARGUMENT, "module_parameter: the module has a \"b\" already");
    cr_assert(!fx_module_buffer(m, "c", fx_zeros(cx, FX_F32, 1)));
    expect_error(cx, FX_ERROR_ARGUMENT, "module_buffer: the module has a \"c\" already");
    cr_assert(!fx_child(m, "", fx_module_new(cx)) && !fx_child(m, NULL, fx_module_new(cx)));
    expect_error(cx, FX_ERROR_ARGUMENT, "a name is empty");
    cr_assert(!fx_child(m, fx_name("%200d", 1), fx_module_new(cx)));
    expect_error(cx, FX_ERROR_ARGUMENT, "too long");
    cr_assert(!fx_child(c, "loop", m) && !fx_child(m, "self", m));
    expect_error(cx, FX_ERROR_ARGUMENT, "\"loop\" would stand in itself");
    cr_assert(!fx_child(m, "x", fx_module_new(other)));
    expect_error(cx, FX_ERROR_ARGUMENT, "another context");
    cr_assert(!fx_module_parameter(m, "x", fx_zeros(other, FX_F32, 1)));
    expect_error(cx, FX_ERROR_ARGUMENT, "another context");
    cr_assert(!fx_module_parameter(m, "x", fx_zeros(cx, FX_I64, 1)));
    expect_error(cx, FX_ERROR_DTYPE, "\"x\" is int64");
    NAMES(fx_state(m), "w", "b");
    cr_assert(fx_finish(cx) == 0 && fx_finish(other) == 0);
}

Test(module, nothing_comes_of_nothing)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *m = fx_module_new(cx);
    cr_assert(!fx_module_new(NULL) && !fx_child(NULL, "a", m) && !fx_child(m, "a", NULL));
    cr_assert(!fx_module_parameter(m, "a", NULL) && !fx_module_buffer(m, "a", NULL) && !fx_forward(m, NULL));
    cr_assert(!fx_forward(NULL, fx_zeros(cx, FX_F32, 1)));
    cr_assert(fx_parameters(NULL).count == 0 && fx_state(NULL).count == 0 && fx_parameter_count(NULL) == 0);
    cr_assert(fx_parameters(m).count == 0 && fx_state(m).count == 0);
    cr_assert(fx_module_set_requires_grad(NULL, true) == FX_ERROR_ARGUMENT);
    cr_assert(!fx_is_training(NULL) && !fx_module_context(NULL) && !fx_module_data(NULL));
    cr_assert(strcmp(fx_module_kind(NULL), "") == 0);
    fx_train(NULL), fx_eval(NULL), fx_module_zero_grad(NULL);
    cr_assert(fx_finish(cx) == 0);
}

/* Parameters made in a scope are copied to where the module lives; those of the context are used as they are.
 */
Test(module, outlives_scopes)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *m = NULL;
    fx_tensor *own = fx_ones(cx, FX_F32, 100), *moved = NULL;
    FX_SCOPE (cx) {
        m = fx_module_new(cx);
        cr_assert(fx_module_parameter(m, "own", own) == own);
        fx_tensor *short_lived = fx_full(cx, FX_F32, 3, 100);
        moved = fx_module_parameter(m, "moved", short_lived);
        cr_assert(moved != NULL && moved != short_lived);
        cr_assert(fx_module_buffer(m, "empty", fx_zeros(cx, FX_F32, 0)) != NULL);
    }
    FX_SCOPE (cx) fx_full(cx, FX_F32, 7, 100);
    cr_assert(fx_requires_grad(moved) && fx_requires_grad(own) && fx_is_leaf(moved));
    cr_assert(fx_requires_grad(fx_module_tensor(m, "empty")) == false);
    for (int i = 0; i < 100; i++) cr_assert(((const float *)fx_data_const(moved))[i] == 3);
    NAMES(fx_state(m), "own", "moved", "empty");
    cr_assert(fx_finish(cx) == 0);
}

typedef struct walk {
    int count;
    const fx_module *at[8];
} walk;
static void note(void *data, fx_module *m)
{
    walk *w = data;
    w->at[w->count++] = m;
}

Test(module, modes_and_walks_are_recursive)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *root = fx_module_new(cx), *a = fx_child(root, "a", fx_module_new(cx));
    fx_module *b = fx_child(a, "b", fx_module_new(cx)), *c = fx_child(root, "c", fx_module_new(cx));
    cr_assert(fx_is_training(root) && fx_is_training(b));
    fx_eval(root);
    cr_assert(!fx_is_training(root) && !fx_is_training(a) && !fx_is_training(b) && !fx_is_training(c));
    fx_train(a);
    cr_assert(!fx_is_training(root) && fx_is_training(a) && fx_is_training(b) && !fx_is_training(c));
    /* which has nothing to do with whether gradients are recorded */
    cr_assert(fx_get_grad_mode(cx) == FX_GRAD_ON);
    FX_NO_GRAD (cx) fx_train(root);
    cr_assert(fx_get_grad_mode(cx) == FX_GRAD_ON && fx_is_training(root));
    fx_module *layer = fx_linear_layer(cx, 2, 2);
    fx_eval(layer);
    cr_assert(fx_requires_grad(fx_forward(layer, fx_ones(cx, FX_F32, 1, 2))));
    walk w = { 0 };
    fx_module_apply(root, note, &w);
    cr_assert(w.count == 4 && w.at[0] == b && w.at[1] == a && w.at[2] == c && w.at[3] == root);
    cr_assert(fx_module_context(b) == cx);
    cr_assert(fx_finish(cx) == 0);
}

Test(module, gradients_of_all_parameters)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *root = with_parameter(cx, "a");
    fx_child(root, "c", with_parameter(cx, "b"));
    fx_tensor *a = fx_module_tensor(root, "a"), *b = fx_module_tensor(root, "c.b");
    cr_assert(fx_module_set_requires_grad(root, false) == FX_OK);
    cr_assert(!fx_requires_grad(a) && !fx_requires_grad(b));
    cr_assert(fx_module_set_requires_grad(root, true) == FX_OK);
    cr_assert(fx_requires_grad(a) && fx_requires_grad(b));
    fx_set_grad(a, fx_ones(cx, FX_F32, 2));
    fx_set_grad(b, fx_ones(cx, FX_F32, 2));
    fx_module_zero_grad(root);
    cr_assert(!fx_grad(a) && !fx_grad(b));
    cr_assert(fx_finish(cx) == 0);
}

/* ---- modules of one's own -------------------------------------------------------------------------------
 */

static int destroyed;
static void destroy(void *data) { ++*(int *)data; }

static fx_tensor *same(fx_module *m, void *data, fx_tensor *x)
{
    cr_assert(fx_module_data(m) == data && fx_module_where(m).line > 0);
    fx_zeros(fx_context_of(x), FX_F32, 1000);
    return x;
}
static fx_tensor *doubled(fx_module *m, void *data, fx_tensor *x)
{
    (void)m, (void)data;
    fx_zeros(fx_context_of(x), FX_F32, 1000);
    return fx_full_at(fx_context_of(x), FX_F32, 2 * fx_item(x), fx_shape(x), FX_HERE);
}
static fx_tensor *nothing(fx_module *m, void *data, fx_tensor *x)
{
    (void)m, (void)data, (void)x;
    return NULL;
}

Test(module, ones_own)
{
    destroyed = 0;
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *identity =
        fx_module_from(cx, same, .data = &destroyed, .destroy = destroy, .kind = "identity");
    fx_module *twice = fx_module_from(cx, doubled);
    cr_assert(strcmp(fx_module_kind(identity), "identity") == 0 &&
              strcmp(fx_module_kind(twice), "module") == 0);
    fx_tensor *x = fx_scalar(cx, FX_F32, 3);
    const int64_t before = fx_context_stats(cx).tensor_bytes;
    cr_assert(fx_forward(identity, x) == x);
    cr_assert(fx_item(fx_forward(twice, fx_forward(identity, x))) == 6);
    cr_assert(fx_context_stats(cx).tensor_bytes == before, "temporaries outlive the call");
    cr_assert(fx_context_stats(cx).scopes == 1);
    cr_assert(!fx_forward(fx_module_new(cx), x));
    expect_error(cx, FX_ERROR_ARGUMENT, "forward: the module has no forward function");
    cr_assert(!fx_forward(fx_module_from(cx, nothing, .kind = "void"), x));
    expect_error(cx, FX_ERROR_USER, "forward: the void gave nothing");
    fx_context *other = fx_context_new(.seed = 1);
    cr_assert(!fx_forward(twice, fx_scalar(other, FX_F32, 1)));
    expect_error(cx, FX_ERROR_ARGUMENT, "another context");
    cr_assert(fx_finish(cx) == 0 && fx_finish(other) == 0);
    cr_assert(destroyed == 1);
    cr_assert(!fx_module_from(NULL, same, .data = &destroyed, .destroy = destroy) && destroyed == 2);
}

Test(module, names_of_numbers)
{
    const char *a = fx_name("layer.%d", 1), *b = fx_name("%s.%d", "x", 2);
    cr_assert(strcmp(a, "layer.1") == 0 && strcmp(b, "x.2") == 0);
    cr_assert(strcmp(fx_name("%127d", 1), "") != 0 && strcmp(fx_name("%128d", 1), "") == 0);
}
