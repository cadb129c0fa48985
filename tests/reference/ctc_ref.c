/* The loss of connectionist temporal classification, by counting up all alignments.
 */
#include "reference.h"

#include <math.h>

/* The classes that a path, a number in base `classes`, reads: what is left when repetitions and blanks are
 * dropped. True if that is the target. */
static bool reads(int64_t path, int64_t times, int64_t classes, int64_t blank, const int64_t *target,
                  int64_t count)
{
    int64_t before = -1, found = 0;
    for (int64_t t = 0; t < times; t++, path /= classes) {
        const int64_t k = path % classes;
        if (k != before && k != blank) {
            if (found == count || target[found] != k) return false;
            found++;
        }
        before = k;
    }
    return found == count;
}

REFERENCE(ctc_loss)
{
    const fx_ref_tensor *x = TENSOR("log_probs"), *targets = TENSOR("targets"),
                        *input = TENSOR("input_lengths"), *lengths = TENSOR("target_lengths");
    const int64_t batch = x->ndim == 3 ? x->size[1] : 1, classes = x->size[x->ndim - 1];
    const bool single = x->ndim == 2;
    fx_ref_tensor *loss = WORK(1, &batch);
    int64_t concatenated = 0;
    RANGE (n, batch) {
        const int64_t count = INT_AT(lengths, n), times = INT_AT(input, n);
        int64_t target[16], paths = 1;
        RANGE (k, count)
            target[k] = INT_AT(targets, targets->ndim == 2 ? n * targets->size[1] + k : concatenated++);
        RANGE (t, times) paths *= classes;
        quad sum = 0;
        bool any = false;
        RANGE (path, paths) {
            if (!reads(path, times, classes, INT("blank"), target, count)) continue;
            quad product = 0;
            int64_t rest = path;
            for (int64_t t = 0; t < times; t++, rest /= classes)
                product += AT(x, (t * batch + n) * classes + rest % classes);
            sum += expq(product);
            any = true;
        }
        AT(loss, n) = any ? -logq(sum) : BOOL("zero_infinity") ? 0 : HUGE_VALQ;
    }
    if (CHOICE_IS("reduction", "none") && !single) {
        fx_ref_tensor *y = OUT_LIKE(0, loss);
        EACH (y, n) AT(y, n) = AT(loss, n);
        return;
    }
    fx_ref_tensor *y = OUT_SCALAR(0);
    const bool mean = CHOICE_IS("reduction", "mean");
    RANGE (n, batch)
        AT(y, 0) +=
            AT(loss, n) / (mean ? (quad)batch * (INT_AT(lengths, n) > 1 ? INT_AT(lengths, n) : 1) : 1);
}

REFERENCES(ctc, ROW(ctc_loss))
