/* The derivatives of a determinant, for matrices of any rank.
 *
 * det is a polynomial, linear in each row; the inverse is the wrong way to its derivatives where A is close
 * to singular. C(A; D1 ... Dm), see cofactors.h, is linear in each D and symmetric in them, so that given a
 * cotangent H its gradient in A is C(A; D1 ... Dm, H), and in Di the same without Di: one op for every order.
 *
 * Small matrices are expanded by the permutations (Leibniz), to the rounding of each term. Larger ones are
 * factored with complete pivoting, A = L S U with S diagonal and L, U unit triangles of numbers at most 1:
 * then C(A; D ...) = L^-T C(S; E ...) U^-T for E = L^-1 D U^-1, and C(S; E ...) is a sum over the sets I of m
 * + 1 places: the product of S outside of I times the expansion of E within I. Nothing is divided by what may
 * be zero. A gradient of large and well-conditioned matrices is det A^-T, by LAPACK.
 */
#include "cofactors.h"

enum {
    EXPANDED = 3,    /* rows up to which the permutations are summed */
    ELIMINATED = 16, /* ... and up to which the inverse is not thought of */
    MOST_SLOTS = 20
};

/* ---- expansion ---- */

typedef struct expansion {
    int n, slots;
    const double *a; /* row-major; NULL: zeros */
    const double *const *d;
    double *c;
} expansion;

/* One row more: it is A's, that of a direction that is left, or the one that c's number is the factor of. */
static void expand(const expansion *e, int row, unsigned columns, unsigned slots, int place, double product)
{
    const int n = e->n, rows_left = n - row, slots_left = e->slots - __builtin_popcount(slots);
    if (row == n) {
        e->c[place] += product;
        return;
    }
    for (int j = 0; j < n; j++) {
        if (columns >> j & 1) continue;
        const double signed_product = __builtin_popcount(columns >> j) % 2 ? -product : product;
        const unsigned now = columns | 1u << j;
        if (place < 0) expand(e, row + 1, now, slots, row * n + j, signed_product);
        for (int k = 0; k < e->slots; k++)
            if (!(slots >> k & 1))
                expand(e, row + 1, now, slots | 1u << k, place, signed_product * e->d[k][row * n + j]);
        if (e->a && rows_left > slots_left + (place < 0))
            expand(e, row + 1, now, slots, place, signed_product * e->a[row * n + j]);
    }
}

/* ---- elimination with complete pivoting ---- */

typedef struct elimination {
    int n;
    double *a;           /* (n, n), row-major: L below the diagonal, S on it, U above it */
    int *rows, *columns; /* of A that stand at each place */
    bool odd;            /* the permutations of rows and columns together */
} elimination;

static void swap_ints(int *a, int *b)
{
    const int t = *a;
    *a = *b, *b = t;
}

static void bring(elimination *e, int p, int row, int column)
{
    const int n = e->n;
    double *a = e->a;
    for (int k = 0; k < n && row != p; k++) {
        const double t = a[p * n + k];
        a[p * n + k] = a[row * n + k], a[row * n + k] = t;
    }
    for (int k = 0; k < n && column != p; k++) {
        const double t = a[k * n + p];
        a[k * n + p] = a[k * n + column], a[k * n + column] = t;
    }
    swap_ints(&e->rows[p], &e->rows[row]);
    swap_ints(&e->columns[p], &e->columns[column]);
    e->odd ^= (row != p) != (column != p);
}

static void eliminate(elimination *e)
{
    const int n = e->n;
    double *a = e->a;
    for (int i = 0; i < n; i++) e->rows[i] = e->columns[i] = i;
    for (int p = 0; p < n; p++) {
        int row = p, column = p;
        for (int i = p; i < n; i++)
            for (int j = p; j < n; j++)
                if (fabs(a[i * n + j]) > fabs(a[row * n + column])) row = i, column = j;
        bring(e, p, row, column);
        const double pivot = a[p * n + p];
        if (pivot == 0) return; /* and so is all that is left */
        for (int i = p + 1; i < n; i++) {
            const double f = a[i * n + p] / pivot;
            for (int j = p + 1; j < n; j++) a[i * n + j] -= f * a[p * n + j];
            a[i * n + p] = f;
        }
        for (int j = p + 1; j < n; j++) a[p * n + j] /= pivot;
    }
}

/* x := L^-1 x U^-1. */
static void into(const elimination *e, double *x)
{
    const int n = e->n;
    const double *a = e->a;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            for (int j = 0; j < n; j++) x[i * n + j] -= a[i * n + k] * x[k * n + j];
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            for (int j = k + 1; j < n; j++) x[i * n + j] -= x[i * n + k] * a[k * n + j];
}

/* x := L^-T x U^-T. */
static void back(const elimination *e, double *x)
{
    const int n = e->n;
    const double *a = e->a;
    for (int i = n; i-- > 0;)
        for (int k = i + 1; k < n; k++)
            for (int j = 0; j < n; j++) x[i * n + j] -= a[k * n + i] * x[k * n + j];
    for (int i = 0; i < n; i++)
        for (int j = n; j-- > 0;) {
            double sum = x[i * n + j];
            for (int k = j + 1; k < n; k++) sum -= x[i * n + k] * a[j * n + k];
            x[i * n + j] = sum;
        }
}

/* ---- sums over sets of places ---- */

/* The product of the diagonal but for the places in a set, in ascending order; parts of it may leave the
 * range of numbers, if the whole does not. */
static double product_without(const elimination *e, int size, const int *set)
{
    double product = 1;
    int64_t exponent = 0;
    for (int i = 0, skip = 0; i < e->n; i++) {
        if (skip < size && set[skip] == i) {
            skip++;
            continue;
        }
        int power;
        product *= frexp(e->a[i * (e->n + 1)], &power);
        exponent += power;
        if (fabs(product) < 0x1p-500) product *= 0x1p+500, exponent -= 500;
    }
    return ldexp(product, exponent > 4000 ? 4000 : exponent < -4000 ? -4000 : (int)exponent);
}

/* Adds what one set gives. small: (2 + slots) (slots + 1)^2 numbers. */
static void add_set(const elimination *e, int slots, double *const *d, const int *set, double *small,
                    double *c)
{
    const int size = slots + 1, n = e->n;
    const double outside = product_without(e, size, set);
    const double *parts[MOST_SLOTS];
    double *sum = small;
    if (outside == 0) return;
    memset(sum, 0, sizeof *sum * (size_t)(size * size));
    for (int k = 0; k < slots; k++) {
        double *part = small + (k + 1) * size * size;
        for (int i = 0; i < size * size; i++) part[i] = d[k][set[i / size] * n + set[i % size]];
        parts[k] = part;
    }
    expand(&(expansion){ .n = size, .slots = slots, .d = parts, .c = sum }, 0, 0, 0, -1, 1);
    for (int i = 0; i < size * size; i++) c[set[i / size] * n + set[i % size]] += outside * sum[i];
}

/* Every set of slots + 1 places, in lexicographic order. */
static void add_sets(const elimination *e, int slots, double *const *d, double *small, double *c)
{
    const int size = slots + 1, n = e->n;
    int set[MOST_SLOTS + 1];
    for (int i = 0; i < size; i++) set[i] = i;
    for (;;) {
        add_set(e, slots, d, set, small, c);
        int i = size - 1;
        while (i >= 0 && set[i] == n - size + i) i--;
        if (i < 0) return;
        set[i]++;
        for (int k = i + 1; k < size; k++) set[k] = set[k - 1] + 1;
    }
}

/* ---- the op ---- */

typedef struct job {
    int n, slots;
    fx__matrices x[MOST_SLOTS + 1], y;
} job;

/* Row-major: what is read column by column is the transpose, and so is what is written. */
static void read_rows(const fx__matrices *m, int64_t k, double *to)
{
    const fx__matrices t = fx__transposed(*m);
    fx__matrix_read(&t, k, true, to, fx__leading(m->columns));
}

/* Sum over columns of the largest absolute values: no smaller than the norms that matter here. */
static double norm_of(int n, const double *a)
{
    double most = 0;
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) sum += fabs(a[i * n + j]);
        if (!(sum <= most)) most = sum;
    }
    return most;
}

/* det A^-T of a large matrix that is well-conditioned. Row-major a; the transpose of A is what LAPACK sees,
 * so that it is A^-T that it writes by columns. */
static bool by_inverse(int n, const double *a, double *c, char *work)
{
    int32_t *pivots = (int32_t *)(void *)(work + fx__room((int64_t)n * FX__GETRI_WORK, true));
    memcpy(c, a, sizeof *c * (size_t)n * (size_t)n);
    if (fx__getrf(true, n, n, c, n, pivots)) return false;
    double det = 1;
    for (int i = 0; i < n; i++) det *= pivots[i] == i + 1 ? c[i * (n + 1)] : -c[i * (n + 1)];
    if (!(fabs(det) > 0x1p-900 && fabs(det) < 0x1p+900)) return false;
    fx__getri(true, n, c, n, pivots, work);
    if (!(norm_of(n, a) * norm_of(n, c) <= 64.0 * n * n)) return false;
    for (int i = 0; i < n; i++)
        for (int j = i; j < n; j++) {
            const double t = c[i * n + j];
            c[i * n + j] = det * c[j * n + i];
            c[j * n + i] = det * t;
        }
    return true;
}

static void by_elimination(const job *j, double *const *x, double *c, char *work)
{
    const int n = j->n;
    elimination e = { .n = n, .a = x[0], .rows = (int *)(void *)work };
    e.columns = e.rows + n;
    double *small = (double *)(void *)(work + fx__room(2 * (int64_t)n, false)), *moved = c;
    eliminate(&e);
    for (int k = 1; k <= j->slots; k++) {
        for (int i = 0; i < n * n; i++) moved[i] = x[k][e.rows[i / n] * n + e.columns[i % n]];
        memcpy(x[k], moved, sizeof *moved * (size_t)n * (size_t)n);
        into(&e, x[k]);
    }
    double *sum = small + (2 + j->slots) * (j->slots + 1) * (j->slots + 1);
    memset(sum, 0, sizeof *sum * (size_t)n * (size_t)n);
    add_sets(&e, j->slots, x + 1, small, sum);
    back(&e, sum);
    for (int i = 0; i < n * n; i++) c[e.rows[i / n] * n + e.columns[i % n]] = e.odd ? -sum[i] : sum[i];
}

static int cofactors_of(const void *data, int64_t k, char *work)
{
    const job *j = data;
    const int n = j->n;
    const size_t room = fx__room((int64_t)n * n, true);
    double *x[MOST_SLOTS + 1], *c = (double *)(void *)work;
    const double *d[MOST_SLOTS];
    char *rest = work + room * (size_t)(j->slots + 2);
    for (int i = 0; i <= j->slots; i++) {
        x[i] = (double *)(void *)(work + room * (size_t)(i + 1));
        read_rows(&j->x[i], k, x[i]);
        if (i) d[i - 1] = x[i];
    }
    memset(c, 0, sizeof *c * (size_t)n * (size_t)n);
    if (n <= EXPANDED) {
        if (j->slots < n) expand(&(expansion){ n, j->slots, x[0], d, c }, 0, 0, 0, -1, 1);
    } else if (j->slots < n && !(j->slots == 0 && n > ELIMINATED && by_inverse(n, x[0], c, rest)))
        by_elimination(j, x, c, rest);
    const fx__matrices t = fx__transposed(j->y);
    fx__matrix_write(&t, k, true, c, fx__leading(n));
    return 0;
}

static bool cofactors_shape(const fx_call *c, fx_spec *y)
{
    (void)y;
    if (c->inputs <= MOST_SLOTS + 1) return true;
    return fx_call_fail(c, FX_ERROR_NO_GRADIENT, "there are no derivatives of order %d", c->inputs);
}

static void cofactors_forward(const fx_call *c)
{
    const fx_tensor *y = c->y;
    if (y->numel == 0) return;
    job j = { .n = (int)fx__matrix_rows(y), .slots = c->inputs - 1, .y = fx__matrices_of(y, -1, NULL) };
    for (int i = 0; i < c->inputs; i++) j.x[i] = fx__matrices_of(c->x[i], fx__stack_ndim(y), y->size);
    const int64_t n = j.n, small = (2 + j.slots) * (j.slots + 1) * (j.slots + 1);
    const size_t eliminated = fx__room(2 * n, false) + fx__room(small + n * n, true),
                 inverted = fx__room(n * FX__GETRI_WORK, true) + fx__room(n, false);
    fx__each_matrix(c, fx__stack_count(y),
                    fx__room(n * n, true) * (size_t)(j.slots + 2) +
                        (eliminated > inverted ? eliminated : inverted),
                    (double)n * (double)n * (double)n * (2 + j.slots), cofactors_of, &j, NULL);
}

static void cofactors_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_tensor *list[MOST_SLOTS + 2];
    for (int i = 0; i < c->inputs; i++) {
        if (!fx_call_needs(c, i)) continue;
        int count = 0;
        for (int k = 0; k < c->inputs; k++)
            if (k == 0 || k != i) list[count++] = c->x[k];
        list[count++] = g;
        gx[i] = fx__cofactors((fx_list){ count, list }, c->where);
    }
}

static const fx_op cofactors_op = { .name = "cofactors",
                                    .formula = "<y, H> = the derivative of det at A in D1, ..., Dm and H",
                                    .inputs = -1,
                                    .captures = FX_CAPTURE_ALL_X,
                                    .strided = true,
                                    .shape = cofactors_shape,
                                    .forward = cofactors_forward,
                                    .local_grad = cofactors_local_grad };

fx_tensor *fx__cofactors(fx_list list, fx_where where)
{
    return fx_apply_at(&cofactors_op, list, NULL, NULL, where);
}
