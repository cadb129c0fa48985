/* What a dataset is: samples as rows of bytes. */
#ifndef FLUXION_DATA_DATASET_H
#define FLUXION_DATA_DATASET_H

#include <fluxion/data.h>

/* One of a sample's parts: sample i is `bytes` bytes from raw + i * stride on, and becomes a tensor of the
 * shape. */
typedef struct fx_column {
    const char *raw; /* NULL: there is none */
    int64_t stride, bytes;
    fx_dtype stored, dtype; /* in memory, and in batches */
    bool normalize;         /* uint8 becomes float in [0, 1] */
    fx_dims shape;          /* of one sample */
} fx_column;

typedef struct fx_loop fx_loop;

struct fx_dataset {
    fx_context *cx;
    int64_t count;
    int classes;
    bool shuffled;
    fx_column x, y;
    int64_t characters; /* of a text: how many different ones, */
    uint32_t *codes;    /* and their codes, rising */
    char (*spelled)[5];
    fx_loop *loops; /* that were made; closed ones are opened again */
    fx_place place;
    bool resumed; /* the next loop begins at the place */
};

/* An empty one. NULL after an error. */
fx_dataset *fx__dataset_new(fx_context *cx);

/* Fills a column with a copy of the tensor, samples along its first dimension. False after an error. */
bool fx__column_copy(fx_column *c, fx_tensor *x, fx_where where);

/* Ends what loops hold (batches.c). */
void fx__loops_free(fx_loop *loops);

#endif
