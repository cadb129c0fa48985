/* Sorting and selecting (order.h). */
#include "order.h"

#include <string.h>

/* ---- keys ---- */

static uint64_t key_of_double(double x)
{
    uint64_t bits;
    if (x != x) return UINT64_MAX;
    x += 0; /* -0 becomes 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

/* In 32 bits, so that sorting by digits has half as many; but NaN. */
static uint64_t key_of_float(float x)
{
    uint32_t bits;
    if (x != x) return UINT64_MAX;
    x += 0;
    memcpy(&bits, &x, sizeof bits);
    return bits >> 31 ? ~bits : bits | (uint32_t)1 << 31;
}

static uint64_t key_of_i64(int64_t x) { return (uint64_t)x ^ (uint64_t)1 << 63; }
static uint64_t key_of_i32(int32_t x) { return (uint32_t)x ^ (uint32_t)1 << 31; }
static uint64_t key_of_u8(uint8_t x) { return x; }

#define KEYS(T, key_of)                                                                                      \
    for (int64_t i = 0; i < n; i++) {                                                                        \
        const uint64_t k = key_of(((const T *)x)[i * step]);                                                 \
        items[i].key = descending ? ~k : k;                                                                  \
        items[i].at = i;                                                                                     \
    }                                                                                                        \
    break

void fx__order_keys(fx__number type, int64_t n, const void *x, int64_t step, bool descending,
                    fx_order_item *items)
{
    switch (type) {
    case FX__DOUBLE: KEYS(double, key_of_double);
    case FX__FLOAT: KEYS(float, key_of_float);
    case FX__I64: KEYS(int64_t, key_of_i64);
    case FX__I32: KEYS(int32_t, key_of_i32);
    case FX__U8: KEYS(uint8_t, key_of_u8);
    default: break;
    }
}

/* ---- sorting ---- */

enum { RUN = 16, MERGED = 768 };

static void insert_each(int64_t n, fx_order_item *items)
{
    for (int64_t i = 1; i < n; i++) {
        const fx_order_item x = items[i];
        int64_t k = i;
        for (; k > 0 && items[k - 1].key > x.key; k--) items[k] = items[k - 1];
        items[k] = x;
    }
}

static void merge(const fx_order_item *a, int64_t n, const fx_order_item *b, int64_t m, fx_order_item *to)
{
    while (n && m) {
        const bool first = a->key <= b->key;
        *to++ = first ? *a : *b;
        a += first, b += !first;
        n -= first, m -= !first;
    }
    memcpy(to, n ? a : b, sizeof *to * (size_t)(n + m));
}

static void sort_by_merging(int64_t n, fx_order_item *items, fx_order_item *work)
{
    for (int64_t i = 0; i < n; i += RUN) insert_each(n - i < RUN ? n - i : RUN, items + i);
    fx_order_item *from = items, *to = work;
    for (int64_t run = RUN; run < n; run *= 2) {
        for (int64_t i = 0; i < n; i += 2 * run) {
            const int64_t left = n - i < run ? n - i : run, rest = n - i - left;
            merge(from + i, left, from + i + left, rest < run ? rest : run, to + i);
        }
        fx_order_item *other = from;
        from = to, to = other;
    }
    if (from != items) memcpy(items, from, sizeof *items * (size_t)n);
}

/* A pass for each byte that is not the same in all keys. */
static void sort_by_digits(int64_t n, fx_order_item *items, fx_order_item *work)
{
    int64_t count[8][256] = { { 0 } };
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < 8; d++) count[d][items[i].key >> (8 * d) & 255]++;
    fx_order_item *from = items, *to = work;
    for (int d = 0; d < 8; d++) {
        int64_t start = 0;
        if (count[d][items[0].key >> (8 * d) & 255] == n) continue;
        for (int v = 0; v < 256; v++) {
            const int64_t here = count[d][v];
            count[d][v] = start;
            start += here;
        }
        for (int64_t i = 0; i < n; i++) to[count[d][from[i].key >> (8 * d) & 255]++] = from[i];
        fx_order_item *other = from;
        from = to, to = other;
    }
    if (from != items) memcpy(items, from, sizeof *items * (size_t)n);
}

void fx__order_sort(int64_t n, fx_order_item *items, fx_order_item *work)
{
    if (n <= MERGED)
        sort_by_merging(n, items, work);
    else
        sort_by_digits(n, items, work);
}

/* First by place, then, which keeps that among ties, by key. */
void fx__order_sort_any(int64_t n, fx_order_item *items, fx_order_item *work)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < n; i++) {
            const uint64_t key = items[i].key;
            items[i].key = (uint64_t)items[i].at;
            items[i].at = (int64_t)key;
        }
        if (pass == 0) fx__order_sort(n, items, work);
    }
    fx__order_sort(n, items, work);
}

/* ---- selecting ---- */

static bool before(const fx_order_item *a, const fx_order_item *b)
{
    return a->key < b->key || (a->key == b->key && a->at < b->at);
}
static void swap(fx_order_item *a, fx_order_item *b)
{
    const fx_order_item t = *a;
    *a = *b;
    *b = t;
}

/* Hoare's selection; the pivot is the middle of three, of places that a fixed sequence of random numbers
 * names, so that no order of the numbers is slow but by chance. All items differ, by their places. */
void fx__order_select(int64_t n, int64_t k, fx_order_item *items)
{
    uint64_t state = 0x9e3779b97f4a7c15;
    int64_t low = 0, high = n - 1;
    const int64_t goal = k - 1;
    while (low < high) {
        fx_order_item *at[3];
        for (int i = 0; i < 3; i++) {
            state = state * 6364136223846793005 + 1442695040888963407;
            at[i] = items + low + (int64_t)((state >> 33) % (uint64_t)(high - low + 1));
        }
        if (before(at[1], at[0])) swap(at[0], at[1]);
        const fx_order_item *middle = before(at[2], at[0]) ? at[0] : before(at[2], at[1]) ? at[2] : at[1];
        const fx_order_item pivot = *middle;
        int64_t i = low, j = high;
        while (i <= j) {
            while (before(items + i, &pivot)) i++;
            while (before(&pivot, items + j)) j--;
            if (i <= j) swap(items + i++, items + j--);
        }
        if (goal <= j)
            high = j;
        else if (goal >= i)
            low = i;
        else
            return;
    }
}
