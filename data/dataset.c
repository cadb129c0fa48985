/* Datasets from tensors and from MNIST's files. */
#include "dataset.h"
#include "autograd/owned.h"

#include <string.h>
#include <unistd.h>

static void finish(void *memory)
{
    fx_dataset *d = memory;
    fx__loops_free(d->loops);
}

fx_dataset *fx__dataset_new(fx_context *cx)
{
    fx_dataset *d = fx__context_own(cx, sizeof *d, finish);
    if (d) d->cx = cx;
    return d;
}

int64_t fx_dataset_size(const fx_dataset *data) { return data ? data->count : 0; }
int fx_dataset_classes(const fx_dataset *data) { return data ? data->classes : 0; }
fx_context *fx_dataset_context(const fx_dataset *data) { return data ? data->cx : NULL; }
fx_place fx_dataset_place(const fx_dataset *data) { return data ? data->place : (fx_place){ 0, 0 }; }

void fx_dataset_set_place(fx_dataset *data, fx_place place)
{
    if (!data) return;
    data->place = place;
    data->resumed = place.index > 0;
}

bool fx__column_copy(fx_column *c, fx_tensor *x, fx_where where)
{
    fx_dims shape = fx_shape(x);
    fx_tensor *copy = fx__context_tensor(fx_context_of(x), fx_dtype_of(x), shape.count, shape.at, where);
    if (!copy) return false;
    void *memory = (void *)(uintptr_t)fx_data_const(copy);
    if (fx_copy_out_at(x, fx_dtype_of(x), memory, where) != FX_OK) return false;
    *c = (fx_column){ .raw = memory, .stored = fx_dtype_of(x), .dtype = fx_dtype_of(x) };
    c->shape = (fx_dims){ .given = true, .count = shape.count - 1 };
    memcpy(c->shape.at, shape.at + 1, sizeof(int64_t) * (size_t)c->shape.count);
    c->bytes = (int64_t)fx_dtype_size(c->stored);
    for (int i = 0; i < c->shape.count; i++) c->bytes *= c->shape.at[i];
    c->stride = c->bytes;
    return true;
}

/* ---- from tensors ----------------------------------------------------------------------------------------
 */

/* One more than the largest of n whole numbers from 0 on; 0 if they are not such. */
static int count_classes(const fx_column *y, int64_t n)
{
    if (!y->raw || y->shape.count || fx_dtype_is_float(y->stored)) return 0;
    int64_t largest = -1;
    for (int64_t i = 0; i < n; i++) {
        int64_t value = ((const uint8_t *)y->raw)[i * y->stride];
        int32_t word;
        if (y->stored == FX_I64) memcpy(&value, y->raw + i * y->stride, sizeof value);
        if (y->stored == FX_I32) {
            memcpy(&word, y->raw + i * y->stride, sizeof word);
            value = word;
        }
        if (value < 0 || value >= INT32_MAX) return 0;
        if (value > largest) largest = value;
    }
    return (int)largest + 1;
}

fx_dataset *fx_dataset_tensors_at(fx_dataset_tensors_args args, fx_where where)
{
    fx_context *cx = fx_context_of(args.x);
    if (!cx || (!args.y && fx_error(cx) != FX_OK))
        return NULL; /* a y that failed is not one that was left out */
    if (fx_ndim(args.x) < 1 || (args.y && (fx_ndim(args.y) < 1 || fx_dim(args.y, 0) != fx_dim(args.x, 0)))) {
        fx_error_set(cx, FX_ERROR_SHAPE, where,
                     "dataset_tensors: x and y need a first dimension, and the same: %lld and %lld",
                     (long long)(fx_ndim(args.x) ? fx_dim(args.x, 0) : -1),
                     (long long)(args.y && fx_ndim(args.y) ? fx_dim(args.y, 0) : -1));
        return NULL;
    }
    if (args.normalize && fx_dtype_of(args.x) != FX_U8) {
        fx_error_set(cx, FX_ERROR_DTYPE, where, "dataset_tensors: normalize is for uint8, and x is %s",
                     fx_dtype_name(fx_dtype_of(args.x)));
        return NULL;
    }
    fx_dataset *d = fx__dataset_new(cx);
    if (!d || !fx__column_copy(&d->x, args.x, where) || (args.y && !fx__column_copy(&d->y, args.y, where)))
        return NULL;
    d->x.normalize = args.normalize;
    if (args.normalize) d->x.dtype = fx_default_dtype(cx);
    d->count = fx_dim(args.x, 0);
    d->classes = count_classes(&d->y, d->count);
    return d;
}

/* ---- from MNIST's files ----------------------------------------------------------------------------------
 */

enum { LONGEST_PATH = 4096 };

/* The file of that name, with .gz or without. NULL after an error. */
static fx_tensor *read_part(fx_context *cx, const char *dir, const char *name, fx_where where)
{
    char path[LONGEST_PATH];
    int n = snprintf(path, sizeof path - 3, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof path - 3) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "dataset_mnist: the path is too long");
        return NULL;
    }
    if (access(path, F_OK)) strcat(path, ".gz");
    if (access(path, F_OK)) path[n] = '\0'; /* to be named in the error */
    return fx_read_idx_at(cx, path, where);
}

static fx_dataset *join(fx_context *cx, fx_tensor *images, fx_tensor *labels, const char *dir, fx_where where)
{
    if (fx_dtype_of(images) != FX_U8 || fx_ndim(images) != 3 || fx_dtype_of(labels) != FX_U8 ||
        fx_ndim(labels) != 1 || fx_dim(images, 0) != fx_dim(labels, 0)) {
        fx_error_set(cx, FX_ERROR_SHAPE, where,
                     "dataset_mnist: %s: the images are not (n, rows, columns) bytes with a label each: "
                     "%lld images, %lld labels",
                     dir, (long long)fx_dim(images, 0), (long long)fx_dim(labels, 0));
        return NULL;
    }
    fx_dataset *d = fx__dataset_new(cx);
    if (!d || !fx__column_copy(&d->x, images, where) || !fx__column_copy(&d->y, labels, where)) return NULL;
    d->x.shape = (fx_dims){ .given = true, .count = 3, .at = { 1, fx_dim(images, 1), fx_dim(images, 2) } };
    d->x.normalize = true;
    d->x.dtype = fx_default_dtype(cx);
    d->y.dtype = FX_I64;
    d->count = fx_dim(images, 0);
    d->classes = count_classes(&d->y, d->count);
    return d;
}

fx_dataset *fx_dataset_mnist_at(fx_context *cx, const char *dir, fx_split split, fx_where where)
{
    if (!cx) return NULL;
    if (!dir) dir = FX_FASHION_MNIST;
    fx_dataset *d = NULL;
    FX_SCOPE (cx) {
        bool train = split == FX_TRAIN;
        fx_tensor *images =
            read_part(cx, dir, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", where);
        fx_tensor *labels =
            !images ? NULL
                    : read_part(cx, dir, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", where);
        if (labels) d = join(cx, images, labels, dir, where);
    }
    return d;
}
