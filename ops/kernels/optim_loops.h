/* The loops of optim_tmpl.c, which includes this once per type: REAL is the type, NAME(x) the name, ROOT its
 * square root.
 *
 * A rule is written once, as an inline loop whose switches are parameters; the function around it picks the
 * combination, so that the compiler sees constants and the loop has no branches. The order of operations is
 * PyTorch's (SGD, Adam: torch/optim/sgd.py, adam.py of version 1.13).
 */

#define INLINE static inline __attribute__((always_inline))

/* The gradient as all rules use it: with its sign, and with the decay of the weight in it. */
INLINE REAL NAME(slope)(REAL g, REAL p, REAL sign, REAL decay, bool decays)
{
    g = sign * g;
    return decays ? g + decay * p : g;
}

enum NAME(memory) { NAME(NONE), NAME(FIRST), NAME(LATER) };

INLINE void NAME(sgd_loop)(int64_t n, REAL *restrict p, const REAL *restrict g, REAL *restrict buffer,
                           const fx_update *u, bool decays, enum NAME(memory) memory, bool nesterov)
{
    const REAL sign = (REAL)u->sign, decay = (REAL)u->weight_decay, rate = (REAL)u->rate;
    const REAL momentum = (REAL)u->momentum, gain = (REAL)u->gain1;
    for (int64_t i = 0; i < n; i++) {
        REAL d = NAME(slope)(g[i], p[i], sign, decay, decays);
        if (memory != NAME(NONE)) {
            REAL b = memory == NAME(FIRST) ? d : momentum * buffer[i] + gain * d;
            buffer[i] = b;
            d = nesterov ? d + momentum * b : b;
        }
        p[i] = p[i] - rate * d;
    }
}

static void NAME(sgd)(int64_t n, void *p, const void *g, void *const *state, const fx_update *u)
{
    bool decays = u->weight_decay != 0;
#define LOOP(decays, memory, nesterov) NAME(sgd_loop)(n, p, g, state[0], u, decays, NAME(memory), nesterov)
    if (!state[0])
        decays ? LOOP(true, NONE, false) : LOOP(false, NONE, false);
    else if (u->first && u->nesterov)
        decays ? LOOP(true, FIRST, true) : LOOP(false, FIRST, true);
    else if (u->first)
        decays ? LOOP(true, FIRST, false) : LOOP(false, FIRST, false);
    else if (u->nesterov)
        decays ? LOOP(true, LATER, true) : LOOP(false, LATER, true);
    else
        decays ? LOOP(true, LATER, false) : LOOP(false, LATER, false);
#undef LOOP
}

INLINE void NAME(adam_loop)(int64_t n, REAL *restrict p, const REAL *restrict g, REAL *restrict m,
                            REAL *restrict v, REAL *restrict largest, const fx_update *u, bool decays,
                            bool shrinks, bool amsgrad)
{
    const REAL sign = (REAL)u->sign, decay = (REAL)u->weight_decay, rate = (REAL)u->rate;
    const REAL beta1 = (REAL)u->beta1, gain1 = (REAL)u->gain1, beta2 = (REAL)u->beta2, gain2 = (REAL)u->gain2;
    const REAL correction = (REAL)u->correction, eps = (REAL)u->eps, shrink = (REAL)u->shrink;
    for (int64_t i = 0; i < n; i++) {
        REAL d = NAME(slope)(g[i], p[i], sign, decay, decays);
        REAL pi = shrinks ? shrink * p[i] : p[i];
        REAL mi = beta1 * m[i] + gain1 * d;
        REAL vi = beta2 * v[i] + gain2 * (d * d);
        m[i] = mi;
        v[i] = vi;
        if (amsgrad) { /* a NaN stays, as in torch.maximum */
            vi = largest[i] >= vi || largest[i] != largest[i] ? largest[i] : vi;
            largest[i] = vi;
        }
        p[i] = pi - rate * mi / (ROOT(vi) * correction + eps);
    }
}

static void NAME(adam)(int64_t n, void *p, const void *g, void *const *state, const fx_update *u)
{
#define LOOP(decays, shrinks, amsgrad)                                                                       \
    NAME(adam_loop)(n, p, g, state[0], state[1], state[2], u, decays, shrinks, amsgrad)
    bool decays = u->weight_decay != 0, shrinks = u->shrink != 1;
    if (u->flag)
        decays ? LOOP(true, false, true) : shrinks ? LOOP(false, true, true) : LOOP(false, false, true);
    else
        decays ? LOOP(true, false, false) : shrinks ? LOOP(false, true, false) : LOOP(false, false, false);
#undef LOOP
}

INLINE void NAME(rmsprop_loop)(int64_t n, REAL *restrict p, const REAL *restrict g, REAL *restrict s,
                               REAL *restrict buffer, REAL *restrict mean, const fx_update *u, bool decays,
                               bool buffered, bool centered)
{
    const REAL sign = (REAL)u->sign, decay = (REAL)u->weight_decay, rate = (REAL)u->rate, eps = (REAL)u->eps;
    const REAL alpha = (REAL)u->beta2, gain = (REAL)u->gain2, momentum = (REAL)u->momentum;
    for (int64_t i = 0; i < n; i++) {
        REAL d = NAME(slope)(g[i], p[i], sign, decay, decays);
        REAL si = alpha * s[i] + gain * (d * d);
        s[i] = si;
        if (centered) {
            REAL mi = alpha * mean[i] + gain * d;
            mean[i] = mi;
            si = si - mi * mi;
        }
        REAL root = ROOT(si) + eps;
        if (buffered) {
            REAL b = momentum * buffer[i] + d / root;
            buffer[i] = b;
            p[i] = p[i] - rate * b;
        } else {
            p[i] = p[i] - rate * d / root;
        }
    }
}

static void NAME(rmsprop)(int64_t n, void *p, const void *g, void *const *state, const fx_update *u)
{
#define LOOP(buffered, centered)                                                                             \
    NAME(rmsprop_loop)(n, p, g, state[0], state[1], state[2], u, u->weight_decay != 0, buffered, centered)
    if (state[1])
        u->flag ? LOOP(true, true) : LOOP(true, false);
    else
        u->flag ? LOOP(false, true) : LOOP(false, false);
#undef LOOP
}

static void NAME(adagrad)(int64_t n, void *pv, const void *gv, void *const *state, const fx_update *u)
{
    REAL *restrict p = pv, *restrict s = state[0];
    const REAL *restrict g = gv;
    const REAL sign = (REAL)u->sign, decay = (REAL)u->weight_decay, rate = (REAL)u->rate, eps = (REAL)u->eps;
    const bool decays = u->weight_decay != 0;
    for (int64_t i = 0; i < n; i++) {
        REAL d = NAME(slope)(g[i], p[i], sign, decay, decays);
        s[i] = s[i] + d * d;
        p[i] = p[i] - rate * d / (ROOT(s[i]) + eps);
    }
}

static void NAME(adadelta)(int64_t n, void *pv, const void *gv, void *const *state, const fx_update *u)
{
    REAL *restrict p = pv, *restrict s = state[0], *restrict moved = state[1];
    const REAL *restrict g = gv;
    const REAL sign = (REAL)u->sign, decay = (REAL)u->weight_decay, rate = (REAL)u->rate, eps = (REAL)u->eps;
    const REAL rho = (REAL)u->beta2, gain = (REAL)u->gain2;
    const bool decays = u->weight_decay != 0;
    for (int64_t i = 0; i < n; i++) {
        REAL d = NAME(slope)(g[i], p[i], sign, decay, decays);
        s[i] = rho * s[i] + gain * (d * d);
        REAL delta = ROOT(moved[i] + eps) / ROOT(s[i] + eps) * d;
        moved[i] = rho * moved[i] + gain * (delta * delta);
        p[i] = p[i] - rate * delta;
    }
}

static void NAME(adamax)(int64_t n, void *pv, const void *gv, void *const *state, const fx_update *u)
{
    REAL *restrict p = pv, *restrict m = state[0], *restrict largest = state[1];
    const REAL *restrict g = gv;
    const REAL sign = (REAL)u->sign, decay = (REAL)u->weight_decay, rate = (REAL)u->rate, eps = (REAL)u->eps;
    const REAL beta1 = (REAL)u->beta1, gain1 = (REAL)u->gain1, beta2 = (REAL)u->beta2;
    const bool decays = u->weight_decay != 0;
    for (int64_t i = 0; i < n; i++) {
        REAL d = NAME(slope)(g[i], p[i], sign, decay, decays);
        REAL now = (d < 0 ? -d : d) + eps, before = beta2 * largest[i];
        m[i] = beta1 * m[i] + gain1 * d;
        largest[i] = before >= now || before != before ? before : now;
        p[i] = p[i] - rate * m[i] / largest[i];
    }
}

static void NAME(nadam)(int64_t n, void *pv, const void *gv, void *const *state, const fx_update *u)
{
    REAL *restrict p = pv, *restrict m = state[0], *restrict v = state[1];
    const REAL *restrict g = gv;
    const REAL sign = (REAL)u->sign, decay = (REAL)u->weight_decay, eps = (REAL)u->eps;
    const REAL beta1 = (REAL)u->beta1, gain1 = (REAL)u->gain1, beta2 = (REAL)u->beta2, gain2 = (REAL)u->gain2;
    const REAL correction = (REAL)u->correction, rate_g = (REAL)u->rate, rate_m = (REAL)u->rate2;
    const bool decays = u->weight_decay != 0;
    for (int64_t i = 0; i < n; i++) {
        REAL d = NAME(slope)(g[i], p[i], sign, decay, decays);
        m[i] = beta1 * m[i] + gain1 * d;
        v[i] = beta2 * v[i] + gain2 * (d * d);
        REAL root = ROOT(v[i] * correction) + eps;
        p[i] = p[i] - rate_g * d / root - rate_m * m[i] / root;
    }
}

static void NAME(radam)(int64_t n, void *pv, const void *gv, void *const *state, const fx_update *u)
{
    REAL *restrict p = pv, *restrict m = state[0], *restrict v = state[1];
    const REAL *restrict g = gv;
    const REAL sign = (REAL)u->sign, decay = (REAL)u->weight_decay, rate = (REAL)u->rate, eps = (REAL)u->eps;
    const REAL beta1 = (REAL)u->beta1, gain1 = (REAL)u->gain1, beta2 = (REAL)u->beta2, gain2 = (REAL)u->gain2;
    const bool decays = u->weight_decay != 0, rectified = u->flag;
    for (int64_t i = 0; i < n; i++) {
        REAL d = NAME(slope)(g[i], p[i], sign, decay, decays);
        m[i] = beta1 * m[i] + gain1 * d;
        v[i] = beta2 * v[i] + gain2 * (d * d);
        p[i] = p[i] - (rectified ? rate * m[i] / (ROOT(v[i]) + eps) : rate * m[i]);
    }
}

static void NAME(asgd)(int64_t n, void *pv, const void *gv, void *const *state, const fx_update *u)
{
    REAL *restrict p = pv, *restrict average = state[0];
    const REAL *restrict g = gv;
    const REAL sign = (REAL)u->sign, decay = (REAL)u->weight_decay, rate = (REAL)u->rate;
    const REAL shrink = (REAL)u->shrink, mu = (REAL)u->rate2;
    const bool decays = u->weight_decay != 0, copies = u->rate2 == 1;
    for (int64_t i = 0; i < n; i++) {
        REAL d = NAME(slope)(g[i], p[i], sign, decay, decays);
        p[i] = shrink * p[i] - rate * d;
        average[i] = copies ? p[i] : average[i] + (p[i] - average[i]) * mu;
    }
}

static void NAME(rprop)(int64_t n, void *pv, const void *gv, void *const *state, const fx_update *u)
{
    REAL *restrict p = pv, *restrict before = state[0], *restrict size = state[1];
    const REAL *restrict g = gv;
    const REAL sign = (REAL)u->sign, minus = (REAL)u->beta1, plus = (REAL)u->beta2;
    const REAL low = (REAL)u->low, high = (REAL)u->high;
    for (int64_t i = 0; i < n; i++) {
        REAL d = sign * g[i], agrees = d * before[i];
        REAL s = size[i] * (agrees > 0 ? plus : agrees < 0 ? minus : 1);
        s = s < low ? low : s > high ? high : s;
        d = agrees < 0 ? 0 : d;
        size[i] = s;
        p[i] = p[i] - (d > 0 ? s : d < 0 ? -s : d * s);
        before[i] = d;
    }
}

/* ---- clipping: LANES sums side by side, added up in order ---------------------------------------------- */

enum { NAME(LANES) = 16 };

INLINE double NAME(sum_loop)(int64_t n, const REAL *x, bool squares)
{
    double sum[NAME(LANES)] = { 0 }, total = 0;
    int64_t whole = n - n % NAME(LANES);
    for (int64_t i = 0; i < whole; i += NAME(LANES))
        for (int k = 0; k < NAME(LANES); k++) {
            double a = (double)x[i + k];
            sum[k] += squares ? a * a : fabs(a);
        }
    for (int64_t i = whole; i < n; i++) {
        double a = (double)x[i];
        sum[i - whole] += squares ? a * a : fabs(a);
    }
    for (int k = 0; k < NAME(LANES); k++) total += sum[k];
    return total;
}

static double NAME(sum_squares)(int64_t n, const REAL *x) { return NAME(sum_loop)(n, x, true); }
static double NAME(sum_abs)(int64_t n, const REAL *x) { return NAME(sum_loop)(n, x, false); }

static double NAME(sum_powers)(int64_t n, const REAL *x, double p)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += pow(fabs((double)x[i]), p);
    return sum;
}

static double NAME(max_abs)(int64_t n, const REAL *x)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        double a = fabs((double)x[i]);
        largest = a > largest || a != a ? a : largest; /* a > NaN is false: a NaN stays */
    }
    return largest;
}

static void NAME(scale)(int64_t n, REAL *x, double factor)
{
    const REAL f = (REAL)factor;
    for (int64_t i = 0; i < n; i++) x[i] *= f;
}

static void NAME(clamp)(int64_t n, REAL *x, double low, double high)
{
    const REAL l = (REAL)low, h = (REAL)high;
    for (int64_t i = 0; i < n; i++) x[i] = x[i] < l ? l : x[i] > h ? h : x[i];
}

#undef INLINE
