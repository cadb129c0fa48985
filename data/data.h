/* Files in and out, datasets, batches.
 *
 * Nothing is lost: a file that is written is whole or as it was before (written beside, synced, renamed), and
 * a file that cannot be read changes nothing.
 */
#ifndef FLUXION_DATA_H
#define FLUXION_DATA_H

#include "autograd.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- files of named tensors ------------------------------------------------------------------------------
 */

/* Files are safetensors (https://github.com/huggingface/safetensors): an 8-byte length, a JSON header with
 * the dtype, the shape and the place of each tensor, then their numbers. PyTorch, JAX and others read and
 * write the same. */

/* Words that a file carries beside its tensors. To stand in a call: FX_METADATA({"format", "pt"}, {"step",
 * "12"}). */
typedef struct fx_text_pair {
    const char *key, *value;
} fx_text_pair;
typedef struct fx_metadata {
    int64_t count;
    const fx_text_pair *at;
} fx_metadata;
#define FX_METADATA(...)                                                                                     \
    (FX_LITERAL(fx_metadata){ (int64_t)(sizeof((fx_text_pair[]){ __VA_ARGS__ }) / sizeof(fx_text_pair)),     \
                              (fx_text_pair[]){ __VA_ARGS__ } })

/* Writes the tensors (of any strides) under their names: fx_save_tensors("model.safetensors", list, .metadata
 * = ...). Names are UTF-8, each once, and not "__metadata__". An existing file keeps its mode and is replaced
 * in one go; what is no regular file is not written to. Errors: FX_ERROR_ARGUMENT, FX_ERROR_FILE,
 * FX_ERROR_MEMORY. */
typedef struct fx_save_tensors_args {
    const char *path;
    fx_named_list tensors;
    fx_metadata metadata;
} fx_save_tensors_args;
#define fx_save_tensors(path_, ...)                                                                          \
    fx_save_tensors_at(FX_LITERAL(fx_save_tensors_args){ .path = path_, .tensors = __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_save_tensors_at(fx_save_tensors_args args, fx_where where);

/* Reads all tensors, in the order of the file's header. They, their names and the list belong to the open
 * scope. float16 and bfloat16 become float32. The file is checked whole before anything is made: its length,
 * the JSON, each dtype, shape and place, that places neither overlap nor leave gaps. An empty list (cx NULL)
 * after an error: FX_ERROR_FILE, FX_ERROR_FORMAT, FX_ERROR_UNSUPPORTED (a dtype), FX_ERROR_MEMORY. */
#define fx_load_tensors(cx, path) fx_load_tensors_at(cx, path, FX_HERE)
FX_API fx_named_list fx_load_tensors_at(fx_context *cx, const char *path, fx_where where);

/* Reads the numbers of the tensors in the list from the file; they count as written in place. Names and
 * shapes must be the same; a floating dtype may differ and is converted, another may not. With .strict =
 * false, tensors that are in one of the two alone are left as they are. Either all is well or nothing has
 * changed, and the error lists what differs. */
typedef struct fx_load_into_args {
    fx_named_list tensors;
    const char *path;
    bool strict;
} fx_load_into_args;
#define fx_load_into(tensors_, ...)                                                                          \
    fx_load_into_at(                                                                                         \
        FX_LITERAL(fx_load_into_args){ .strict = true, .tensors = tensors_, .path = __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_load_into_at(fx_load_into_args args, fx_where where);

/* The words that a file carries, in the file's order; they belong to the open scope. */
#define fx_load_metadata(cx, path) fx_load_metadata_at(cx, path, FX_HERE)
FX_API fx_metadata fx_load_metadata_at(fx_context *cx, const char *path, fx_where where);

/* ---- datasets --------------------------------------------------------------------------------------------
 */

/* Reads an IDX file (the format of MNIST), gzip'ed or not: its numbers and sizes as a tensor of the open
 * scope. Bytes become uint8; signed bytes, shorts and ints int32; floats and doubles float32 and float64.
 * NULL after an error: FX_ERROR_FILE, FX_ERROR_FORMAT, FX_ERROR_UNSUPPORTED (more than FX_MAX_DIMS
 * dimensions; gzip without zlib), FX_ERROR_MEMORY. */
#define fx_read_idx(cx, path) fx_read_idx_at(cx, path, FX_HERE)
FX_API fx_tensor *fx_read_idx_at(fx_context *cx, const char *path, fx_where where);

/* Samples: an x each, and mostly a y. It belongs to its context and is freed with it. */
typedef struct fx_dataset fx_dataset;

/* MNIST and what has its form: from `dir` the files train-images-idx3-ubyte and train-labels-idx1-ubyte, or
 * t10k-..., each with .gz or without. x: (n, 1, rows, columns) in [0, 1], of the dtype of the context; in
 * memory they stay bytes. y: int64 (n). dir NULL is FX_FASHION_MNIST. NULL after an error, as fx_read_idx;
 * FX_ERROR_SHAPE: images and labels do not fit. */
typedef enum fx_split { FX_TRAIN, FX_TEST } fx_split;
#define FX_FASHION_MNIST "/usr/share/datasets/fashion-mnist" /* Debian's package dataset-fashion-mnist */
#define fx_dataset_mnist(cx, dir, split) fx_dataset_mnist_at(cx, dir, split, FX_HERE)
FX_API fx_dataset *fx_dataset_mnist_at(fx_context *cx, const char *dir, fx_split split, fx_where where);

/* Samples from tensors, which are copied: x[i] and y[i] along the first dimension; y may be left out. uint8
 * in x with .normalize becomes numbers of the context in [0, 1] batch by batch. fx_dataset_tensors(x, y) */
typedef struct fx_dataset_tensors_args {
    fx_tensor *x, *y;
    bool normalize;
} fx_dataset_tensors_args;
#define fx_dataset_tensors(...)                                                                              \
    fx_dataset_tensors_at(FX_LITERAL(fx_dataset_tensors_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_dataset *fx_dataset_tensors_at(fx_dataset_tensors_args args, fx_where where);

/* A text file in UTF-8, character by character: x[i] is the numbers of `context` characters from the i-th on,
 * y[i] those of the same from the next on, both int64 (context). The numbers count the different characters
 * in the order of their codes. Shuffled unless the loop says otherwise. */
typedef struct fx_dataset_text_args {
    fx_context *cx;
    const char *path;
    int64_t context;
} fx_dataset_text_args;
#define fx_dataset_text(cx_, ...)                                                                            \
    fx_dataset_text_at(FX_LITERAL(fx_dataset_text_args){ .context = 128, .cx = cx_, .path = __VA_ARGS__ },   \
                       FX_HERE)
FX_API fx_dataset *fx_dataset_text_at(fx_dataset_text_args args, fx_where where);

/* How many samples. How many classes: one more than the largest y where y is (n) whole numbers, for a text
 * its different characters, else 0. 0 for NULL. */
FX_API int64_t fx_dataset_size(const fx_dataset *data);
FX_API int fx_dataset_classes(const fx_dataset *data);
FX_API fx_context *fx_dataset_context(const fx_dataset *data);

/* Of a text: the characters of a number in UTF-8 ("" where there is none), and the number of the character
 * that a text begins with (-1). */
FX_API const char *fx_dataset_character(const fx_dataset *data, int64_t number);
FX_API int64_t fx_dataset_number(const fx_dataset *data, const char *text);

/* ---- batches ---------------------------------------------------------------------------------------------
 */

/* FX_EACH_BATCH (batch, data, .size = 64, .shuffle = true) { ... batch.x ... batch.y ... }
 * runs its block for each batch: one epoch, or .epochs of them, or .steps batches in as many epochs as these
 * take. What the block makes ends at its closing brace, but for what fx_keep() moved out. `break`,
 * `continue`, `return` and goto mean what they mean in any loop. The loop ends early when a failure stands
 * (fx_error), so that there is one place to ask.
 *
 * The order is a function of the context's seed and of how many random numbers were drawn before, or of .seed
 * alone; it is drawn anew each epoch. The last batch of an epoch is shorter where the numbers do not divide,
 * or with .drop_last left out. */
typedef struct fx_batch {
    fx_tensor *x, *y; /* in the block's scope; y NULL where the dataset has none */
    int64_t index;    /* of the batch, from 0 over all epochs */
    int64_t count;    /* of samples in it */
    int64_t epoch;    /* from 0 */
    int64_t steps;    /* of batches in the whole loop */
    struct fx_loop *loop;
} fx_batch;

typedef struct fx_batches_args {
    fx_dataset *data;
    int64_t size;
    int shuffle;    /* -1: a text yes, others no */
    uint64_t seed;  /* 0: from the context's random numbers */
    int64_t epochs; /* 0: 1, or as many as steps take */
    int64_t steps;  /* 0: whole epochs */
    bool drop_last;
    const char *progress; /* shows a bar of this name on a terminal, lines elsewhere; NULL: nothing */
    FILE *progress_file;  /* NULL: stderr */
    bool aside;           /* neither begins at the dataset's place nor changes it */
    int prefetch;         /* 1: a thread gathers the next batch meanwhile; 0: none; -1: where it pays */
} fx_batches_args;
#define FX_BATCHES_DEFAULTS .size = 64, .shuffle = -1, .prefetch = -1,

typedef struct fx_batches {
    struct fx_loop *loop;
    fx_scope scope;
} fx_batches;
FX_API fx_batches fx_batches_open_at(fx_batches_args args, fx_where where);
FX_API bool fx_batches_next(fx_batches *batches, fx_batch *batch);
FX_API void fx_batches_close(fx_batches *batches);
#define FX_EACH_BATCH(batch, ...)                                                                            \
    for (fx_batches FX__JOIN(fx__batches_, __LINE__)                                                         \
             __attribute__((cleanup(fx_batches_close))) = fx_batches_open_at(                                \
                 FX_LITERAL(fx_batches_args){ FX_BATCHES_DEFAULTS.data = __VA_ARGS__ }, FX_HERE),            \
             *FX__JOIN(fx__bonce_, __LINE__) = &FX__JOIN(fx__batches_, __LINE__);                            \
         FX__JOIN(fx__bonce_, __LINE__); FX__JOIN(fx__bonce_, __LINE__) = NULL)                              \
        for (fx_batch batch; fx_batches_next(FX__JOIN(fx__bonce_, __LINE__), &(batch));)

/* Shows a number (or a tensor's one number) with the progress, as a running mean; without .progress, or after
 * a failure, nothing. */
#define fx_progress_note(batch, name, value) fx_progress_note_at(&(batch), name, FX_OPERAND(value))
FX_API void fx_progress_note_at(const fx_batch *batch, const char *name, fx_operand value);

/* Where a loop over the data stands, to be saved and set again: the next loop then goes on after the batch
 * that was the last. A loop that came to its end stands at the beginning. */
typedef struct fx_place {
    uint64_t key; /* of the order */
    int64_t index;
} fx_place;
FX_API fx_place fx_dataset_place(const fx_dataset *data);
FX_API void fx_dataset_set_place(fx_dataset *data, fx_place place);

#ifdef __cplusplus
}
#endif
#endif
