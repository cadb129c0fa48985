/* Loops over a dataset, batch by batch.
 *
 * A loop's order of samples in epoch e is a permutation that is a pure function of the loop's key and of e
 * (Philox), so it is the same however far ahead it is asked for. Where a batch is large, a thread copies the
 * rows of the next one side by side into the loop's own memory while the block runs; it never touches the
 * context. The batch's tensors are made of the same rows, in the same order, with it or without it.
 *
 * A loop's memory and its thread stay with the dataset when the loop ends, and the next loop takes them: an
 * epoch in the steady state asks the system for nothing.
 */
#include "dataset.h"
#include "progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AHEAD = 3, HINTED = 1024 };  /* rows, bytes */
enum { PREFETCH_FROM = 256 << 10 }; /* bytes a batch: below, handing over costs more than gathering */

typedef enum job { JOB_NONE, JOB_WANTED, JOB_QUIT } job;

struct fx_loop {
    fx_loop *next;
    fx_dataset *data;
    bool open, leads; /* leads: keeps the dataset's place */
    fx_where where;
    int64_t size, per_epoch, index, total; /* index: of the next batch */
    bool shuffle, drop_last;
    uint64_t key;
    int64_t *order, order_room, order_epoch; /* of which epoch it is; -1: of none */
    fx_batch batch;                          /* the one that was handed out */
    fx_progress progress;

    bool prefetch, threaded; /* used in this loop; there is a thread */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    job job; /* under the mutex; JOB_NONE: the thread waits, and what follows is the loop's */
    int64_t wanted_first, wanted_count;
    char *gathered;
    size_t gathered_room;
};

/* ---- orders ----------------------------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t x) /* splitmix64's (Steele, Lea, Flood 2014) */
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static bool draw_key(fx_loop *l)
{
    fx_dims none = { .given = true };
    FX_SCOPE (l->data->cx) {
        fx_tensor *key = fx_randint_at(l->data->cx, INT64_MIN, INT64_MAX, none, l->where);
        if (!key) return false;
        l->key = (uint64_t)fx_item_int(key);
    }
    return true;
}

/* Makes l->order that of an epoch. False after an error. */
static bool order_of(fx_loop *l, int64_t epoch)
{
    if (!l->shuffle || l->order_epoch == epoch) return true;
    fx_context *cx = l->data->cx;
    fx_random_state before = fx_get_random_state(cx);
    fx_set_random_state(cx, (fx_random_state){ mix(l->key), (uint64_t)epoch << 40 });
    bool right = false;
    FX_SCOPE (cx) {
        fx_tensor *order = fx_randperm_at(cx, l->data->count, l->where);
        if (order) memcpy(l->order, fx_data_const(order), sizeof *l->order * (size_t)l->data->count);
        right = order;
    }
    fx_set_random_state(cx, before);
    l->order_epoch = right ? epoch : -1;
    return right;
}

static int64_t first_of(const fx_loop *l, int64_t index) { return index % l->per_epoch * l->size; }
static int64_t count_of(const fx_loop *l, int64_t index)
{
    int64_t left = l->data->count - first_of(l, index);
    return left < l->size ? left : l->size;
}

/* ---- rows ------------------------------------------------------------------------------------------------
 */

static const char *row(const fx_loop *l, const fx_column *c, int64_t position)
{
    return c->raw + (l->shuffle ? l->order[position] : position) * c->stride;
}

/* Rows lie anywhere in a dataset that no cache holds: they are asked for before they are needed. */
static void hint(const char *at, int64_t bytes)
{
    if (bytes > HINTED) bytes = HINTED;
    for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(at + i);
}

static char *gather_column(const fx_loop *l, const fx_column *c, char *to)
{
    for (int64_t k = 0; c->raw && k < l->wanted_count; k++, to += c->bytes) {
        if (k + AHEAD < l->wanted_count) hint(row(l, c, l->wanted_first + k + AHEAD), c->bytes);
        memcpy(to, row(l, c, l->wanted_first + k), (size_t)c->bytes);
    }
    return to;
}

static void convert(const fx_column *c, const char *from, char *to)
{
    const uint8_t *bytes = (const uint8_t *)from;
    const int32_t *words = (const int32_t *)(const void *)from;
    float *f32 = (float *)(void *)to;
    double *f64 = (double *)(void *)to;
    int64_t *i64 = (int64_t *)(void *)to;
    int64_t n = c->bytes / (int64_t)fx_dtype_size(c->stored);
    if (c->normalize && c->dtype == FX_F32)
        for (int64_t i = 0; i < n; i++) f32[i] = (float)bytes[i] / 255.0f;
    else if (c->normalize)
        for (int64_t i = 0; i < n; i++) f64[i] = (double)bytes[i] / 255.0;
    else if (c->dtype == c->stored)
        memcpy(to, from, (size_t)c->bytes);
    else if (c->stored == FX_U8) /* numbers of classes and characters */
        for (int64_t i = 0; i < n; i++) i64[i] = bytes[i];
    else
        for (int64_t i = 0; i < n; i++) i64[i] = words[i];
}

/* The batch's tensor of a column: gathered rows, or those of the dataset. NULL after an error. */
static fx_tensor *make(fx_loop *l, const fx_column *c, const char *gathered)
{
    fx_dims shape = { .given = true, .count = c->shape.count + 1, .at = { count_of(l, l->index) } };
    memcpy(shape.at + 1, c->shape.at, sizeof(int64_t) * (size_t)c->shape.count);
    fx_tensor *x = fx_empty_at(l->data->cx, c->dtype, shape, l->where);
    if (!x) return NULL;
    char *to = (char *)(uintptr_t)fx_data_const(x);
    int64_t bytes = c->bytes / (int64_t)fx_dtype_size(c->stored) * (int64_t)fx_dtype_size(c->dtype);
    for (int64_t k = 0, first = first_of(l, l->index); k < shape.at[0]; k++) {
        if (!gathered && k + AHEAD < shape.at[0]) hint(row(l, c, first + k + AHEAD), c->bytes);
        convert(c, gathered ? gathered + k * c->bytes : row(l, c, first + k), to + k * bytes);
    }
    return x;
}

/* ---- the thread ------------------------------------------------------------------------------------------
 */

static void *gather(void *data)
{
    fx_loop *l = data;
    pthread_mutex_lock(&l->mutex);
    for (;;) {
        while (l->job == JOB_NONE) pthread_cond_wait(&l->changed, &l->mutex);
        if (l->job == JOB_QUIT) break;
        pthread_mutex_unlock(&l->mutex);
        gather_column(l, &l->data->y, gather_column(l, &l->data->x, l->gathered));
        pthread_mutex_lock(&l->mutex);
        if (l->job == JOB_WANTED) l->job = JOB_NONE;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

static void start_thread(fx_loop *l)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_mutex_init(&l->mutex, NULL)) return;
    if (pthread_cond_init(&l->changed, NULL)) {
        pthread_mutex_destroy(&l->mutex);
        return;
    }
    l->job = JOB_NONE;
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are for the program's own threads */
    l->threaded = !pthread_create(&l->thread, NULL, gather, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (l->threaded) return;
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
}

static void stop_thread(fx_loop *l)
{
    if (!l->threaded) return;
    pthread_mutex_lock(&l->mutex);
    l->job = JOB_QUIT;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
    pthread_join(l->thread, NULL);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
    l->threaded = false;
}

static void await(fx_loop *l)
{
    if (!l->prefetch) return;
    pthread_mutex_lock(&l->mutex);
    while (l->job == JOB_WANTED) pthread_cond_wait(&l->changed, &l->mutex);
    pthread_mutex_unlock(&l->mutex);
}

/* Has the thread gather the batch of l->index. False after an error. */
static bool ask(fx_loop *l)
{
    if (!l->prefetch || l->index == l->total) return true;
    if (!order_of(l, l->index / l->per_epoch)) return false;
    l->wanted_first = first_of(l, l->index);
    l->wanted_count = count_of(l, l->index);
    pthread_mutex_lock(&l->mutex);
    l->job = JOB_WANTED;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
    return true;
}

/* ---- loops -----------------------------------------------------------------------------------------------
 */

void fx__loops_free(fx_loop *loops)
{
    while (loops) {
        fx_loop *l = loops;
        loops = l->next;
        stop_thread(l);
        free(l->gathered);
        free(l->order);
        free(l);
    }
}

/* A loop that is not open. NULL when memory is out. */
static fx_loop *take_loop(fx_dataset *d)
{
    fx_loop *l = d->loops;
    while (l && l->open) l = l->next;
    if (l) return l;
    l = calloc(1, sizeof *l);
    if (!l) return NULL;
    l->data = d;
    l->next = d->loops;
    d->loops = l;
    return l;
}

static bool reserve(fx_loop *l)
{
    fx_dataset *d = l->data;
    size_t bytes = (size_t)((d->x.bytes + d->y.bytes) * (l->size < d->count ? l->size : d->count));
    if (l->shuffle && l->order_room < d->count) {
        free(l->order);
        l->order_room = 0;
        l->order = malloc(sizeof *l->order * (size_t)d->count);
        if (!l->order) return false;
        l->order_room = d->count;
    }
    if (l->prefetch && l->gathered_room < bytes) {
        free(l->gathered);
        l->gathered_room = 0;
        l->gathered = malloc(bytes);
        if (!l->gathered) return false;
        l->gathered_room = bytes;
    }
    return true;
}

static bool pays(const fx_loop *l)
{
    return l->total > 1 && (l->data->x.bytes + l->data->y.bytes) * l->size >= PREFETCH_FROM &&
           sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

static bool begin(fx_loop *l, const fx_batches_args *args)
{
    fx_dataset *d = l->data;
    l->order_epoch = -1;
    l->size = args->size < d->count ? args->size : d->count;
    l->shuffle = args->shuffle < 0 ? d->shuffled : args->shuffle > 0;
    l->per_epoch = !d->count ? 0 : args->drop_last ? d->count / args->size : (d->count - 1) / args->size + 1;
    int64_t all;
    if (__builtin_mul_overflow(l->per_epoch, args->epochs ? args->epochs : args->steps ? INT64_MAX : 1, &all))
        all = INT64_MAX;
    l->total = args->steps && args->steps < all ? args->steps : all;
    l->index = 0;
    l->key = 0;
    l->leads = !args->aside;
    for (fx_loop *other = d->loops; other; other = other->next) l->leads &= !other->open || !other->leads;
    l->open = true;
    if (l->leads && d->resumed) {
        l->key = d->place.key;
        l->index = d->place.index < l->total ? d->place.index : l->total;
        d->resumed = false;
    } else if (l->shuffle && args->seed)
        l->key = args->seed;
    else if (l->shuffle && !draw_key(l))
        return false;
    if (args->prefetch > 0 || (args->prefetch && pays(l))) {
        if (!l->threaded) start_thread(l);
        l->prefetch = l->threaded;
    }
    if (!reserve(l))
        return fx_error_set(d->cx, FX_ERROR_MEMORY, l->where, "each_batch: out of memory"), false;
    fx__progress_begin(&l->progress, args->progress, args->progress_file, l->total, l->index);
    return ask(l);
}

fx_batches fx_batches_open_at(fx_batches_args args, fx_where where)
{
    fx_batches b = { 0 };
    if (!args.data || fx_error(args.data->cx) != FX_OK) return b;
    if (args.size < 1 || args.epochs < 0 || args.steps < 0) {
        fx_error_set(args.data->cx, FX_ERROR_ARGUMENT, where,
                     "each_batch: size must be at least 1, epochs and steps at least 0: %lld, %lld, %lld",
                     (long long)args.size, (long long)args.epochs, (long long)args.steps);
        return b;
    }
    b.loop = take_loop(args.data);
    if (!b.loop) {
        fx_error_set(args.data->cx, FX_ERROR_MEMORY, where, "each_batch: out of memory");
        return b;
    }
    b.loop->where = where;
    b.loop->prefetch = false;
    b.loop->batch = (fx_batch){ 0 };
    b.loop->progress = (fx_progress){ 0 };
    if (!begin(b.loop, &args)) fx_batches_close(&b);
    return b;
}

static bool make_batch(fx_loop *l, fx_batch *batch)
{
    fx_dataset *d = l->data;
    int64_t count = count_of(l, l->index), epoch = l->index / l->per_epoch;
    await(l);
    if (!l->prefetch && !order_of(l, epoch)) return false;
    const char *gathered = l->prefetch ? l->gathered : NULL;
    l->batch = (fx_batch){ .index = l->index, .count = count, .epoch = epoch, .steps = l->total, .loop = l };
    l->batch.x = make(l, &d->x, gathered);
    if (d->y.raw) l->batch.y = make(l, &d->y, gathered ? gathered + count * d->x.bytes : NULL);
    if (!l->batch.x || (d->y.raw && !l->batch.y)) return false;
    *batch = l->batch;
    l->index++;
    if (l->leads) d->place = (fx_place){ l->key, l->index };
    return ask(l);
}

bool fx_batches_next(fx_batches *b, fx_batch *batch)
{
    fx_loop *l = b->loop;
    if (!l) return false;
    fx_context *cx = l->data->cx;
    fx_scope_close(&b->scope);
    if (l->batch.loop && fx_error(cx) == FX_OK) fx__progress_step(&l->progress, l->batch.count);
    if (l->index < l->total && fx_error(cx) == FX_OK) {
        b->scope = fx_scope_open_at(cx, l->where);
        if (make_batch(l, batch)) return true;
    } else if (l->leads && fx_error(cx) == FX_OK)
        l->data->place = (fx_place){ 0, 0 };
    fx_batches_close(b);
    return false;
}

void fx_batches_close(fx_batches *b)
{
    fx_scope_close(&b->scope);
    if (!b->loop) return;
    await(b->loop);
    fx__progress_end(&b->loop->progress);
    b->loop->batch.loop = NULL;
    b->loop->open = false;
    b->loop = NULL;
}

void fx_progress_note_at(const fx_batch *batch, const char *name, fx_operand value)
{
    if (!batch->loop || !value.tensor || !batch->loop->progress.label) return;
    fx__progress_note(&batch->loop->progress, name,
                      fx_operand_is_number(value) ? value.number
                                                  : fx_item_at(value.tensor, batch->loop->where));
}
