/* What joins models, optimizers and data: accuracy, the state of a whole run in a file, curves. */
#ifndef FLUXION_TRAIN_H
#define FLUXION_TRAIN_H

#include "data.h"
#include "nn.h"
#include "optim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- accuracy --------------------------------------------------------------------------------------------
 */

/* How large a part of the samples the model puts into their class: where the largest of its numbers along the
 * last dimension (NaN is the largest; of equal ones the first) is the one that y names. The model is asked in
 * eval mode, without recording, in batches of .size; the modes of all its modules are as before afterwards.
 * NAN after an error, or without samples. fx_accuracy(net, test) */
typedef struct fx_accuracy_args {
    fx_module *module;
    fx_dataset *data;
    int64_t size;
} fx_accuracy_args;
#define FX_ACCURACY_DEFAULTS .size = 1000,
#define fx_accuracy(module_, ...)                                                                            \
    fx_accuracy_at(                                                                                          \
        FX_LITERAL(fx_accuracy_args){ FX_ACCURACY_DEFAULTS.module = module_, .data = __VA_ARGS__ }, FX_HERE)
FX_API double fx_accuracy_at(fx_accuracy_args args, fx_where where);

/* ---- a run in a file -------------------------------------------------------------------------------------
 */

/* What a run consists of; each may be NULL (empty), but not all. */
typedef struct fx_trainer {
    fx_module *model;
    fx_optimizer *optimizer;
    fx_dataset *data;      /* the one that FX_EACH_BATCH goes through: its place */
    fx_named_list tensors; /* whatever else there is to be kept */
} fx_trainer;

/* Writes all that the rest of the run depends on: the model, the optimizer's state, the tensors, the state of
 * the context's random numbers, the place in the data, and a checksum. The file is safetensors, and replaced
 * in one go. Within FX_EACH_BATCH this stands after the batch's step; FX_EACH_BATCH then goes on with the
 * next batch. */
#define fx_checkpoint(run, path) fx_checkpoint_at(run, path, FX_HERE)
FX_API fx_status fx_checkpoint_at(const fx_trainer *run, const char *path, fx_where where);

/* Restores what fx_checkpoint() has written; the run goes on bit by bit as if it had not been interrupted.
 * Without a file of that name nothing happens: a fresh start. Either all is well or nothing has changed:
 * FX_ERROR_FORMAT where the file is damaged, FX_ERROR_ARGUMENT or FX_ERROR_SHAPE where it is of another run.
 */
#define fx_resume(run, path) fx_resume_at(run, path, FX_HERE)
FX_API fx_status fx_resume_at(const fx_trainer *run, const char *path, fx_where where);

/* ---- curves ----------------------------------------------------------------------------------------------
 */

/* Draws values[0 .. count - 1] over first, first + step, ... as an SVG file with axes: fx_plot_save(cx,
 * "loss.svg", .values = losses, .count = n, .title = "loss", .y_label = "loss", .x_label = "batch"). Over a
 * curve of many values lies its running mean. What is not finite leaves a gap. The file is replaced in one
 * go. */
typedef struct fx_plot_args {
    fx_context *cx;
    const char *path;
    const char *title, *x_label, *y_label; /* UTF-8; NULL: none */
    const double *values;
    int64_t count;
    double first, step;
} fx_plot_args;
#define FX_PLOT_DEFAULTS .step = 1,
#define fx_plot_save(cx_, ...)                                                                               \
    fx_plot_save_at(FX_LITERAL(fx_plot_args){ FX_PLOT_DEFAULTS.cx = cx_, .path = __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_plot_save_at(fx_plot_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
