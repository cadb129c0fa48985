/* Recurrent layers: names, first values, the formulas, lengths against one sequence at a time, what is
 * refused.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static double number(const fx_tensor *x, int64_t i)
{
    double at[4096];
    cr_assert(x && fx_numel(x) <= 4096 && i < fx_numel(x));
    cr_assert(fx_copy_out(x, FX_F64, at) == FX_OK);
    return at[i];
}

static void expect_error(fx_context *cx, fx_status code, const char *part)
{
    cr_assert(fx_error(cx) == code && strstr(fx_error_message(cx), part), "instead of %s: %s", part,
              fx_error_message(cx));
    fx_error_clear(cx);
}

static void close_to(const fx_tensor *a, const fx_tensor *b, double tolerance, const char *what)
{
    cr_assert(a && b && fx_ndim(a) == fx_ndim(b), "%s", what);
    for (int d = 0; d < fx_ndim(a); d++) cr_assert(fx_dim(a, d) == fx_dim(b, d), "%s", what);
    for (int64_t i = 0; i < fx_numel(a); i++)
        cr_assert(fabs(number(a, i) - number(b, i)) <= tolerance, "%s [%lld]: %.17g and %.17g", what,
                  (long long)i, number(a, i), number(b, i));
}

static void has_sizes(const fx_tensor *x, int ndim, const int64_t *sizes)
{
    cr_assert(x && fx_ndim(x) == ndim);
    for (int i = 0; i < ndim; i++)
        cr_assert(fx_dim(x, i) == sizes[i], "%d: %lld", i, (long long)fx_dim(x, i));
}
#define SIZES(x, ...)                                                                                        \
    has_sizes(x, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (int64_t[]){ __VA_ARGS__ })

enum { KINDS = 4 };
static fx_module *layer(fx_context *cx, int kind, fx_recurrent_layer_args a)
{
    a.cx = cx;
    a.nonlinearity = kind == 1 ? FX_RELU : FX_TANH;
    if (kind < 2) return fx_rnn_layer_at(a, FX_HERE);
    return kind == 2 ? fx_lstm_layer_at(a, FX_HERE) : fx_gru_layer_at(a, FX_HERE);
}

/* ---- parameters ---------------------------------------------------------------------------------------- */

Test(recurrent, parameters_are_pytorchs)
{
    fx_context *cx = fx_context_new(.seed = 3);
    fx_module *m = fx_lstm_layer(cx, 5, 49, .layers = 2, .bidirectional = true, .proj_size = 7);
    static const char *const names[] = { "weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr" };
    fx_named_list list = fx_parameters(m);
    cr_assert(list.count == 20);
    double largest = 0;
    for (int64_t i = 0; i < list.count; i++) {
        cr_assert_str_eq(list.at[i].name,
                         fx_name("%s_l%d%s", names[i % 5], (int)i / 10, i / 5 % 2 ? "_reverse" : ""));
        for (int64_t k = 0; k < fx_numel(list.at[i].tensor); k++)
            largest = fmax(largest, fabs((double)((const float *)fx_data_const(list.at[i].tensor))[k]));
    }
    cr_assert(largest <= 1.0 / 7 && largest > 0.99 / 7);
    SIZES(fx_module_tensor(m, "weight_ih_l0"), 196, 5);
    SIZES(fx_module_tensor(m, "weight_ih_l1"), 196, 14);
    SIZES(fx_module_tensor(m, "weight_hh_l1_reverse"), 196, 7);
    SIZES(fx_module_tensor(m, "bias_hh_l0_reverse"), 196);
    SIZES(fx_module_tensor(m, "weight_hr_l1"), 7, 49);
    SIZES(fx_module_tensor(fx_gru_layer(cx, 2, 3), "weight_hh_l0"), 9, 3);
    SIZES(fx_module_tensor(fx_rnn_layer(cx, 2, 3), "weight_ih_l0"), 3, 2);
    cr_assert(fx_parameters(fx_gru_layer(cx, 2, 3, .bias = false)).count == 2);
    fx_module *cell = fx_lstm_cell(cx, 2, 3);
    cr_assert(fx_parameters(cell).count == 4 && !strcmp(fx_module_kind(cell), "lstm_cell"));
    SIZES(fx_module_tensor(cell, "weight_ih"), 12, 2);
    cr_assert(fx_dtype_of(fx_module_tensor(fx_gru_layer(cx, 2, 3, .dtype = FX_F64), "bias_ih_l0")) == FX_F64);
    cr_assert(fx_finish(cx) == 0);
}

Test(recurrent, files_keep_them)
{
    static char file[] = "/tmp/fluxion-recurrent-XXXXXX";
    cr_assert(close(mkstemp(file)) == 0);
    for (int kind = 0; kind < KINDS; kind++) {
        fx_context *cx = fx_context_new(.seed = 3);
        const fx_recurrent_layer_args a = {
            .in = 3, .hidden = 4, .layers = 2, .bias = true, .bidirectional = true
        };
        fx_module *from = layer(cx, kind, a), *to = layer(cx, kind, a);
        cr_assert(fx_module_digest(from) != fx_module_digest(to));
        cr_assert(fx_save(from, file) == FX_OK && fx_load(to, file) == FX_OK);
        cr_assert(fx_module_digest(from) == fx_module_digest(to));
        cr_assert(fx_finish(cx) == 0);
    }
    unlink(file);
}

/* ---- formulas ------------------------------------------------------------------------------------------ */

/* W x + b, gate by gate: part i of `gates` rows. */
static fx_tensor *gate(const fx_module *m, const char *which, fx_tensor *x, int i, int64_t hidden)
{
    fx_module *k = (fx_module *)(uintptr_t)m;
    return fx_linear(x, fx_narrow(fx_module_tensor(k, fx_name("weight_%s", which)), 0, i * hidden, hidden),
                     fx_narrow(fx_module_tensor(k, fx_name("bias_%s", which)), 0, i * hidden, hidden));
}
#define SUM_OF(i) fx_add(gate(m, "ih", x, i, 4), gate(m, "hh", h, i, 4))

Test(recurrent, cells_are_their_formulas)
{
    fx_context *cx = fx_context_new(.seed = 3, .dtype = FX_F64);
    fx_tensor *x = fx_randn(cx, FX_F64, 2, 3), *h = fx_randn(cx, FX_F64, 2, 4),
              *c = fx_randn(cx, FX_F64, 2, 4);
    fx_tensor *next = NULL;
    fx_module *m = fx_rnn_cell(cx, 3, 4);
    close_to(fx_cell_forward(m, x, .h = h), fx_tanh(SUM_OF(0)), 1e-15, "tanh");
    m = fx_rnn_cell(cx, 3, 4, .nonlinearity = FX_RELU);
    close_to(fx_cell_forward(m, x, .h = h), fx_relu(SUM_OF(0)), 1e-15, "relu");
    m = fx_lstm_cell(cx, 3, 4);
    fx_tensor *y = fx_cell_forward(m, x, .h = h, .c = c, .c_next = &next);
    fx_tensor *cell =
        fx_add(fx_mul(fx_sigmoid(SUM_OF(1)), c), fx_mul(fx_sigmoid(SUM_OF(0)), fx_tanh(SUM_OF(2))));
    close_to(next, cell, 1e-15, "c");
    close_to(y, fx_mul(fx_sigmoid(SUM_OF(3)), fx_tanh(cell)), 1e-15, "h of an LSTM");
    m = fx_gru_cell(cx, 3, 4);
    fx_tensor *z = fx_sigmoid(SUM_OF(1));
    fx_tensor *n =
        fx_tanh(fx_add(gate(m, "ih", x, 2, 4), fx_mul(fx_sigmoid(SUM_OF(0)), gate(m, "hh", h, 2, 4))));
    close_to(fx_cell_forward(m, x, .h = h), fx_add(fx_mul(fx_sub(1, z), n), fx_mul(z, h)), 1e-15, "GRU");
    fx_tensor *one = fx_cell_forward(m, fx_select(x, 0, 0), .h = fx_select(h, 0, 0));
    close_to(one, fx_select(fx_cell_forward(m, x, .h = h), 0, 0), 1e-15, "without a batch");
    close_to(fx_forward(m, x), fx_cell_forward(m, x, .h = fx_zeros(cx, FX_F64, 2, 4)), 0, "zeros");
    cr_assert(fx_finish(cx) == 0);
}

/* A layer is its cell, step after step, and the way back is the way there over reversed steps. */
Test(recurrent, layers_are_cells_in_turn)
{
    for (int kind = 0; kind < KINDS; kind++) {
        fx_context *cx = fx_context_new(.seed = 3, .dtype = FX_F64);
        fx_module *m = layer(cx, kind,
                             (fx_recurrent_layer_args){
                                 .in = 3, .hidden = 4, .layers = 1, .bias = true, .bidirectional = true });
        fx_tensor *x = fx_randn(cx, FX_F64, 5, 2, 3), *h = NULL, *c = NULL, *h_n = NULL, *c_n = NULL;
        fx_tensor *y = fx_recurrent_forward(m, x, .h_n = &h_n, .c_n = kind == 2 ? &c_n : NULL);
        SIZES(y, 5, 2, 8);
        SIZES(h_n, 2, 2, 4);
        for (int back = 0; back < 2; back++) {
            const fx_recurrent_cell_args a = {
                .cx = cx, .in = 3, .hidden = 4, .bias = true, .nonlinearity = kind == 1 ? FX_RELU : FX_TANH
            };
            fx_module *cell = kind < 2    ? fx_rnn_cell_at(a, FX_HERE)
                              : kind == 2 ? fx_lstm_cell_at(a, FX_HERE)
                                          : fx_gru_cell_at(a, FX_HERE);
            static const char *const names[] = { "weight_ih", "weight_hh", "bias_ih", "bias_hh" };
            for (int i = 0; i < 4; i++) {
                fx_tensor *to = fx_module_tensor(cell, names[i]);
                fx_copy_out(fx_module_tensor(m, fx_name("%s_l0%s", names[i], back ? "_reverse" : "")), FX_F64,
                            fx_data(to));
            }
            h = c = NULL;
            for (int64_t k = 0; k < 5; k++) {
                const int64_t t = back ? 4 - k : k;
                h = fx_cell_forward(cell, fx_select(x, 0, t), .h = h, .c = c,
                                    .c_next = kind == 2 ? &c : NULL);
                close_to(fx_narrow(fx_select(y, 0, t), 1, 4 * back, 4), h, 1e-15, "h of a step");
            }
            close_to(fx_select(h_n, 0, back), h, 1e-15, "h at the end");
            if (kind == 2) close_to(fx_select(c_n, 0, back), c, 1e-15, "c at the end");
        }
        cr_assert(fx_finish(cx) == 0);
    }
}

Test(recurrent, x_lies_as_it_is_said_to)
{
    for (int kind = 0; kind < KINDS; kind++) {
        fx_context *cx = fx_context_new(.seed = 3);
        const fx_recurrent_layer_args a = {
            .in = 3, .hidden = 4, .layers = 2, .bias = true, .bidirectional = true
        };
        fx_recurrent_layer_args b = a;
        b.batch_first = true;
        fx_module *m = layer(cx, kind, a), *first = layer(cx, kind, b);
        for (int64_t i = 0; i < fx_state(m).count; i++)
            fx_copy_out(fx_state(m).at[i].tensor, FX_F32, fx_data(fx_state(first).at[i].tensor));
        fx_tensor *x = fx_randn(cx, FX_F32, 5, 2, 3), *h = fx_randn(cx, FX_F32, 4, 2, 4), *h_n = NULL,
                  *h_1 = NULL;
        fx_tensor *y = fx_recurrent_forward(m, x, .h = h, .h_n = &h_n);
        close_to(y, fx_transpose(fx_recurrent_forward(first, fx_transpose(x, 0, 1), .h = h), 0, 1), 0,
                 "batch first");
        fx_tensor *one = fx_recurrent_forward(m, fx_select(x, 1, 1), .h = fx_select(h, 1, 1), .h_n = &h_1);
        close_to(one, fx_select(y, 1, 1), 1e-6, "without a batch");
        close_to(h_1, fx_select(h_n, 1, 1), 1e-6, "its state");
        SIZES(h_1, 4, 4);
        close_to(fx_forward(first, fx_select(x, 1, 1)), fx_forward(m, fx_select(x, 1, 1)), 0,
                 "no batch to be first");
        close_to(fx_forward(m, x), fx_recurrent_forward(m, x, .h = fx_zeros(cx, FX_F32, 4, 2, 4)), 0,
                 "zeros");
        SIZES(fx_forward(m, fx_zeros(cx, FX_F32, 5, 0, 3)), 5, 0, 8);
        cr_assert(fx_finish(cx) == 0);
    }
}

/* ---- lengths ------------------------------------------------------------------------------------------- */

enum { STEPS = 5, BATCH = 4 };
static const int64_t lengths_of[BATCH] = { 3, 5, 1, 4 };

static fx_tensor *square_sum(fx_tensor *x) { return fx_sum(fx_mul(x, x)); }

/* Values, last states and all gradients of padded sequences are those of each one alone. */
static void compare_lengths(int kind, bool project, bool batch_first)
{
    fx_context *cx = fx_context_new(.seed = 3, .dtype = FX_F64);
    fx_module *m = layer(cx, kind,
                         (fx_recurrent_layer_args){ .in = 3,
                                                    .hidden = 4,
                                                    .layers = 2,
                                                    .bias = true,
                                                    .bidirectional = true,
                                                    .batch_first = batch_first,
                                                    .proj_size = project ? 2 : 0 });
    const bool lstm = kind == 2;
    fx_tensor *x = fx_randn(cx, FX_F64, BATCH, STEPS, 3), *lengths = fx_from(cx, FX_I64, lengths_of, BATCH);
    for (int b = 0; b < BATCH; b++)
        for (int64_t i = lengths_of[b] * 3; i < 3 * STEPS; i++)
            ((double *)fx_data(x))[b * STEPS * 3 + i] = NAN;
    fx_set_requires_grad(x, true);
    fx_tensor *h = fx_randn(cx, FX_F64, 4, BATCH, project ? 2 : 4),
              *c = lstm ? fx_randn(cx, FX_F64, 4, BATCH, 4) : NULL;
    fx_set_requires_grad(h, true);
    fx_tensor *h_n = NULL, *c_n = NULL;
    fx_tensor *in = batch_first ? x : fx_transpose(x, 0, 1);
    fx_tensor *y = fx_recurrent_forward(m, in, .h = h, .c = c, .lengths = lengths, .h_n = &h_n,
                                        .c_n = lstm ? &c_n : NULL);
    if (!batch_first) y = fx_transpose(y, 0, 1);
    fx_tensor *loss = fx_add(square_sum(y), square_sum(h_n));
    if (lstm) loss = fx_add(loss, square_sum(c_n));
    cr_assert(fx_backward(loss) == FX_OK, "%s", fx_error_message(cx));
    fx_named_list list = fx_parameters(m);
    fx_tensor *together[24], *g_x = fx_grad(x), *g_h = fx_grad(h);
    for (int64_t i = 0; i < list.count; i++) together[i] = fx_clone(fx_grad(list.at[i].tensor));
    fx_module_zero_grad(m);
    for (int b = 0; b < BATCH; b++) {
        const int64_t n = lengths_of[b];
        fx_tensor *one = fx_detach(fx_narrow(fx_select(x, 0, b), 0, 0, n)), *h_1 = NULL, *c_1 = NULL;
        one = fx_clone(one);
        fx_set_requires_grad(one, true);
        fx_tensor *h_0 = fx_clone(fx_detach(fx_select(h, 1, b)));
        fx_set_requires_grad(h_0, true);
        fx_tensor *alone = fx_recurrent_forward(m, one, .h = h_0, .c = lstm ? fx_select(c, 1, b) : NULL,
                                                .h_n = &h_1, .c_n = lstm ? &c_1 : NULL);
        close_to(fx_narrow(fx_select(y, 0, b), 0, 0, n), alone, 1e-14, "y");
        for (int64_t t = n; t < STEPS; t++)
            for (int64_t k = 0; k < fx_dim(y, 2); k++)
                cr_assert(number(y, (b * STEPS + t) * fx_dim(y, 2) + k) == 0);
        close_to(fx_select(h_n, 1, b), h_1, 1e-14, "h at the end");
        if (lstm) close_to(fx_select(c_n, 1, b), c_1, 1e-14, "c at the end");
        fx_tensor *part = fx_add(square_sum(alone), square_sum(h_1));
        if (lstm) part = fx_add(part, square_sum(c_1));
        cr_assert(fx_backward(part) == FX_OK);
        close_to(fx_narrow(fx_select(g_x, 0, b), 0, 0, n), fx_grad(one), 1e-12, "gradient in x");
        for (int64_t i = n * 3; i < 3 * STEPS; i++) cr_assert(number(g_x, b * STEPS * 3 + i) == 0);
        close_to(fx_select(g_h, 1, b), fx_grad(h_0), 1e-12, "gradient in h");
    }
    for (int64_t i = 0; i < list.count; i++)
        close_to(together[i], fx_grad(list.at[i].tensor), 1e-11, list.at[i].name);
    cr_assert(fx_finish(cx) == 0, "%s", fx_error_message(cx));
}

Test(recurrent, lengths_are_sequences_alone)
{
    for (int kind = 0; kind < KINDS; kind++) {
        compare_lengths(kind, false, false);
        compare_lengths(kind, false, true);
    }
    compare_lengths(2, true, true);
}

/* ---- dropout ------------------------------------------------------------------------------------------- */

Test(recurrent, dropout_is_between_layers)
{
    fx_context *cx = fx_context_new(.seed = 3);
    fx_tensor *x = fx_randn(cx, FX_F32, 5, 2, 3);
    fx_module *m = fx_lstm_layer(cx, 3, 4, .layers = 2, .dropout = 1),
              *one = fx_lstm_layer(cx, 3, 4, .dropout = 1);
    fx_tensor *y = fx_forward(m, x), *other = fx_forward(m, fx_randn(cx, FX_F32, 5, 2, 3));
    close_to(y, other, 0, "nothing reaches the second layer");
    cr_assert(fabs(number(y, 0)) > 0, "what it gives is not dropped");
    fx_tensor *in_training = fx_forward(one, x);
    fx_eval(m);
    fx_eval(one);
    close_to(in_training, fx_forward(one, x), 0, "the last layer is not dropped");
    close_to(fx_forward(m, x), fx_forward(m, x), 0, "eval");
    cr_assert(fabs(number(fx_forward(m, x), 0) - number(y, 0)) > 0);
    fx_module *half = fx_gru_layer(cx, 3, 4, .layers = 2, .dropout = 0.5);
    cr_assert(number(fx_sum(fx_abs(fx_sub(fx_forward(half, x), fx_forward(half, x)))), 0) > 0);
    cr_assert(fx_finish(cx) == 0);
}

/* ---- threads, refusals --------------------------------------------------------------------------------- */

static uint64_t digest_by(int threads)
{
    fx_context *cx = fx_context_new(.seed = 3, .threads = threads);
    uint64_t digest = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        fx_module *m =
            layer(cx, kind, (fx_recurrent_layer_args){ .in = 40, .hidden = 96, .layers = 1, .bias = true });
        fx_optimizer *sgd = fx_sgd(fx_parameters(m), .lr = 0.1);
        cr_assert(fx_backward(fx_mean(fx_forward(m, fx_randn(cx, FX_F32, 6, 130, 40)))) == FX_OK &&
                  fx_step(sgd) == FX_OK);
        digest = digest * 31 + fx_module_digest(m);
    }
    cr_assert(fx_finish(cx) == 0);
    return digest;
}

Test(recurrent, the_same_bits_for_any_number_of_threads)
{
    const uint64_t one = digest_by(1);
    cr_assert(one == digest_by(2) && one == digest_by(3));
}

#define REFUSED(call, code, part)                                                                            \
    do {                                                                                                     \
        cr_assert((call) == NULL);                                                                           \
        expect_error(cx, FX_ERROR_##code, part);                                                             \
    } while (0)

Test(recurrent, layers_refuse)
{
    fx_context *cx = fx_context_new(.seed = 3);
    REFUSED(fx_lstm_layer(cx, 3, 0), ARGUMENT, "lstm_layer: hidden must be greater than zero");
    REFUSED(fx_lstm_layer(cx, -3, 2), ARGUMENT, "a size cannot be negative");
    REFUSED(fx_gru_layer(cx, 3, 4, .layers = 0), ARGUMENT, "gru_layer: layers must be greater than zero");
    REFUSED(fx_gru_layer(cx, 3, 4, .dropout = 1.5), ARGUMENT, "dropout is a probability");
    REFUSED(fx_gru_layer(cx, 3, 4, .proj_size = 2), ARGUMENT, "only an LSTM has a projection");
    REFUSED(fx_lstm_layer(cx, 3, 4, .proj_size = 4), ARGUMENT, "smaller than hidden");
    REFUSED(fx_lstm_layer(cx, 3, 4, .proj_size = -1), ARGUMENT, "proj_size must be zero");
    REFUSED(fx_rnn_layer(cx, 3, 4, .nonlinearity = FX_SILU), ARGUMENT, "FX_TANH or FX_RELU");
    REFUSED(fx_rnn_layer(cx, 3, 4, .dtype = FX_I64), DTYPE, "float32 or float64");
    REFUSED(fx_gru_cell(cx, 3, 0), ARGUMENT, "gru_cell: hidden must be greater than zero");
    cr_assert(!fx_lstm_layer(NULL, 3, 4) && fx_error(cx) == FX_OK);
    cr_assert(fx_finish(cx) == 0);
}

Test(recurrent, calls_refuse)
{
    fx_context *cx = fx_context_new(.seed = 3);
    fx_module *m = fx_lstm_layer(cx, 3, 4), *gru = fx_gru_layer(cx, 3, 4), *cell = fx_lstm_cell(cx, 3, 4);
    fx_tensor *x = fx_randn(cx, FX_F32, 5, 2, 3), *c = NULL;
    REFUSED(fx_forward(m, fx_zeros(cx, FX_F32, 3)), SHAPE, "of 2 dimensions, or 3 with a batch");
    REFUSED(fx_forward(m, fx_zeros(cx, FX_F32, 5, 2, 4)), SHAPE,
            "lstm_layer: x is (5, 2, 4): it must be of last size 3");
    REFUSED(fx_forward(m, fx_zeros(cx, FX_F32, 0, 2, 3)), SHAPE, "of one step at least");
    REFUSED(fx_recurrent_forward(m, x, .h = fx_zeros(cx, FX_F32, 1, 3, 4)), SHAPE,
            "h is (1, 3, 4): it must be (1, 2, 4)");
    REFUSED(fx_recurrent_forward(m, x, .c = fx_zeros(cx, FX_F32, 2, 4)), SHAPE, "c is (2, 4)");
    REFUSED(fx_recurrent_forward(m, fx_select(x, 1, 0), .h = fx_zeros(cx, FX_F32, 1, 1, 4)), SHAPE,
            "as x has no batch");
    REFUSED(fx_recurrent_forward(gru, x, .c_n = &c), ARGUMENT, "a gru has no c");
    REFUSED(fx_recurrent_forward(cell, x), ARGUMENT, "not a lstm_cell");
    REFUSED(fx_cell_forward(m, x), ARGUMENT, "not a lstm");
    REFUSED(fx_cell_forward(cell, fx_zeros(cx, FX_F32, 2, 4)), SHAPE, "it must be (2, 3)");
    REFUSED(fx_cell_forward(cell, fx_zeros(cx, FX_F32, 2, 3), .h = fx_zeros(cx, FX_F32, 3, 4)), SHAPE,
            "h is (3, 4)");
    REFUSED(fx_forward(m, fx_zeros(cx, FX_F64, 5, 2, 3)), DTYPE, "float");
    const int64_t none[] = { 5, 0 }, long_one[] = { 6, 5 };
    REFUSED(fx_recurrent_forward(m, x, .lengths = fx_from(cx, FX_I64, none, 2)), INDEX,
            "length 0 of sequence 1 is not in 1 .. 5");
    REFUSED(fx_recurrent_forward(m, x, .lengths = fx_from(cx, FX_I64, long_one, 2)), INDEX,
            "length 6 of sequence 0");
    REFUSED(fx_recurrent_forward(m, x, .lengths = fx_from(cx, FX_I64, none, 1)), SHAPE, "lengths is (1)");
    REFUSED(fx_recurrent_forward(m, x, .lengths = fx_zeros(cx, FX_F32, 2)), SHAPE, "integers");
    REFUSED(fx_recurrent_forward(m, fx_select(x, 1, 0), .lengths = fx_from(cx, FX_I64, long_one, 1)), SHAPE,
            "of a batch");
    cr_assert(!fx_recurrent_forward(NULL, x) && !fx_recurrent_forward(m, NULL) && !fx_cell_forward(NULL, x));
    cr_assert(fx_finish(cx) == 0);
}
