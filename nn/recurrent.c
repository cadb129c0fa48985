/* Recurrent layers: parameters, directions and states around fx_recur(), which runs the steps.
 *
 * Inside, x is (T, B, in). Each direction of a layer is one product for all steps' inputs and one fx_recur().
 */
#include "module.h"

#include <fluxion/ops.h>
#include <math.h>
#include <stdio.h>

/* Parameters of one direction of one layer; biases and project may be NULL. */
typedef struct direction {
    fx_tensor *weight_ih, *weight_hh, *bias_ih, *bias_hh, *project;
} direction;

typedef struct recurrent {
    const char *name; /* of the function that makes it */
    fx_cell cell;
    fx_recurrent_layer_args options;
    int directions;
    direction at[]; /* layers x directions */
} recurrent;

static int64_t gates(fx_cell cell) { return cell == FX_CELL_LSTM ? 4 : cell == FX_CELL_GRU ? 3 : 1; }
static int64_t state_size(const recurrent *r)
{
    return r->options.proj_size ? r->options.proj_size : r->options.hidden;
}

/* ---- making ---------------------------------------------------------------------------------------------
 */

static bool options_fit(const char *name, fx_cell *cell, fx_recurrent_layer_args *a, fx_where where)
{
    if (!a->cx || !fx__check_sizes(a->cx, name, 1, &a->in, where) ||
        !fx__check_dtype(a->cx, name, &a->dtype, where))
        return false;
    const bool plain = *cell == FX_CELL_TANH;
    if (plain && a->nonlinearity == FX_RELU) *cell = FX_CELL_RELU;
    const char *wrong = a->hidden <= 0                          ? "hidden must be greater than zero"
                        : a->layers <= 0                        ? "layers must be greater than zero"
                        : !(a->dropout >= 0 && a->dropout <= 1) ? "dropout is a probability, in [0, 1]"
                        : a->proj_size < 0 ? "proj_size must be zero (no projection) or positive"
                        : a->proj_size && *cell != FX_CELL_LSTM ? "only an LSTM has a projection"
                        : a->proj_size >= a->hidden             ? "proj_size has to be smaller than hidden"
                        : plain && a->nonlinearity != FX_TANH && a->nonlinearity != FX_RELU
                            ? "the nonlinearity is FX_TANH or FX_RELU"
                            : NULL;
    if (wrong) fx_error_set(a->cx, FX_ERROR_ARGUMENT, where, "%s: %s", name, wrong);
    return !wrong;
}

/* A parameter from the numbers that all of them come from. */
static bool start(fx_module *m, const char *name, fx_tensor *x, fx_where where)
{
    const recurrent *r = m->data;
    const double bound = 1 / sqrt((double)r->options.hidden);
    return fx_init_uniform_at(x, -bound, bound, where) && fx__layer_parameter(m, name, x, where);
}

/* Parameters of direction `number`, whose names end in `suffix` ("_l0_reverse"); inputs of `in` numbers. */
static bool make_direction(fx_module *m, int number, int64_t in, const char *suffix, fx_where where)
{
    recurrent *r = m->data;
    const fx_recurrent_layer_args *o = &r->options;
    const int64_t wide = gates(r->cell) * o->hidden;
    enum { MOST = 5 };
    static const char *const names[MOST] = { "weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr" };
    const bool has[MOST] = { true, true, o->bias, o->bias, o->proj_size > 0 };
    const fx_dims all[MOST] = { { true, 2, { wide, in } },
                                { true, 2, { wide, state_size(r) } },
                                { true, 1, { wide } },
                                { true, 1, { wide } },
                                { true, 2, { o->proj_size, o->hidden } } };
    fx_dims sizes[MOST];
    fx_tensor *made[MOST], *at[MOST] = { NULL };
    int count = 0;
    for (int i = 0; i < MOST; i++)
        if (has[i]) sizes[count++] = all[i];
    if (!fx__context_tensors(m->cx, o->dtype, count, sizes, made, where)) return false;
    count = 0;
    for (int i = 0; i < MOST; i++)
        if (has[i] && !start(m, fx_name("%s%s", names[i], suffix), at[i] = made[count++], where))
            return false;
    r->at[number] = (direction){ at[0], at[1], at[2], at[3], at[4] };
    return true;
}

static fx_tensor *recurrent_forward(fx_module *m, void *data, fx_tensor *x)
{
    (void)data;
    return fx_recurrent_forward_at((fx_recurrent_forward_args){ .module = m, .x = x }, m->where);
}

static fx_module *recurrent_layer(const char *name, const char *kind, fx_cell cell, fx_recurrent_layer_args a,
                                  fx_where where)
{
    if (!options_fit(name, &cell, &a, where)) return NULL;
    const int directions = a.bidirectional ? 2 : 1;
    fx_module *m = fx__layer_new(a.cx, kind, recurrent_forward,
                                 sizeof(recurrent) + sizeof(direction) * (size_t)(a.layers * directions));
    if (!m) return NULL;
    recurrent *r = m->data;
    r->name = name;
    r->cell = cell;
    r->options = a;
    r->directions = directions;
    for (int64_t k = 0; k < a.layers; k++)
        for (int d = 0; d < directions; d++)
            if (!make_direction(m, (int)k * directions + d, k ? directions * state_size(r) : a.in,
                                fx_name("_l%lld%s", (long long)k, d ? "_reverse" : ""), where))
                return NULL;
    return m;
}

fx_module *fx_rnn_layer_at(fx_recurrent_layer_args args, fx_where where)
{
    return recurrent_layer("rnn_layer", "rnn", FX_CELL_TANH, args, where);
}
fx_module *fx_lstm_layer_at(fx_recurrent_layer_args args, fx_where where)
{
    return recurrent_layer("lstm_layer", "lstm", FX_CELL_LSTM, args, where);
}
fx_module *fx_gru_layer_at(fx_recurrent_layer_args args, fx_where where)
{
    return recurrent_layer("gru_layer", "gru", FX_CELL_GRU, args, where);
}

/* ---- running --------------------------------------------------------------------------------------------
 */

/* A call: x as (T, B, in), and what says where sequences end. */
typedef struct call {
    const recurrent *r;
    const fx_recurrent_forward_args *a;
    bool training, alone; /* x had no batch */
    int64_t steps, batch;
    fx_tensor *last; /* (B): of each sequence's last row among T x B; NULL: all are T long */
    fx_where where;
} call;

static bool refuse(const recurrent *r, const char *what, const fx_tensor *x, const char *must, fx_where where)
{
    char sizes[160] = "";
    int at = 0;
    for (int d = 0; d < fx_ndim(x); d++)
        at += snprintf(sizes + at, sizeof sizes - (size_t)at, d ? ", %lld" : "%lld", (long long)fx_dim(x, d));
    fx_error_set(fx_context_of(x), FX_ERROR_SHAPE, where, "%s: %s is (%s): it must be %s", r->name, what,
                 sizes, must);
    return false;
}

static bool input_fits(const recurrent *r, const fx_tensor *x, fx_where where)
{
    const int ndim = fx_ndim(x);
    if (ndim != 2 && ndim != 3) return refuse(r, "x", x, "of 2 dimensions, or 3 with a batch", where);
    if (fx_dim(x, -1) != r->options.in)
        return refuse(r, "x", x, fx_name("of last size %lld", (long long)r->options.in), where);
    if (fx_dim(x, ndim == 3 && r->options.batch_first ? 1 : 0) == 0)
        return refuse(r, "x", x, "of one step at least", where);
    return true;
}

/* A given state (layers D, B, size), also where there is no batch. */
static bool state_fits(const call *c, const char *what, fx_tensor **state, int64_t size)
{
    fx_tensor *x = *state;
    const int64_t count = c->r->options.layers * c->r->directions;
    if (!x) return true;
    if (fx_ndim(x) == (c->alone ? 2 : 3) && fx_dim(x, 0) == count && fx_dim(x, -1) == size &&
        (c->alone || fx_dim(x, 1) == c->batch))
        return !c->alone || (*state = fx_unsqueeze_at(x, 1, c->where));
    return refuse(c->r, what, x,
                  c->alone
                      ? fx_name("(%lld, %lld), as x has no batch", (long long)count, (long long)size)
                      : fx_name("(%lld, %lld, %lld)", (long long)count, (long long)c->batch, (long long)size),
                  c->where);
}

/* Reads the lengths, and finds each sequence's last row. */
static bool read_lengths(call *c)
{
    const fx_tensor *lengths = c->a->lengths;
    if (!lengths) return true;
    fx_context *cx = fx_context_of(lengths);
    if (c->alone || fx_ndim(lengths) != 1 || fx_dim(lengths, 0) != c->batch ||
        fx_dtype_is_float(fx_dtype_of(lengths)))
        return refuse(c->r, "lengths", lengths, "integers, one for each sequence of a batch", c->where);
    c->last = fx_empty_at(cx, FX_I64, FX_DIMS(c->batch), c->where);
    if (!c->last) return false;
    int64_t *at = fx_data(c->last);
    if (fx_copy_out_at(lengths, FX_I64, at, c->where) != FX_OK) return false;
    for (int64_t b = 0; b < c->batch; b++) {
        if (at[b] < 1 || at[b] > c->steps) {
            fx_error_set(cx, FX_ERROR_INDEX, c->where, "%s: length %lld of sequence %lld is not in 1 .. %lld",
                         c->r->name, (long long)at[b], (long long)b, (long long)c->steps);
            return false;
        }
        at[b] = (at[b] - 1) * c->batch + b;
    }
    return true;
}

/* x with zeros where it is padded: what stands there may be anything, NaN for one. */
static fx_tensor *without_padding(const call *c, fx_tensor *x)
{
    const fx_where where = c->where;
    if (!x || !c->last) return x;
    fx_tensor *mask = fx_empty_at(fx_context_of(x), FX_BOOL, FX_DIMS(c->steps, c->batch, 1), where);
    if (!mask) return NULL;
    const int64_t *last = fx_data_const(c->last);
    uint8_t *beyond = fx_data(mask);
    for (int64_t i = 0; i < c->steps * c->batch; i++) beyond[i] = i > last[i % c->batch];
    return fx_masked_fill_at(x, mask, fx_operand_number(0), where);
}

static fx_tensor *of_direction(fx_tensor *states, int number, fx_where where)
{
    return states ? fx_select_at(states, 0, number, where) : NULL;
}

/* The state at the end, of all steps' (T, B, n). */
static fx_tensor *at_end(const call *c, fx_tensor *all, bool reverse)
{
    if (!all) return NULL;
    if (reverse || !c->last) return fx_select_at(all, 0, reverse ? 0 : c->steps - 1, c->where);
    fx_tensor *rows = fx_reshape_at(all, FX_DIMS(c->steps * c->batch, fx_dim(all, 2)), c->where);
    return rows ? fx_index_select_at(rows, 0, c->last, c->where) : NULL;
}

/* One direction of a layer: (T, B, R). Its last states go to h_n and c_n, which may be NULL. */
static fx_tensor *run_direction(const call *c, int number, fx_tensor *x, fx_tensor **h_n, fx_tensor **c_n)
{
    const direction *d = &c->r->at[number];
    const bool reverse = number % c->r->directions;
    fx_tensor *cells = NULL, *sums = fx_linear_at(x, d->weight_ih, d->bias_ih, c->where);
    fx_tensor *h = of_direction(c->a->h, number, c->where), *cell = of_direction(c->a->c, number, c->where);
    if (!sums || (c->a->h && !h) || (c->a->c && !cell)) return NULL;
    fx_tensor *y = fx_recur_at((fx_recur_args){ .x = sums,
                                                .weight = d->weight_hh,
                                                .bias = d->bias_hh,
                                                .h = h,
                                                .c = cell,
                                                .project = d->project,
                                                .lengths = c->a->lengths,
                                                .cell = (int)c->r->cell,
                                                .reverse = reverse,
                                                .cells = &cells },
                               c->where);
    if (!y || (h_n && !(h_n[number] = at_end(c, y, reverse))) ||
        (c_n && !(c_n[number] = at_end(c, cells, reverse))))
        return NULL;
    return y;
}

static fx_tensor *run_layers(const call *c, fx_tensor *x, fx_tensor **h_n, fx_tensor **c_n)
{
    const recurrent *r = c->r;
    for (int64_t k = 0; k < r->options.layers && x; k++) {
        fx_tensor *y[2] = { NULL };
        for (int d = 0; d < r->directions; d++)
            if (!(y[d] = run_direction(c, (int)k * r->directions + d, x, h_n, c_n))) return NULL;
        x = r->directions == 1 ? y[0] : fx_cat_at((fx_list){ 2, y }, 2, c->where);
        if (c->training && r->options.dropout > 0 && k + 1 < r->options.layers)
            x = fx_dropout_at((fx_dropout_args){ .x = x, .p = r->options.dropout, .training = true },
                              c->where);
    }
    return x;
}

/* The states of all directions as one tensor (layers D, B, n), or (layers D, n). */
static bool stacked(const call *c, fx_tensor **each, fx_tensor **to)
{
    if (!each) return true;
    fx_tensor *all =
        fx_stack_at((fx_list){ (int)c->r->options.layers * c->r->directions, each }, 0, c->where);
    if (all && c->alone) all = fx_select_at(all, 1, 0, c->where);
    if (all) *to = all;
    return all;
}

/* Whether m is what the function takes; reports otherwise. */
static bool is_recurrent(const fx_module *m, fx_forward_function *forward, const char *function,
                         fx_where where)
{
    if (m->forward == forward) return true;
    fx_error_set(m->cx, FX_ERROR_ARGUMENT, where, "%s: takes a layer of its kind, not a %s", function,
                 m->kind);
    return false;
}

static fx_tensor *forwarded(call *c, fx_recurrent_forward_args *a)
{
    const recurrent *r = c->r;
    const int64_t count = r->options.layers * r->directions;
    fx_tensor *x = a->x;
    if (c->alone)
        x = fx_unsqueeze_at(x, 1, c->where);
    else if (r->options.batch_first)
        x = fx_transpose_at(x, 0, 1, c->where);
    if (!x || !read_lengths(c)) return NULL;
    fx_tensor *few[16], **h_n = NULL, **c_n = NULL, **room = few, *memory = NULL;
    if (2 * count > 16) { /* pointers, in a tensor's memory, which ends with the scope */
        memory = fx_empty_at(fx_context_of(x), FX_U8, FX_DIMS(2 * count * (int64_t)sizeof *room), c->where);
        if (!memory) return NULL;
        room = fx_data(memory);
    }
    if (a->h_n) h_n = room;
    if (a->c_n && r->cell == FX_CELL_LSTM) c_n = room + count;
    fx_tensor *y = run_layers(c, without_padding(c, x), h_n, c_n);
    if (!y || !stacked(c, h_n, a->h_n) || !stacked(c, c_n, a->c_n)) return NULL;
    if (c->alone) return fx_select_at(y, 1, 0, c->where);
    return r->options.batch_first ? fx_transpose_at(y, 0, 1, c->where) : y;
}

fx_tensor *fx_recurrent_forward_at(fx_recurrent_forward_args a, fx_where where)
{
    if (!a.module || !a.x || !is_recurrent(a.module, recurrent_forward, "recurrent_forward", where))
        return NULL;
    const recurrent *r = a.module->data;
    if (!input_fits(r, a.x, where)) return NULL;
    call c = { .r = r, .a = &a, .training = a.module->training, .alone = fx_ndim(a.x) == 2, .where = where };
    c.steps = fx_dim(a.x, !c.alone && r->options.batch_first ? 1 : 0);
    c.batch = c.alone ? 1 : fx_dim(a.x, r->options.batch_first ? 0 : 1);
    if ((a.c || a.c_n) && r->cell != FX_CELL_LSTM) {
        fx_error_set(a.module->cx, FX_ERROR_ARGUMENT, where, "recurrent_forward: a %s has no c",
                     a.module->kind);
        return NULL;
    }
    if (!state_fits(&c, "h", &a.h, state_size(r)) || !state_fits(&c, "c", &a.c, r->options.hidden))
        return NULL;
    fx_tensor *y = NULL;
    FX_SCOPE (a.module->cx) {
        y = fx_keep(forwarded(&c, &a));
        if (y && a.h_n) *a.h_n = fx_keep(*a.h_n);
        if (y && a.c_n) *a.c_n = fx_keep(*a.c_n);
    }
    return y;
}

/* ---- cells ----------------------------------------------------------------------------------------------
 */

static fx_tensor *cell_forward(fx_module *m, void *data, fx_tensor *x)
{
    (void)data;
    return fx_cell_forward_at((fx_cell_forward_args){ .module = m, .x = x }, m->where);
}

static fx_module *cell_layer(const char *name, fx_cell cell, fx_recurrent_cell_args a, fx_where where)
{
    fx_recurrent_layer_args o = { .cx = a.cx,
                                  .in = a.in,
                                  .hidden = a.hidden,
                                  .layers = 1,
                                  .bias = a.bias,
                                  .nonlinearity = a.nonlinearity,
                                  .dtype = a.dtype };
    if (!options_fit(name, &cell, &o, where)) return NULL;
    fx_module *m = fx__layer_new(a.cx, name, cell_forward, sizeof(recurrent) + sizeof(direction));
    if (!m) return NULL;
    recurrent *r = m->data;
    r->name = name;
    r->cell = cell;
    r->options = o;
    r->directions = 1;
    return make_direction(m, 0, a.in, "", where) ? m : NULL;
}

fx_module *fx_rnn_cell_at(fx_recurrent_cell_args args, fx_where where)
{
    return cell_layer("rnn_cell", FX_CELL_TANH, args, where);
}
fx_module *fx_lstm_cell_at(fx_recurrent_cell_args args, fx_where where)
{
    return cell_layer("lstm_cell", FX_CELL_LSTM, args, where);
}
fx_module *fx_gru_cell_at(fx_recurrent_cell_args args, fx_where where)
{
    return cell_layer("gru_cell", FX_CELL_GRU, args, where);
}

/* x or a state as (B, n); false after an error. */
static bool cell_input(const recurrent *r, const char *what, fx_tensor **x, bool alone, int64_t batch,
                       int64_t size, fx_where where)
{
    if (!*x) return true;
    if (fx_ndim(*x) == (alone ? 1 : 2) && fx_dim(*x, -1) == size && (alone || fx_dim(*x, 0) == batch))
        return !alone || (*x = fx_unsqueeze_at(*x, 0, where));
    return refuse(r, what, *x,
                  alone ? fx_name("(%lld)", (long long)size)
                        : fx_name("(%lld, %lld)", (long long)batch, (long long)size),
                  where);
}

fx_tensor *fx_cell_forward_at(fx_cell_forward_args a, fx_where where)
{
    if (!a.module || !a.x || !is_recurrent(a.module, cell_forward, "cell_forward", where)) return NULL;
    const recurrent *r = a.module->data;
    const direction *d = &r->at[0];
    const bool alone = fx_ndim(a.x) == 1, lstm = r->cell == FX_CELL_LSTM;
    const int64_t batch = alone || fx_ndim(a.x) == 0 ? 1 : fx_dim(a.x, 0);
    if ((a.c || a.c_next) && !lstm) {
        fx_error_set(a.module->cx, FX_ERROR_ARGUMENT, where, "cell_forward: a %s has no c", a.module->kind);
        return NULL;
    }
    if (!cell_input(r, "x", &a.x, alone, batch, r->options.in, where) ||
        !cell_input(r, "h", &a.h, alone, batch, r->options.hidden, where) ||
        !cell_input(r, "c", &a.c, alone, batch, r->options.hidden, where))
        return NULL;
    fx_tensor *cells = NULL, *sums = fx_linear_at(a.x, d->weight_ih, d->bias_ih, where);
    sums = sums ? fx_unsqueeze_at(sums, 0, where) : NULL;
    fx_tensor *h = fx_recur_at((fx_recur_args){ .x = sums,
                                                .weight = d->weight_hh,
                                                .bias = d->bias_hh,
                                                .h = a.h,
                                                .c = a.c,
                                                .cell = (int)r->cell,
                                                .cells = &cells },
                               where);
    h = h ? fx_select_at(h, 0, 0, where) : NULL;
    fx_tensor *c = h && a.c_next ? fx_select_at(cells, 0, 0, where) : NULL;
    if (h && alone) h = fx_select_at(h, 0, 0, where);
    if (c && alone) c = fx_select_at(c, 0, 0, where);
    if (!h || (a.c_next && !c)) return NULL;
    if (a.c_next) *a.c_next = c;
    return h;
}
