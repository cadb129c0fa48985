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

#ifdef __cplusplus
}
#endif
#endif
