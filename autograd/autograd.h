/* Fluxion's core: contexts, scopes, tensors, the tape and the backward pass.
 *
 * A context owns everything. Tensors made on it belong to the scope that was open when they were made and end
 * with it. Each differentiable op records a node, a closure over what its gradient needs; fx_backward() sorts
 * the nodes that a result depends on and applies the chain rule from last to first.
 *
 * Conventions that hold for every function here unless its comment says otherwise:
 *   - a function that returns a tensor returns NULL on failure; one that returns fx_status returns its code.
 * The first failure stays in the context (fx_error_message) until fx_error_clear();
 *   - a NULL tensor passed in gives NULL (or FX_ERROR_ARGUMENT) out, silently: the failure that made it is
 *     already recorded. So an expression may be written whole and checked once;
 *   - a tensor returned belongs to the open scope; nothing has to be freed by hand;
 *   - a function fx_NAME_at takes the place of the call, which the macro fx_NAME fills in.
 */
#ifndef FLUXION_AUTOGRAD_H
#define FLUXION_AUTOGRAD_H

#include <math.h> /* for FX_ELEMENTWISE's expressions */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#define FX_LITERAL(T) T
#else
#define FX_LITERAL(T) (T)
#endif

#define FX_API __attribute__((visibility("default")))

/* Macros here give options a default that the caller may name again (`.bias = false` after `.bias = true`);
 * that is meant, and would warn under -Wextra. gcc and clang both know the flag by this name. */
#ifndef __cplusplus
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

enum { FX_MAX_DIMS = 8, FX_MAX_OUTPUTS = 8 };

/* ---- places, errors ------------------------------------------------------------------------------------ */

/* Where in the user's program a call stands. */
typedef struct fx_where {
    const char *file;
    int line;
} fx_where;
#define FX_HERE (FX_LITERAL(fx_where){ __FILE__, __LINE__ })

#define FX_STATUS_LIST(X)                                                                                    \
    X(OK, "no error")                                                                                        \
    X(ERROR_ARGUMENT, "an argument has a value that it may not have")                                        \
    X(ERROR_SHAPE, "shapes do not fit")                                                                      \
    X(ERROR_DTYPE, "a dtype does not fit")                                                                   \
    X(ERROR_INDEX, "an index is out of range")                                                               \
    X(ERROR_GRAPH, "the graph does not allow it")                                                            \
    X(ERROR_FREED, "the graph was already freed by a backward pass")                                         \
    X(ERROR_MODIFIED, "a tensor that a gradient needs was changed in place")                                 \
    X(ERROR_NO_GRADIENT, "the derivative is not implemented")                                                \
    X(ERROR_NUMBER, "a number is not finite, or a matrix is singular")                                       \
    X(ERROR_MEMORY, "out of memory")                                                                         \
    X(ERROR_THREAD, "a context was used by a thread that does not hold it")                                  \
    X(ERROR_FILE, "a file cannot be read or written")                                                        \
    X(ERROR_FORMAT, "a file is not of the format it should be")                                              \
    X(ERROR_UNSUPPORTED, "this build or this machine cannot do it")                                          \
    X(ERROR_USER, "a user's function reported a failure")                                                    \
    X(ERROR_GRADIENT, "a gradient is wrong")

typedef enum fx_status {
#define FX__STATUS(name, text) FX_##name,
    FX_STATUS_LIST(FX__STATUS)
#undef FX__STATUS
} fx_status;

/* The meaning of a code, in words. Never NULL. */
FX_API const char *fx_status_text(fx_status code);

typedef struct fx_context fx_context;
typedef struct fx_tensor fx_tensor;
typedef struct fx_op fx_op;
typedef struct fx_call fx_call;
typedef struct fx_hook fx_hook;

/* The first failure since the last clear: its code, and a line `file.c:12: op: what is wrong: (shapes)`; ""
 * and FX_OK without one. The text belongs to the context and stands until fx_error_clear(). */
FX_API fx_status fx_error(const fx_context *cx);
FX_API const char *fx_error_message(const fx_context *cx);
FX_API void fx_error_clear(fx_context *cx);

/* Records a failure of one's own, printf-like, unless one stands already. Returns code. */
FX_API fx_status fx_error_set(fx_context *cx, fx_status code, fx_where where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Warnings (a gradient read where none is kept, say) are counted, and handed to the function that was set. */
typedef void fx_warning_function(void *data, const char *message);
FX_API void fx_on_warning(fx_context *cx, fx_warning_function *function, void *data);
FX_API int64_t fx_warning_count(const fx_context *cx);

/* ---- dtypes -------------------------------------------------------------------------------------------- */

/*    name  C type   words       bytes */
#define FX_DTYPE_LIST(X)                                                                                     \
    X(BOOL, uint8_t, "bool")                                                                                 \
    X(U8, uint8_t, "uint8")                                                                                  \
    X(I32, int32_t, "int32")                                                                                 \
    X(I64, int64_t, "int64")                                                                                 \
    X(F32, float, "float32")                                                                                 \
    X(F64, double, "float64")

typedef enum fx_dtype {
    FX_DTYPE_NONE, /* not given: the function's default */
#define FX__DTYPE(name, type, text) FX_##name,
    FX_DTYPE_LIST(FX__DTYPE)
#undef FX__DTYPE
        FX_DTYPE_COUNT
} fx_dtype;

FX_API const char *fx_dtype_name(fx_dtype dtype);
FX_API size_t fx_dtype_size(fx_dtype dtype);
static inline bool fx_dtype_is_float(fx_dtype dtype) { return dtype == FX_F32 || dtype == FX_F64; }

/* The dtype of a result of two tensors of one kind (both 0-d, or neither): PyTorch's lattice,
 * bool < uint8 < int32 < int64 < float32 < float64. */
FX_API fx_dtype fx_promote(fx_dtype a, fx_dtype b);

/* ---- lists that stand in a call ------------------------------------------------------------------------ */

/* A list of dimensions or sizes: FX_DIMS(2, 3). Zeroed it means "not given". More than FX_MAX_DIMS do not
 * compile. */
typedef struct fx_dims {
    bool given;
    int count;
    int64_t at[FX_MAX_DIMS];
} fx_dims;
#define FX__COUNT(...) (sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))
#define FX__AT_MOST(count, most) ((int)((count) * sizeof(char[(count) <= (most) ? 1 : -1])))
#define FX_DIMS(...)                                                                                         \
    (FX_LITERAL(fx_dims){ true, FX__AT_MOST(FX__COUNT(__VA_ARGS__), FX_MAX_DIMS), { __VA_ARGS__ } })

/* A list of tensors that the callee only reads: FX_LIST(a, b, c). */
typedef struct fx_list {
    int count;
    fx_tensor *const *at;
} fx_list;
#define FX_LIST(...)                                                                                         \
    (FX_LITERAL(fx_list){ (int)(sizeof((fx_tensor *[]){ __VA_ARGS__ }) / sizeof(fx_tensor *)),               \
                          (fx_tensor *[]){ __VA_ARGS__ } })

/* A tensor and its name, as parameters and files have them ("0.weight"); and a list of such, which the callee
 * only reads. To stand in a call: FX_NAMED(cx, {"w", w}, {"b", b}). */
typedef struct fx_named {
    const char *name;
    fx_tensor *tensor;
} fx_named;
typedef struct fx_named_list {
    int64_t count;
    const fx_named *at;
    fx_context *cx; /* where a failure is reported; NULL: on the first tensor's */
} fx_named_list;
#define FX_NAMED(cx, ...)                                                                                    \
    (FX_LITERAL(fx_named_list){ (int64_t)(sizeof((fx_named[]){ __VA_ARGS__ }) / sizeof(fx_named)),           \
                                (fx_named[]){ __VA_ARGS__ }, cx })

/* A tensor, or a number where a tensor may stand: then tensor is FX_NUMBER, which is not NULL, so that a
 * failed tensor is not taken for a number. FX_OPERAND(a) makes one of either; two registers. */
typedef struct fx_operand {
    fx_tensor *tensor;
    double number;
} fx_operand;
#define FX_NUMBER ((fx_tensor *)(uintptr_t)1)  /* a real number: makes integers real */
#define FX_INTEGER ((fx_tensor *)(uintptr_t)2) /* an integer */
static inline fx_operand fx_operand_tensor(fx_tensor *t) { return FX_LITERAL(fx_operand){ t, 0 }; }
static inline fx_operand fx_operand_number(double n) { return FX_LITERAL(fx_operand){ FX_NUMBER, n }; }
static inline fx_operand fx_operand_integer(long long n)
{
    return FX_LITERAL(fx_operand){ FX_INTEGER, (double)n };
}
static inline bool fx_operand_is_number(fx_operand a)
{
    return a.tensor == FX_NUMBER || a.tensor == FX_INTEGER;
}

/* ---- contexts ------------------------------------------------------------------------------------------ */

/* Where memory comes from, if not from malloc: alloc returns 64-byte aligned memory or NULL. */
typedef struct fx_allocator {
    void *(*alloc)(void *data, size_t bytes);
    void (*free)(void *data, void *memory, size_t bytes);
    void *data;
} fx_allocator;

typedef struct fx_context_options {
    uint64_t seed;          /* of the random numbers; 0 is a seed like any other */
    int threads;            /* at most this many; 0: OMP_NUM_THREADS, or as many as there are processors */
    fx_dtype dtype;         /* of numbers and of modules' parameters where none is given; FX_F32 */
    fx_allocator allocator; /* zeroed: malloc */
} fx_context_options;

/* A new context, or NULL when memory is out. It belongs to the calling thread (see fx_context_adopt) and is
 * freed with all that was made on it by fx_context_free() or fx_finish(). */
#define fx_context_new(...) fx_context_new_with(FX_LITERAL(fx_context_options){ __VA_ARGS__ })
FX_API fx_context *fx_context_new_with(fx_context_options options);
FX_API void fx_context_free(fx_context *cx); /* NULL is fine */

/* Prints the first error on stderr, if there is one, frees the context, and returns the exit status of a
 * program: 0, or 1 after an error. */
FX_API int fx_finish(fx_context *cx);

/* Makes the calling thread the one that may use the context. The thread that used it before must have stopped
 * to. */
FX_API void fx_context_adopt(fx_context *cx);

FX_API int fx_threads(const fx_context *cx);
FX_API void fx_set_threads(fx_context *cx, int threads);
FX_API fx_dtype fx_default_dtype(const fx_context *cx);

/* Gives memory that the pool keeps, and nobody uses, back to the system. */
FX_API void fx_context_trim(fx_context *cx);

/* ---- scopes -------------------------------------------------------------------------------------------- */

/* FX_SCOPE (cx) { ... }: what is made inside ends at the closing brace, but for what fx_keep() moved out.
 * Leaving by return, goto or break closes it as well. It is a loop that runs once: `break` and `continue`
 * leave the scope, not a loop around it. */
typedef struct fx_scope {
    fx_context *cx;
    uint32_t id;
    bool open;
} fx_scope;
FX_API fx_scope fx_scope_open_at(fx_context *cx, fx_where where);
FX_API void fx_scope_close(fx_scope *scope); /* closes those opened inside it too; twice is fine */
#define fx_scope_open(cx) fx_scope_open_at(cx, FX_HERE)
#define FX__JOIN2(a, b) a##b
#define FX__JOIN(a, b) FX__JOIN2(a, b)
#define FX_SCOPE(cx)                                                                                         \
    for (fx_scope FX__JOIN(fx__scope_, __LINE__)                                                             \
             __attribute__((cleanup(fx_scope_close))) = fx_scope_open(cx),                                   \
             *FX__JOIN(fx__once_, __LINE__) = &FX__JOIN(fx__scope_, __LINE__);                               \
         FX__JOIN(fx__once_, __LINE__); FX__JOIN(fx__once_, __LINE__) = NULL)

/* Moves x to the scope around the open one, and returns the handle to use from now on (x itself may end with
 * the scope). With its graph, if it has one. In the outermost scope: x. */
FX_API fx_tensor *fx_keep(fx_tensor *x);

/* Ends x before its scope does: its memory goes back to the pool unless a recorded gradient needs it. x must
 * not be used afterwards. NULL is fine; so is fx_grad() of a tensor, which stays that tensor's. */
FX_API void fx_release(fx_tensor *x);

/* What lives on a context. Bytes are what tensors asked for; pool is what the system was asked for. */
typedef struct fx_stats {
    int64_t tensor_bytes;   /* held by live buffers, in all scopes */
    int64_t peak_bytes;     /* the most that tensor_bytes was since fx_stats_reset_peak() */
    int64_t pool_bytes;     /* taken from the system and not given back: buffers in use or kept, and arenas */
    int64_t nodes;          /* tape nodes alive */
    int64_t captured_bytes; /* held by buffers that recorded gradients need */
    int64_t system_allocations; /* calls to the allocator since the context was made */
    int scopes;                 /* open, the context's own included */
} fx_stats;
FX_API fx_stats fx_context_stats(const fx_context *cx);
FX_API void fx_stats_reset_peak(fx_context *cx);

/* Prints a table: each open scope, where it was opened, its buffers, bytes and nodes. */
FX_API void fx_memory_report(const fx_context *cx, FILE *file);

/* ---- grad modes ---------------------------------------------------------------------------------------- */

typedef enum fx_grad_mode {
    FX_GRAD_ON,
    FX_GRAD_OFF,      /* nothing is recorded */
    FX_GRAD_INFERENCE /* nor can what is made here be recorded later; no versions are counted */
} fx_grad_mode;

typedef struct fx_mode {
    fx_context *cx;
    fx_grad_mode before;
} fx_mode;
FX_API fx_grad_mode fx_get_grad_mode(const fx_context *cx);
FX_API fx_mode fx_mode_push(fx_context *cx, fx_grad_mode mode);
FX_API void fx_mode_pop(fx_mode *mode);
#define FX__MODE(cx, mode)                                                                                   \
    for (fx_mode FX__JOIN(fx__mode_, __LINE__)                                                               \
             __attribute__((cleanup(fx_mode_pop))) = fx_mode_push(cx, mode),                                 \
             *FX__JOIN(fx__monce_, __LINE__) = &FX__JOIN(fx__mode_, __LINE__);                               \
         FX__JOIN(fx__monce_, __LINE__); FX__JOIN(fx__monce_, __LINE__) = NULL)
/* FX_NO_GRAD (cx) { ... } and so on; a nested one ends with its block, however that is left. */
#define FX_NO_GRAD(cx) FX__MODE(cx, FX_GRAD_OFF)
#define FX_ENABLE_GRAD(cx) FX__MODE(cx, FX_GRAD_ON)
#define FX_INFERENCE(cx) FX__MODE(cx, FX_GRAD_INFERENCE)

/* ---- making tensors ------------------------------------------------------------------------------------ */

/* fx_empty(cx, FX_F32, 3, 4): sizes follow the dtype; FX_DTYPE_NONE is the context's. Numbers are not set. */
#define fx_empty(cx, dtype, ...) fx_empty_at(cx, dtype, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_zeros(cx, dtype, ...) fx_full_at(cx, dtype, 0, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_ones(cx, dtype, ...) fx_full_at(cx, dtype, 1, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_full(cx, dtype, value, ...) fx_full_at(cx, dtype, value, FX_DIMS(__VA_ARGS__), FX_HERE)
/* A 0-d tensor. */
#define fx_scalar(cx, dtype, value)                                                                          \
    fx_full_at(cx, dtype, value, FX_LITERAL(fx_dims){ true, 0, { 0 } }, FX_HERE)
/* A copy of the caller's numbers, row-major, of the tensor's own dtype. */
#define fx_from(cx, dtype, data, ...) fx_from_at(cx, dtype, data, FX_DIMS(__VA_ARGS__), FX_HERE)
/* The caller's memory, used where it lies; it must outlive the tensor. Written only by in-place ops. */
#define fx_wrap(cx, dtype, data, ...) fx_wrap_at(cx, dtype, data, FX_DIMS(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_empty_at(fx_context *cx, fx_dtype dtype, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_full_at(fx_context *cx, fx_dtype dtype, double value, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_from_at(fx_context *cx, fx_dtype dtype, const void *data, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_wrap_at(fx_context *cx, fx_dtype dtype, void *data, fx_dims sizes, fx_where where);

/* Random tensors: uniform in [0, 1), standard normal, integers in [low, high), a permutation of 0 .. n-1
 * (int64). The numbers depend on the context's seed and on how many were drawn before, not on threads. */
#define fx_rand(cx, dtype, ...) fx_rand_at(cx, dtype, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_randn(cx, dtype, ...) fx_randn_at(cx, dtype, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_randint(cx, low, high, ...) fx_randint_at(cx, low, high, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_randperm(cx, n) fx_randperm_at(cx, n, FX_HERE)
FX_API fx_tensor *fx_rand_at(fx_context *cx, fx_dtype dtype, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_randn_at(fx_context *cx, fx_dtype dtype, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_randint_at(fx_context *cx, int64_t low, int64_t high, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_randperm_at(fx_context *cx, int64_t n, fx_where where);

/* The state of the random numbers (Philox 4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as
 * easy as 1, 2, 3", 2011): a key and a count. Saving and restoring it repeats them. */
typedef struct fx_random_state {
    uint64_t seed, drawn;
} fx_random_state;
FX_API fx_random_state fx_get_random_state(const fx_context *cx);
FX_API void fx_set_random_state(fx_context *cx, fx_random_state state);

/* int64 0 .. end-1; and n numbers from first to last, both included, of the context's dtype. */
#define fx_arange(cx, end) fx_arange_at(cx, end, FX_HERE)
#define fx_linspace(cx, first, last, n) fx_linspace_at(cx, first, last, n, FX_HERE)
FX_API fx_tensor *fx_arange_at(fx_context *cx, int64_t end, fx_where where);
FX_API fx_tensor *fx_linspace_at(fx_context *cx, double first, double last, int64_t n, fx_where where);

/* ---- asking tensors ------------------------------------------------------------------------------------ */

FX_API fx_context *fx_context_of(const fx_tensor *x);
FX_API fx_dtype fx_dtype_of(const fx_tensor *x);
FX_API int fx_ndim(const fx_tensor *x);
FX_API int64_t fx_dim(const fx_tensor *x,
                      int dim); /* negative counts from the end; -1 for a dim that it has not */
FX_API const int64_t *fx_sizes(const fx_tensor *x);
FX_API const int64_t *fx_strides(const fx_tensor *x); /* in elements */
FX_API fx_dims fx_shape(const fx_tensor *x);
FX_API int64_t fx_numel(const fx_tensor *x);
FX_API bool fx_is_contiguous(const fx_tensor *x);
FX_API uint32_t fx_version(const fx_tensor *x); /* how often its memory was written in place */

/* The numbers where they lie, at the strides above. fx_data() is for writing: it counts as an in-place
 * change. */
FX_API const void *fx_data_const(const fx_tensor *x);
FX_API void *fx_data(fx_tensor *x);

/* The one number of a one-element tensor; NAN or 0 after recording an error if there are more or none. */
#define fx_item(x) fx_item_at(x, FX_HERE)
#define fx_item_int(x) fx_item_int_at(x, FX_HERE)
FX_API double fx_item_at(const fx_tensor *x, fx_where where);
FX_API int64_t fx_item_int_at(const fx_tensor *x, fx_where where);

/* Copies all numbers, row-major, into memory of numel elements of dtype, converting. */
#define fx_copy_out(x, dtype, memory) fx_copy_out_at(x, dtype, memory, FX_HERE)
FX_API fx_status fx_copy_out_at(const fx_tensor *x, fx_dtype dtype, void *memory, fx_where where);

/* Prints a tensor, like PyTorch; NULL prints as such. */
FX_API void fx_print(const fx_tensor *x);
FX_API void fx_print_to(const fx_tensor *x, FILE *file);

/* XXH3 of dtype, shape and numbers in row-major order: equal for equal bits. */
FX_API uint64_t fx_digest(const fx_tensor *x);

/* ---- gradients of tensors ------------------------------------------------------------------------------ */

/* Makes x a leaf that requires a gradient, and returns it. x must have a floating dtype and no graph. */
#define fx_parameter(x) fx_parameter_at(x, FX_HERE)
FX_API fx_tensor *fx_parameter_at(fx_tensor *x, fx_where where);
#define fx_set_requires_grad(x, requires) fx_set_requires_grad_at(x, requires, FX_HERE)
FX_API fx_status fx_set_requires_grad_at(fx_tensor *x, bool requires_grad, fx_where where);
FX_API bool fx_requires_grad(const fx_tensor *x);
FX_API bool fx_is_leaf(const fx_tensor *x);

/* The accumulated gradient: NULL where there is none (which is not the same as zero). It belongs to x and
 * ends with it, or when it is set or cleared. */
FX_API fx_tensor *fx_grad(const fx_tensor *x);
#define fx_set_grad(x, grad) fx_set_grad_at(x, grad, FX_HERE)
FX_API fx_status fx_set_grad_at(fx_tensor *x, fx_tensor *grad,
                                fx_where where); /* grad NULL clears; copies otherwise */
FX_API void fx_clear_grad(fx_tensor *x);

/* Keeps the gradient of a result, too, at the next backward; nothing to do on a leaf. */
#define fx_retain_grad(x) fx_retain_grad_at(x, FX_HERE)
FX_API fx_status fx_retain_grad_at(fx_tensor *x, fx_where where);

/* The same numbers without a graph: shares memory and version. fx_detach_() cuts x itself off. */
#define fx_detach(x) fx_detach_at(x, FX_HERE)
FX_API fx_tensor *fx_detach_at(fx_tensor *x, fx_where where);
#define fx_detach_(x) fx_detach_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_detach_in_place_at(fx_tensor *x, fx_where where);

/* ---- backward ------------------------------------------------------------------------------------------ */

/* fx_backward(loss), fx_backward(y, .seed = g), fx_backward(NULL, .roots = FX_LIST(a, b), .seeds =
 * FX_LIST(ga, gb)): adds d(root)/d(leaf), weighted by the seeds, to fx_grad() of every leaf reached. On
 * failure no leaf has changed. Without retain_graph what the nodes captured is let go, and a second pass over
 * a node that had captured anything is an error. With create_graph the gradients have a graph of their own
 * (and the first is retained). */
typedef struct fx_backward_args {
    fx_tensor *root;
    fx_tensor *seed;   /* of root's shape; may be left out where root has one element */
    fx_list roots;     /* several, instead of root; one may depend on another, one may stand twice */
    fx_list seeds;     /* as many as roots, NULL for a one-element root; or none at all */
    fx_list inputs;    /* if any: accumulates in these alone, leaves or not */
    bool inputs_given; /* an empty list of inputs is an error if this is set */
    bool retain_graph, create_graph;
} fx_backward_args;
#define fx_backward(...) fx_backward_at(FX_LITERAL(fx_backward_args){ .root = __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_backward_at(fx_backward_args args, fx_where where);

/* fx_gradient(y, x): the gradient itself, touching no fx_grad() and running only what leads to x.
 * Several: fx_gradients(results, .outputs = FX_LIST(...), .inputs = FX_LIST(...), ...), results[] of
 * inputs.count. */
typedef struct fx_gradient_args {
    fx_tensor *output, *input;
    fx_tensor *seed;
    fx_list outputs, inputs, seeds;
    bool retain_graph, create_graph;
    bool allow_unused;      /* an input that the outputs do not depend on gives NULL instead of an error */
    bool materialize_grads; /* ... gives zeros; implies allow_unused */
} fx_gradient_args;
#define fx_gradient(y, ...)                                                                                  \
    fx_gradient_at(FX_LITERAL(fx_gradient_args){ .output = y, .input = __VA_ARGS__ }, FX_HERE)
#define fx_gradients(results, ...)                                                                           \
    fx_gradients_at(results, FX_LITERAL(fx_gradient_args){ __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_gradient_at(fx_gradient_args args, fx_where where);
FX_API fx_status fx_gradients_at(fx_tensor **results, fx_gradient_args args, fx_where where);

/* Zero-safe mode: a zero gradient stays zero through an infinite derivative (0 * inf = 0 in elementwise
 * gradients), so that the branch not taken of a where() cannot turn the other into NaN. Off by default. */
FX_API void fx_set_zero_safe(fx_context *cx, bool on);

/* Copy on write: where an op in place, fx_data() or an optimizer's step is about to write numbers that
 * gradients still need, those are copied first, once for all gradients that need the same tensor, and the
 * gradients are of the numbers as they were. A write then goes through the tape, in time that grows with its
 * nodes, and the copies last as long as the scope that the ops ran in. Off by default: such a gradient is an
 * error. PyTorch's torch.autograd.graph.allow_mutation_on_saved_tensors(). */
FX_API void fx_set_allow_mutation_on_saved_tensors(fx_context *cx, bool on);

/* NaN tracing: the first op, forward or backward, that makes a non-finite number from finite ones is an
 * error that names it, its line, the index and the operands. Off by default. */
typedef struct fx_nan_trace {
    bool on;
    bool allow_infinity; /* report NaN alone */
} fx_nan_trace;
FX_API void fx_set_nan_trace(fx_context *cx, fx_nan_trace trace);

/* ---- hooks --------------------------------------------------------------------------------------------- */

/* Called with the whole gradient of a tensor, summed over its uses, before anything else sees it. Returns the
 * gradient to go on with: grad, another of its shape, or NULL after recording an error. Hooks of a tensor run
 * in the order in which they were added. */
typedef fx_tensor *fx_grad_hook(void *data, fx_tensor *grad);
/* Called after a leaf's gradient was accumulated. May use and clear it. */
typedef fx_status fx_accumulate_hook(void *data, fx_tensor *leaf);

/* destroy (may be NULL) is called once with data when the hook is removed or its tensor ends. NULL on
 * failure, after which destroy has been called. */
#define fx_add_hook(x, function, data, destroy) fx_add_hook_at(x, function, data, destroy, FX_HERE)
#define fx_add_accumulate_hook(x, function, data, destroy)                                                   \
    fx_add_accumulate_hook_at(x, function, data, destroy, FX_HERE)
FX_API fx_hook *fx_add_hook_at(fx_tensor *x, fx_grad_hook *function, void *data, void (*destroy)(void *),
                               fx_where where);
FX_API fx_hook *fx_add_accumulate_hook_at(fx_tensor *x, fx_accumulate_hook *function, void *data,
                                          void (*destroy)(void *), fx_where where);
FX_API void fx_remove_hook(fx_tensor *x, fx_hook *hook); /* a hook that is gone already is fine */

/* A hook of several tensors, called once in each pass that reaches any of them: FX_MULTI_ANY with the first
 * gradient that is whole, FX_MULTI_ALL when all are, before any leaf changes. grads[i] is tensor i's
 * gradient, NULL where the pass gave it none (FX_MULTI_ANY: of all but one); it is for reading and ends with
 * the pass. Removed by fx_remove_hook(NULL, hook), and when the first of the tensors' scopes ends. */
typedef enum fx_multi_mode { FX_MULTI_ALL, FX_MULTI_ANY } fx_multi_mode;
typedef fx_status fx_multi_hook(void *data, fx_tensor *const *grads, int count);
#define fx_add_multi_hook(list, mode, function, data, destroy)                                               \
    fx_add_multi_hook_at(list, mode, function, data, destroy, FX_HERE)
FX_API fx_hook *fx_add_multi_hook_at(fx_list tensors, fx_multi_mode mode, fx_multi_hook *function, void *data,
                                     void (*destroy)(void *), fx_where where);

/* Saved-tensor hooks: while pushed, what a node captures is handed to pack once, and to unpack each time that
 * the gradient needs it. pack returns what to keep in the tensor's place (and may not change the tensor);
 * unpack returns a tensor of the same shape and dtype in the open scope; drop (may be NULL) ends what pack
 * returned. NULL fails. */
typedef struct fx_saved_hooks {
    void *(*pack)(void *data, fx_tensor *x);
    fx_tensor *(*unpack)(void *data, void *packed);
    void (*drop)(void *data, void *packed);
    void *data;
} fx_saved_hooks;
FX_API fx_status fx_push_saved_hooks(fx_context *cx, fx_saved_hooks hooks);
FX_API void fx_pop_saved_hooks(fx_context *cx);

/* Checkpointing: runs function(data, inputs) without recording, and runs it again in backward to get its
 * gradients, with the random numbers of the first time. Parameters that it uses besides inputs get their
 * gradients too. */
typedef fx_tensor *fx_checkpoint_function(void *data, fx_tensor *const *inputs, int count);
#define fx_checkpointed(function, data, ...) fx_checkpointed_at(function, data, FX_LIST(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_checkpointed_at(fx_checkpoint_function *function, void *data, fx_list inputs,
                                     fx_where where);

/* ---- ops of one's own ---------------------------------------------------------------------------------- */

/* What a result will be. The shape rule finds it filled with the first input's dtype and sizes. */
typedef struct fx_spec {
    fx_dtype dtype;
    int ndim;
    int64_t size[FX_MAX_DIMS];
    int view_of;                 /* view ops only: the input whose memory this is (0 for the first) */
    int64_t stride[FX_MAX_DIMS]; /* view ops only, in elements */
    int64_t offset;              /* view ops only, in elements from that input's first */
    bool no_gradient;            /* this output has none, whatever the inputs */
} fx_spec;

/* One call of an op: what a shape rule, a forward and a gradient are given. */
struct fx_call {
    fx_context *cx;
    const fx_op *op;
    fx_where where;
    int inputs, outputs;
    fx_tensor *const *x;  /* the inputs; in a gradient, NULL where not captured */
    fx_tensor *y;         /* the first output; in a gradient, NULL unless captured */
    fx_tensor *const *ys; /* all outputs, likewise */
    fx_tensor *const *gs; /* in a gradient: of each output; NULL where none came */
    const void *options;  /* a copy of what fx_apply was given */
    uint64_t needs; /* in a gradient: bit i says that input i wants one, bit 63 that one from input 63 on does
                     * (fx_call_needs). In a forward: that a node is recorded */
    fx_tensor *const *shapes; /* the inputs, to ask for sizes and dtypes alone: always there */
};

/* What a closure captures: any of FX_CAPTURE_X0 ... and FX_CAPTURE_Y. An uncaptured tensor is NULL in the
 * gradient. */
#define FX_CAPTURE_X(i) (1u << (i))
#define FX_CAPTURE_X0 FX_CAPTURE_X(0)
#define FX_CAPTURE_X1 FX_CAPTURE_X(1)
#define FX_CAPTURE_X2 FX_CAPTURE_X(2)
#define FX_CAPTURE_ALL_X 0xffffu
#define FX_CAPTURE_Y_AT(k) (1u << (16 + (k)))
#define FX_CAPTURE_Y FX_CAPTURE_Y_AT(0)

struct fx_op {
    const char *name;
    const char *formula; /* in words, for people */
    int inputs;          /* how many; -1: any number */
    int outputs;         /* how many; 0 means 1; -1: output_count says */
    int (*output_count)(const fx_call *c);
    unsigned captures;                      /* the most that its closure captures ... */
    unsigned (*captured)(const fx_call *c); /* ... and what of it, given c->needs; NULL: all */
    size_t options_size;                    /* of the options, copied into the node by value */
    bool view;    /* the output is the input's memory, as the shape rule says; no forward */
    bool strided; /* takes inputs of any strides; otherwise it is handed contiguous ones */
    bool once;    /* its gradient has no gradient: a second derivative is an error */

    /* Checks all that can be wrong and says what comes out (one spec an output). False after fx_call_fail().
     */
    bool (*shape)(const fx_call *c, fx_spec *y);
    /* Writes c->ys, which are contiguous and not set. May fail by fx_call_fail(). */
    void (*forward)(const fx_call *c);
    /* g is the gradient in the first output (c->gs has all). Sets gx[i] where bit i of c->needs is set; what
     * is left NULL has no gradient. Written in ops, so that it can be differentiated. A gradient may have a
     * shape that x[i] broadcasts to, and another dtype: the tape sums and casts. NULL: the derivative is not
     * implemented. */
    void (*local_grad)(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);
    /* The same, quicker, for when no graph is wanted; never recorded. May be NULL. */
    void (*local_grad_fused)(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);
    /* Drops what options hold besides plain data: called once for each call of the op, when its node ends, or
     * at once where none is recorded or the call fails. May be NULL. */
    void (*options_finish)(void *options);
};

/* Runs an op and records it if an input requires a gradient. fx_apply(&op, x, y, ...) for one without
 * options. */
#define fx_apply(op, ...) fx_apply_at(op, FX_LIST(__VA_ARGS__), NULL, NULL, FX_HERE)
/* options: options_size bytes, or NULL; outputs: receives all outputs, or NULL. Returns the first output. */
FX_API fx_tensor *fx_apply_at(const fx_op *op, fx_list inputs, const void *options, fx_tensor **outputs,
                              fx_where where);

/* For shape rules: the output is as the first input. */
FX_API bool fx_shape_same(const fx_call *c, fx_spec *y);
/* Reports what is wrong with a call, printf-like, after `file.c:12: op: `. Returns false. */
FX_API bool fx_call_fail(const fx_call *c, fx_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline bool fx_call_needs(const fx_call *c, int input)
{
    return c->needs >> (input < 63 ? input : 63) & 1;
}

/* FX_ELEMENTWISE (name, x, expression) defines a forward `name` that computes expression for each number x,
 * in C's double arithmetic, for either floating dtype. */
#define FX_ELEMENTWISE(name, x, expression)                                                                  \
    static inline double name##_one(double x) { return (expression); }                                       \
    static void name(const fx_call *fx__c) { fx_map_at(fx__c, name##_one); }
FX_API void fx_map_at(const fx_call *c, double (*function)(double));

#ifdef __cplusplus
} /* extern "C" */
static inline fx_operand FX_OPERAND(fx_tensor *t) { return fx_operand_tensor(t); }
static inline fx_operand FX_OPERAND(double n) { return fx_operand_number(n); }
static inline fx_operand FX_OPERAND(int n) { return fx_operand_integer(n); }
static inline fx_operand FX_OPERAND(long n) { return fx_operand_integer(n); }
static inline fx_operand FX_OPERAND(long long n) { return fx_operand_integer(n); }
#else
#define FX_OPERAND(a)                                                                                        \
    _Generic((a), fx_tensor *                                                                                \
             : fx_operand_tensor, float                                                                      \
             : fx_operand_number, double                                                                     \
             : fx_operand_number, default                                                                    \
             : fx_operand_integer)(a)
#endif

#endif
