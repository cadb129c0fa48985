/* Models in files: what is written, what is taken back, what is refused and then leaves everything as it was.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/fluxion-state-XXXXXX", file[64];

static void make_folder(void)
{
    cr_assert(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/model.safetensors", folder);
}
static void remove_folder(void)
{
    unlink(file);
    rmdir(folder);
}
TestSuite(state, .init = make_folder, .fini = remove_folder);

static void expect_error(fx_context *cx, fx_status code, const char *part)
{
    cr_assert(fx_error(cx) == code && strstr(fx_error_message(cx), part), "instead of %s: %s", part,
              fx_error_message(cx));
    fx_error_clear(cx);
}

static fx_named_list in_file(fx_context *cx)
{
    fx_named_list list = fx_load_tensors(cx, file);
    cr_assert(list.cx, "%s", fx_error_message(cx));
    return list;
}

Test(state, a_model_comes_back)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *a = fx_mlp(cx, FX_RELU, 20, 30, 10), *b = fx_mlp(cx, FX_RELU, 20, 30, 10);
    cr_assert(fx_module_digest(a) != fx_module_digest(b));
    cr_assert(fx_save(a, file) == FX_OK, "%s", fx_error_message(cx));
    fx_tensor *w = fx_module_tensor(b, "0.weight");
    const uint32_t version = fx_version(w);
    cr_assert(fx_load(b, file) == FX_OK, "%s", fx_error_message(cx));
    cr_assert(fx_module_digest(a) == fx_module_digest(b));
    cr_assert(fx_version(w) == version + 1 && fx_requires_grad(w) && fx_is_leaf(w));
    cr_assert(in_file(cx).count == 4 && strcmp(in_file(cx).at[2].name, "2.weight") == 0);
    cr_assert(fx_finish(cx) == 0);
}

Test(state, other_floats_are_converted)
{
    fx_context *cx = fx_context_new(.seed = 1), *wide = fx_context_new(.seed = 2, .dtype = FX_F64);
    fx_module *a = fx_mlp(cx, FX_RELU, 3, 4, 2), *b = fx_mlp(wide, FX_RELU, 3, 4, 2);
    cr_assert(fx_save(a, file) == FX_OK && fx_load(b, file) == FX_OK);
    const float *from = fx_data_const(fx_module_tensor(a, "2.bias"));
    const double *to = fx_data_const(fx_module_tensor(b, "2.bias"));
    cr_assert(to[0] == (double)from[0] && to[1] == (double)from[1]);
    cr_assert(fx_finish(cx) == 0 && fx_finish(wide) == 0);
}

Test(state, buffers_are_in_it_but_for_transient_ones)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *m = fx_module_new(cx);
    fx_tensor *kept = fx_module_buffer(m, "steps", fx_full(cx, FX_I64, 7, 1));
    fx_tensor *left = fx_module_buffer(m, "scratch", fx_ones(cx, FX_F32, 1), .transient = true);
    cr_assert(fx_save(m, file) == FX_OK && in_file(cx).count == 1);
    fx_init_zeros_(kept), fx_init_zeros_(left);
    cr_assert(fx_load(m, file) == FX_OK && fx_item_int(kept) == 7 && fx_item(left) == 0);
    cr_assert(fx_finish(cx) == 0);
}

/* ---- what differs -------------------------------------------------------------------------------------- */

Test(state, differences_are_listed_and_change_nothing)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *saved = fx_module_new(cx), *m = fx_module_new(cx);
    fx_child(saved, "same", fx_linear_layer(cx, 3, 4));
    fx_child(saved, "head", fx_linear_layer(cx, 3, 4));
    fx_child(saved, "old", fx_linear_layer(cx, 1, 1, .bias = false));
    fx_child(m, "same", fx_linear_layer(cx, 3, 4));
    fx_child(m, "head", fx_linear_layer(cx, 3, 5, .bias = false));
    fx_child(m, "new", fx_linear_layer(cx, 1, 1));
    cr_assert(fx_save(saved, file) == FX_OK);
    const uint64_t before = fx_module_digest(m);
    cr_assert(fx_load(m, file) != FX_OK);
    const char *message = fx_error_message(cx);
    cr_assert(strncmp(message, "state_test.c:", 13) == 0 && strstr(message, ": load: ") &&
              strstr(message, file));
    cr_assert(strstr(message, "the file has no new.weight, new.bias"), "%s", message);
    cr_assert(strstr(message, "only the file has head.bias, old.weight"), "%s", message);
    cr_assert(strstr(message, "head.weight is (4, 3) in the file and (5, 3) here"), "%s", message);
    cr_assert(strstr(message, "nothing was loaded"), "%s", message);
    fx_error_clear(cx);
    cr_assert(fx_module_digest(m) == before);
    cr_assert(fx_load(m, file, .strict = false) != FX_OK);
    expect_error(cx, FX_ERROR_SHAPE, "head.weight is (4, 3) in the file and (5, 3) here; nothing was loaded");
    cr_assert(fx_module_digest(m) == before);
    fx_module *part = fx_module_new(cx);
    fx_child(part, "same", fx_linear_layer(cx, 3, 4));
    cr_assert(fx_load(part, file, .strict = false) == FX_OK);
    cr_assert(fx_module_digest(fx_module_child(part, "same")) ==
              fx_module_digest(fx_module_child(saved, "same")));
    cr_assert(fx_finish(cx) == 0);
}

Test(state, files_that_cannot_be_read)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *net = fx_mlp(cx, FX_RELU, 784, 128, 10);
    const uint64_t before = fx_module_digest(net);
    cr_assert(fx_load(net, file) == FX_ERROR_FILE);
    expect_error(cx, FX_ERROR_FILE, file);
    cr_assert(fx_save(net, file) == FX_OK);
    FILE *f = fopen(file, "r");
    cr_assert(f && fseek(f, 0, SEEK_END) == 0);
    const long whole = ftell(f);
    fclose(f);
    for (long bytes = whole - 1; bytes >= 0; bytes = bytes > 2000 ? bytes / 3 : bytes - 37) {
        cr_assert(truncate(file, bytes) == 0);
        cr_assert(fx_load(net, file) == FX_ERROR_FORMAT, "%ld bytes: %s", bytes, fx_error_message(cx));
        expect_error(cx, FX_ERROR_FORMAT, "nothing was loaded");
    }
    cr_assert(fx_module_digest(net) == before);
    cr_assert(fx_save(net, "/nowhere/at/all.safetensors") == FX_ERROR_FILE);
    expect_error(cx, FX_ERROR_FILE, "/nowhere/at/all.safetensors");
    cr_assert(fx_save(NULL, file) == FX_ERROR_ARGUMENT && fx_load(NULL, file) == FX_ERROR_ARGUMENT);
    cr_assert(fx_finish(cx) == 0);
}

/* ---- what stands in several places --------------------------------------------------------------------- */

/* A head whose weight is the input layer's, as language models have it. */
static fx_module *tied(fx_context *cx)
{
    fx_module *m = fx_module_new(cx), *head = fx_module_new(cx);
    fx_module *in = fx_child(m, "in", fx_linear_layer(cx, 3, 3, .bias = false));
    fx_module_parameter(fx_child(m, "head", head), "weight", fx_module_tensor(in, "weight"));
    fx_module_parameter(head, "bias", fx_ones(cx, FX_F32, 3));
    return m;
}

Test(state, shared_parameters_may_have_any_of_their_names)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *m = tied(cx);
    fx_tensor *w = fx_full(cx, FX_F32, 2, 3, 3), *b = fx_full(cx, FX_F32, 3, 3);
    cr_assert(fx_save(m, file) == FX_OK && in_file(cx).count == 2 &&
              strcmp(in_file(cx).at[0].name, "in.weight") == 0);
    cr_assert(fx_load(m, file) == FX_OK);
    const fx_named_list files[] = { FX_NAMED(cx, { "in.weight", w }, { "head.bias", b }),
                                    FX_NAMED(cx, { "head.weight", w }, { "head.bias", b }),
                                    FX_NAMED(cx, { "in.weight", w }, { "head.weight", w },
                                             { "head.bias", b }) };
    for (int i = 0; i < 3; i++) {
        fx_init_zeros_(fx_module_tensor(m, "in.weight"));
        cr_assert(fx_save_tensors(file, files[i]) == FX_OK);
        cr_assert(fx_load(m, file) == FX_OK, "%s", fx_error_message(cx));
        cr_assert(((const float *)fx_data_const(fx_module_tensor(m, "head.weight")))[8] == 2);
    }
    cr_assert(fx_save_tensors(file, FX_NAMED(cx, { "head.bias", b })) == FX_OK && fx_load(m, file) != FX_OK);
    expect_error(cx, FX_ERROR_ARGUMENT, "the file has no in.weight");
    cr_assert(fx_finish(cx) == 0);
}

Test(state, digests_tell_names_and_numbers_apart)
{
    fx_context *cx = fx_context_new(.seed = 1);
    uint64_t digest[4];
    for (int i = 0; i < 4; i++) {
        fx_module *m = fx_module_new(cx);
        fx_module_parameter(
            m, i == 1 ? "b" : "a",
            fx_full_at(cx, i == 2 ? FX_F64 : FX_F32, i == 3, fx_shape(fx_zeros(cx, FX_F32, 2)), FX_HERE));
        digest[i] = fx_module_digest(m);
        cr_assert(digest[i] && digest[i] == fx_module_digest(m));
        for (int k = 0; k < i; k++) cr_assert(digest[i] != digest[k]);
    }
    cr_assert(fx_module_digest(NULL) == 0);
    cr_assert(fx_finish(cx) == 0);
}
