/* Connectionist temporal classification (Graves et al., ICML 2006): -ln of the probability that a sequence of
 * distributions gives to a target, summed over all its alignments.
 *
 * alpha_t(s) is ln of the probability of all that may have been read by time t and ends in the s-th of the
 * labels with blanks between them; each step is logsumexp of what may come before, all in ops, so that
 * gradients of any order follow. Computed in double. Where nothing aligns, the loss is infinite, and so are
 * no gradients: they are 0.
 */
#include "indexing.h"
#include "loss.h"
#include "terms.h"

#include <math.h>

/* What the call is about, checked: times, batch, labels, and the batch's lengths and targets. */
typedef struct ctc {
    int64_t times, batch, classes, longest;
    const int64_t *input, *length, *target; /* (batch), (batch), (batch, longest) */
    int64_t blank;
    fx_tensor *labels; /* (batch, 2 longest + 1), blanks between the targets and behind them */
} ctc;

static bool refuse(const fx_tensor *x, fx_where where, const char *what)
{
    return FX__REFUSE(x, ERROR_ARGUMENT, where, "ctc_loss: %s", what);
}

/* An integer tensor as int64, row-major. */
static const int64_t *integers(fx_tensor *x, fx_where where)
{
    if (x->dtype != FX_I64) x = fx__space.cast(x, FX_I64, where);
    x = x ? fx__contiguous_of(x) : NULL;
    return x ? (const int64_t *)(const void *)x->data : NULL;
}

static bool check_integers(const fx_tensor *x, fx_where where)
{
    if (!fx_dtype_is_float((fx_dtype)x->dtype) && x->dtype != FX_BOOL) return true;
    return FX__REFUSE(x, ERROR_DTYPE, where, "ctc_loss: targets and lengths are integers, not %s",
                      fx_dtype_name((fx_dtype)x->dtype));
}

static bool check_lengths(const fx_tensor *x, const fx_ctc_loss_args *a, ctc *l, fx_where where)
{
    if (a->input_lengths->numel != l->batch || a->target_lengths->numel != l->batch)
        return refuse(x, where, "input_lengths and target_lengths have one number for each of the batch");
    l->input = integers(a->input_lengths, where);
    l->length = integers(a->target_lengths, where);
    if (!l->input || !l->length) return false;
    for (int64_t n = 0; n < l->batch; n++) {
        if (l->input[n] < 0 || l->input[n] > l->times)
            return refuse(x, where, "an input length is not between 0 and the number of times");
        if (l->length[n] < 0) return refuse(x, where, "a target length is negative");
        if (l->length[n] > l->longest) l->longest = l->length[n];
    }
    return true;
}

/* The labels of each of the batch: targets stand in rows, or one after the other. */
static bool set_labels(fx_tensor *x, const fx_ctc_loss_args *a, ctc *l, fx_where where)
{
    const fx_tensor *targets = a->targets;
    const int64_t size[2] = { l->batch, 2 * l->longest + 1 }, *from = integers(a->targets, where);
    const bool padded = targets->ndim == 2;
    int64_t total = 0;
    for (int64_t n = 0; n < l->batch; n++) total += l->length[n];
    if (targets->ndim > 2 || (padded && (targets->size[0] != l->batch || targets->size[1] < l->longest)) ||
        (!padded && x->ndim == 3 && targets->numel != total) || (!padded && targets->numel < total))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "ctc_loss: targets of %s do not fit a batch of %lld with %lld labels",
                          fx__shape_text(targets), (long long)l->batch, (long long)total);
    if (!from || !(l->labels = fx__new(x->cx, FX_I64, 2, size, where))) return false;
    int64_t *to = (int64_t *)(void *)l->labels->data, at = 0;
    for (int64_t n = 0; n < l->batch; n++, to += size[1]) {
        if (padded) at = n * targets->size[1];
        for (int64_t s = 0; s < size[1]; s++) to[s] = l->blank;
        for (int64_t k = 0; k < l->length[n]; k++) {
            const int64_t label = to[2 * k + 1] = from[at++];
            if (label < 0 || label >= l->classes)
                return FX__REFUSE(x, ERROR_INDEX, where, "ctc_loss: target %lld is none of %lld classes",
                                  (long long)label, (long long)l->classes);
        }
    }
    return true;
}

/* A constant (batch, columns) of double: 0 where `holds` says so, else -infinity. */
static fx_tensor *mask(const fx_tensor *x, const ctc *l, int64_t columns,
                       bool (*holds)(const ctc *l, int64_t n, int64_t s), fx_where where)
{
    const int64_t size[2] = { l->batch, columns };
    fx_tensor *m = fx__new(x->cx, FX_F64, 2, size, where);
    for (int64_t i = 0; m && i < m->numel; i++)
        ((double *)(void *)m->data)[i] = holds(l, i / columns, i % columns) ? 0 : -INFINITY;
    return m;
}

/* The first label, or the blank before it, is where reading may begin; without a time, only in nothing. */
static bool begins(const ctc *l, int64_t n, int64_t s) { return s == 0 || (s == 1 && l->length[n] > 0); }
static bool is_nothing(const ctc *l, int64_t n, int64_t s)
{
    (void)l, (void)n;
    return s == 0;
}
static bool never(const ctc *l, int64_t n, int64_t s)
{
    (void)l, (void)n, (void)s;
    return false;
}
/* A label may follow the one before it without a blank, unless they are the same. */
static bool skips(const ctc *l, int64_t n, int64_t s)
{
    const int64_t *label = (const int64_t *)(const void *)l->labels->data + n * (2 * l->longest + 1);
    return s >= 2 && label[s] != l->blank && label[s] != label[s - 2];
}
static bool has_label(const ctc *l, int64_t n, int64_t s)
{
    (void)s;
    return l->length[n] > 0;
}

/* Which of the batch have a time t, as (batch, 1); NULL and no error: all have. */
static fx_tensor *present(const fx_tensor *x, const ctc *l, int64_t t, bool *good, fx_where where)
{
    const int64_t size[2] = { l->batch, 1 };
    bool all = true;
    for (int64_t n = 0; n < l->batch; n++) all &= t < l->input[n];
    if (all) return NULL;
    fx_tensor *m = fx__new(x->cx, FX_BOOL, 2, size, where);
    *good = m != NULL;
    for (int64_t n = 0; m && n < l->batch; n++) m->data[n] = t < l->input[n];
    return m;
}

/* ln (e^a + e^b + e^c), number by number. */
static fx_tensor *log_sum(fx_list terms, fx_where where)
{
    fx_tensor *stacked = fx__join(terms, 0, true, where);
    return stacked ? fx_logsumexp_at((fx_logsumexp_args){ .x = stacked, .dims = FX_DIMS(0) }, where) : NULL;
}

/* alpha after all times. emitted: (times, batch, labels). */
static fx_tensor *last_alpha(fx_tensor *emitted, const ctc *l, fx_where where)
{
    const int64_t labels = 2 * l->longest + 1;
    fx_tensor *alpha = mask(emitted, l, labels, is_nothing, where), *edge = mask(emitted, l, 2, never, where);
    fx_tensor *first = mask(emitted, l, labels, begins, where),
              *skip = mask(emitted, l, labels, skips, where);
    for (int64_t t = 0; alpha && t < l->times; t++) {
        fx_tensor *before = first;
        if (t > 0) {
            fx_tensor *wide = fx__join((fx_list){ 2, (fx_tensor *[]){ edge, alpha } }, 1, false, where);
            if (!wide) return NULL;
            fx_tensor *previous = fx__slice(wide, 1, 1, labels, 1, where);
            fx_tensor *skipped = ADD(fx__slice(wide, 1, 0, labels, 1, where), skip);
            before = log_sum((fx_list){ 3, (fx_tensor *[]){ alpha, previous, skipped } }, where);
        }
        fx_tensor *next = ADD(before, fx__select(emitted, 0, t, where));
        bool good = true;
        fx_tensor *goes_on = present(emitted, l, t, &good, where);
        if (!good || !next) return NULL;
        alpha = goes_on ? SELECT(goes_on, next, alpha) : next;
    }
    return alpha;
}

/* -ln of what ends in the last label or the blank behind it: (batch). */
static fx_tensor *losses(fx_tensor *alpha, const ctc *l, fx_where where)
{
    const int64_t size[2] = { l->batch, 2 };
    fx_tensor *ends = fx__new(alpha->cx, FX_I64, 2, size, where);
    fx_tensor *label = mask(alpha, l, 1, has_label, where), *blank = mask(alpha, l, 1, is_nothing, where);
    if (!ends || !label || !blank) return NULL;
    for (int64_t n = 0; n < l->batch; n++) {
        int64_t *end = (int64_t *)(void *)ends->data + 2 * n;
        end[1] = 2 * l->length[n];
        end[0] = end[1] ? end[1] - 1 : 0;
    }
    fx_tensor *counts = fx__join((fx_list){ 2, (fx_tensor *[]){ label, blank } }, 1, false, where);
    fx_tensor *found = ADD(fx__gather(alpha, ends, 1, where), counts);
    return FN(neg, fx_logsumexp_at((fx_logsumexp_args){ .x = found, .dims = FX_DIMS(1) }, where));
}

static fx_tensor *mean_of(fx_tensor *loss, const ctc *l, fx_where where)
{
    const int64_t size[1] = { l->batch };
    fx_tensor *lengths = fx__new(loss->cx, FX_F64, 1, size, where);
    if (!lengths) return NULL;
    for (int64_t n = 0; n < l->batch; n++)
        ((double *)(void *)lengths->data)[n] = l->length[n] > 1 ? (double)l->length[n] : 1;
    return fx_mean_at((fx_mean_args){ .x = DIV(loss, lengths) }, where);
}

fx_tensor *fx_ctc_loss_at(fx_ctc_loss_args a, fx_where where)
{
    fx_tensor *x = a.log_probs;
    if (!x || !a.targets || !a.input_lengths || !a.target_lengths || !fx__is_floating(x, "ctc_loss", where) ||
        !fx__check_reduction(x, a.reduction, false, "ctc_loss", where) || !check_integers(a.targets, where) ||
        !check_integers(a.input_lengths, where) || !check_integers(a.target_lengths, where))
        return NULL;
    if (x->ndim < 2 || x->ndim > 3)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "ctc_loss: log_probs are (times, batch, classes) or (times, classes), not %s",
                          fx__shape_text(x));
    ctc l = { .times = x->size[0],
              .batch = x->ndim == 3 ? x->size[1] : 1,
              .classes = x->size[x->ndim - 1],
              .blank = a.blank };
    if (l.blank < 0 || l.blank >= l.classes)
        return refuse(x, where, "the blank is none of the classes"), NULL;
    if (!check_lengths(x, &a, &l, where) || !set_labels(x, &a, &l, where)) return NULL;
    fx_tensor *wide = x->dtype == FX_F64 ? x : fx__space.cast(x, FX_F64, where);
    if (x->ndim == 2) wide = wide ? fx__unsqueeze(wide, 1, where) : NULL;
    const int64_t size[3] = { l.times, l.batch, 2 * l.longest + 1 };
    fx_tensor *index = fx__expand(l.labels, 3, size, where);
    fx_tensor *emitted = wide && index ? fx__gather(wide, index, 2, where) : NULL;
    fx_tensor *alpha = emitted ? last_alpha(emitted, &l, where) : NULL;
    fx_tensor *loss = alpha ? losses(alpha, &l, where) : NULL;
    if (loss && a.zero_infinity) loss = SELECT(COMPARE(eq, loss, (double)INFINITY), 0, loss);
    if (loss && a.reduction == FX_REDUCTION_MEAN)
        loss = mean_of(loss, &l, where);
    else if (loss && (a.reduction != FX_REDUCTION_NONE || x->ndim == 2))
        loss = fx_sum_at((fx_sum_args){ .x = loss }, where);
    return loss && x->dtype == FX_F32 ? fx__space.cast(loss, FX_F32, where) : loss;
}

FX__CALL(ctc_loss, fx_ctc_loss_args)
static const fx_field ctc_loss_fields[] = {
    FX__FIELD(fx_ctc_loss_args, log_probs, TENSOR),
    FX__FIELD(fx_ctc_loss_args, targets, TENSOR),
    FX__FIELD(fx_ctc_loss_args, input_lengths, TENSOR),
    FX__FIELD(fx_ctc_loss_args, target_lengths, TENSOR),
    FX__FIELD(fx_ctc_loss_args, blank, INT, .optional = true),
    FX__FIELD(fx_ctc_loss_args, reduction, CHOICE, .optional = true, .choices = "none|mean|sum"),
    FX__FIELD(fx_ctc_loss_args, zero_infinity, BOOL, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_ctc_loss = {
    .name = "ctc_loss",
    .torch = "nn.functional.ctc_loss",
    .formula = "-ln of the sum, over all alignments of the target, of the product of their probabilities",
    .gradient = "-g times the share of the alignments that read class k at time t, of all",
    .notes = "PyTorch's gradient has exp(log_probs) added, which log_softmax takes away again; where nothing "
             "aligns the "
             "loss is infinite (0 with zero_infinity) and the gradient 0; mean: over the target lengths, "
             "then the batch",
    .fields = ctc_loss_fields,
    .args_size = sizeof(fx_ctc_loss_args),
    .defaults = &(const fx_ctc_loss_args){ .reduction = FX_REDUCTION_MEAN },
    .call = ctc_loss_call,
    .samples =
        "log_probs=(4,2,3) targets=(2,2)i64{1,2,2,2} input_lengths=(2)i64{4,4} target_lengths=(2)i64{2,2}\n"
        "log_probs=(4,2,3) targets=(3)i64{1,2,1} input_lengths=(2)i64{4,3} target_lengths=(2)i64{2,1} "
        "reduction=none\n"
        "log_probs=(5,4) targets=(3)i64{0,0,1} input_lengths=()i64{5} target_lengths=()i64{3} blank=2 "
        "reduction=sum\n"
        "log_probs=(3,2,3) targets=(2,2)i32{1,1,1,2} input_lengths=(2)i64{2,3} target_lengths=(2)i64{2,0} "
        "reduction=none\n"
        "log_probs=(3,2,3) targets=(2,2)i64{1,1,2,2} input_lengths=(2)i64{2,3} target_lengths=(2)i64{2,1} "
        "zero_infinity=true\n"
        "log_probs=(2,2,3) targets=(1)i64{1} input_lengths=(2)i64{0,2} target_lengths=(2)i64{0,1} "
        "reduction=none\n"
        "log_probs=(2,2,3) targets=(2,1)i64{1,2} input_lengths=(2)i64{1,2} target_lengths=(2)i64{1,1}\n"
        "log_probs=(0,2,3) targets=(0)i64 input_lengths=(2)i64{0,0} target_lengths=(2)i64{0,0} "
        "reduction=sum\n"
        "!log_probs=() targets=(1)i64{1} input_lengths=(1)i64{1} target_lengths=(1)i64{1}\n"
        "!log_probs=(4,1,3) targets=(1)i64{3} input_lengths=(1)i64{4} target_lengths=(1)i64{1}\n"
        "!log_probs=(4,1,3) targets=(1)i64{1} input_lengths=(1)i64{5} target_lengths=(1)i64{1}\n"
        "!log_probs=(4,1,3) targets=(1)i64{1} input_lengths=(2)i64{4,4} target_lengths=(1)i64{1}\n"
        "!log_probs=(4,1,3) targets=(1)i64{1} input_lengths=(1)i64{4} target_lengths=(1)i64{2}\n"
        "!log_probs=(4,1,3) targets=(1)i64{1} input_lengths=(1)i64{4} target_lengths=(1)i64{-1}\n"
        "!log_probs=(4,1,3) targets=(1)i64{1} input_lengths=(1)i64{4} target_lengths=(1)i64{1} blank=3\n"
        "!log_probs=(4,1,3) targets=~(1) input_lengths=(1)i64{4} target_lengths=(1)i64{1}\n",
    .bench = "log_probs=(100,32,300) targets=(32,30)i64@int:299 input_lengths=(32)i64@const:100 "
             "target_lengths=(32)i64@const:30 blank=299",
};
