/* Modules: trees of named parameters with a forward function; their files. (nn.h: what all modules have in
 * common.) */
#ifndef FLUXION_PUBLIC_NN_MODULE_H
#define FLUXION_PUBLIC_NN_MODULE_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_module fx_module;

/* What a module computes of x: NULL after an error. Called with a scope open: what it makes besides its
 * result ends when it returns, unless a recorded gradient needs it. fx_is_training(m) says which mode it is
 * in. */
typedef fx_tensor *fx_forward_function(fx_module *m, void *data, fx_tensor *x);

/* A module without parameters yet: fx_module_new(cx), which only holds children, or fx_module_from(cx,
 * forward, .data = block, .kind = "block"). destroy (may be NULL) is called once with data: when the context
 * ends, or when making fails. */
typedef struct fx_module_args {
    fx_context *cx;
    fx_forward_function *forward;
    void *data;
    void (*destroy)(void *data);
    const char *kind; /* a word for messages; copied; NULL: "module" */
} fx_module_args;
#define fx_module_new(context) fx_module_from_at(FX_LITERAL(fx_module_args){ .cx = context }, FX_HERE)
#define fx_module_from(context, ...)                                                                         \
    fx_module_from_at(FX_LITERAL(fx_module_args){ .cx = context, .forward = __VA_ARGS__ }, FX_HERE)
FX_API fx_module *fx_module_from_at(fx_module_args args, fx_where where);

/* Adds a child, and returns it. A name may have dots ("layer.0"), is not empty, and is nothing else's in m
 * (FX_ERROR_ARGUMENT). A child may stand in several places: its parameters are shared. m may not stand in it.
 */
#define fx_child(m, name, child) fx_child_at(m, name, child, FX_HERE)
FX_API fx_module *fx_child_at(fx_module *m, const char *name, fx_module *child, fx_where where);

/* Adds a parameter, and returns the tensor to use from now on, which requires a gradient: x itself if it
 * lives as long as the context, a copy of it that does otherwise. The same tensor may be added in several
 * places. */
#define fx_module_parameter(m, name, x) fx_module_parameter_at(m, name, x, FX_HERE)
FX_API fx_tensor *fx_module_parameter_at(fx_module *m, const char *name, fx_tensor *x, fx_where where);

/* Adds a buffer: part of the state, but nothing that is trained. fx_module_buffer(m, "mask", x, .transient =
 * true) is one that is not in files. Returns the tensor to use, as above. */
typedef struct fx_buffer_args {
    fx_module *module;
    const char *name;
    fx_tensor *x;
    bool transient;
} fx_buffer_args;
#define fx_module_buffer(m, buffer_name, ...)                                                                \
    fx_module_buffer_at(FX_LITERAL(fx_buffer_args){ .module = m, .name = buffer_name, .x = __VA_ARGS__ },    \
                        FX_HERE)
FX_API fx_tensor *fx_module_buffer_at(fx_buffer_args args, fx_where where);

/* A name of numbers, printf-like: fx_name("layer.%d", i). It stands to the end of the block around the call
 * (in C++: of the expression); "", which no name may be, if it has more than FX_NAME_BYTES - 1. */
enum { FX_NAME_BYTES = 128 };
typedef struct fx_name_buffer {
    char text[FX_NAME_BYTES];
} fx_name_buffer;
FX_API const char *fx_name_in(fx_name_buffer *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#ifdef __cplusplus
#define fx_name(...) fx_name_in(fx_name_here(fx_name_buffer()), __VA_ARGS__)
#else
#define fx_name(...) fx_name_in(&(fx_name_buffer){ { 0 } }, __VA_ARGS__)
#endif

FX_API fx_context *fx_module_context(const fx_module *m);
FX_API const char *fx_module_kind(const fx_module *m); /* "linear", "sequential" ...; "" for NULL */
FX_API void *fx_module_data(const fx_module *m);       /* what fx_module_from() was given */

/* The child, or the parameter or buffer, of a dotted name ("layer.0.weight"); NULL if there is none. */
FX_API fx_module *fx_module_child(const fx_module *m, const char *name);
FX_API fx_tensor *fx_module_tensor(fx_module *m, const char *name);

/* m(x). Modules that only hold children have no forward (FX_ERROR_ARGUMENT). */
#define fx_forward(m, x) fx_forward_at(m, x, FX_HERE)
FX_API fx_tensor *fx_forward_at(fx_module *m, fx_tensor *x, fx_where where);
/* Within a forward function: the place of the call, to be handed on to fx_NAME_at functions. */
FX_API fx_where fx_module_where(const fx_module *m);

/* Sets the mode of m and of all below it. A new module is in training. */
FX_API void fx_train(fx_module *m);
FX_API void fx_eval(fx_module *m);
FX_API bool fx_is_training(const fx_module *m);

/* Parameters, buffers, and both together but for transient buffers (what files hold), with dotted names: each
 * module's own parameters, its own buffers, then its children, all in the order of adding. What stands in
 * several places is listed once, under its first name. List and names stand as long as the context. An empty
 * list after an error: of memory, or (FX_ERROR_ARGUMENT) two tensors of one name. */
#define fx_parameters(m) fx_parameters_at(m, FX_HERE)
#define fx_buffers(m) fx_buffers_at(m, FX_HERE)
#define fx_state(m) fx_state_at(m, FX_HERE)
FX_API fx_named_list fx_parameters_at(fx_module *m, fx_where where);
FX_API fx_named_list fx_buffers_at(fx_module *m, fx_where where);
FX_API fx_named_list fx_state_at(fx_module *m, fx_where where);

/* How many numbers its parameters have. */
FX_API int64_t fx_parameter_count(fx_module *m);

/* Calls function with each module of the tree, children first. One that stands in several places is called as
 * often. */
typedef void fx_module_function(void *data, fx_module *m);
FX_API void fx_module_apply(fx_module *m, fx_module_function *function, void *data);

/* Of all parameters: whether they require a gradient (frozen ones cost no work); clears their gradients. */
#define fx_module_set_requires_grad(m, requires) fx_module_set_requires_grad_at(m, requires, FX_HERE)
FX_API fx_status fx_module_set_requires_grad_at(fx_module *m, bool requires_grad, fx_where where);
FX_API void fx_module_zero_grad(fx_module *m);

/* XXH3 of the names, dtypes, shapes and numbers of fx_state(): equal for equal models. 0 after an error. */
FX_API uint64_t fx_module_digest(fx_module *m);

/* Writes fx_state() as safetensors: beside the file and renamed, so that the old one stands until the new one
 * is whole. */
#define fx_save(m, path) fx_save_at(m, path, FX_HERE)
FX_API fx_status fx_save_at(fx_module *m, const char *path, fx_where where);

/* Reads what fx_save(), or safetensors.torch.save_file(model.state_dict()), has written. Names, dtypes and
 * shapes must be the module's; what differs is listed in the error, and nothing has changed. With .strict =
 * false names that only one side has are passed over. A floating dtype is converted to the module's; a tensor
 * that stands in several places may have any of its names, or all. */
typedef struct fx_load_args {
    fx_module *module;
    const char *path;
    bool strict;
} fx_load_args;
#define FX_LOAD_DEFAULTS .strict = true,
#define fx_load(m, ...)                                                                                      \
    fx_load_at(FX_LITERAL(fx_load_args){ FX_LOAD_DEFAULTS.module = m, .path = __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_load_at(fx_load_args args, fx_where where);

#ifdef __cplusplus
} /* extern "C" */
static inline fx_name_buffer *fx_name_here(fx_name_buffer &&name) { return &name; }
#endif
#endif
