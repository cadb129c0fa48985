/* A function of the caller's, run once on arguments of its own: what every derivative of it begins with
 * (functional.c, jacobian.c). */
#ifndef FLUXION_OPS_FUNCTIONAL_H
#define FLUXION_OPS_FUNCTIONAL_H

#include "function.h"

/* Tensors that belong together: what is differentiated, and the seeds or vectors of it. */
typedef struct fx__tensors {
    int count;
    fx_tensor **at;
} fx__tensors;
static inline fx_list fx__list(fx__tensors t) { return (fx_list){ t.count, t.at }; }

typedef struct fx__derivation {
    const char *name; /* of the derivative, for messages */
    fx_where where;
    fx_derivative_args args;
    fx_context *cx;
    fx__tensors x; /* the function's arguments */
    fx__tensors y; /* and results */
    fx_tensor *results[FX_MAX_OUTPUTS];
    fx_tensor **memory; /* of all lists */
    int left;
} fx__derivation;

/* What a derivative does in the scope that is open for it: fills results[0 .. count-1], which it finds NULL.
 * False after an error. */
typedef bool fx__derive(fx__derivation *d, fx_tensor **results);

/* Runs the function, then derive, and moves the results out: the frame of every derivative. count(inputs,
 * outputs) says how many results there are. */
fx_status fx__derivative(const char *name, const fx_derivative_args *args, fx__derive *derive,
                         int (*count)(int inputs, int outputs), fx_tensor **results, fx_where where);

/* A list of room for n that ends with the derivation. NULL at after an error. */
fx__tensors fx__room(fx__derivation *d, int n);

/* Reports; returns false. */
bool fx__derivation_fail(const fx__derivation *d, fx_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The vectors, one for each of `to`, which messages call by `what`; ones where none is given and there is one
 * number. False after an error. */
bool fx__vectors(fx__derivation *d, fx__tensors to, const char *what, fx__tensors *vectors);

/* How a pass is run: its gradients recorded, its graph kept for another one. */
typedef enum fx__pass_kind { FX__LAST, FX__AGAIN, FX__RECORDED } fx__pass_kind;

/* Gradients of those of `outputs` that require one, weighted by their seeds, in `inputs`; either may have
 * holes. results[i] is NULL where there is none. False after an error. */
bool fx__pull(const fx__derivation *d, fx__tensors outputs, fx__tensors seeds, fx__tensors inputs,
              fx__pass_kind kind, fx_tensor **results);

/* The gradient in x of y under seeds u of their own, recorded: linear in u. u has a hole where y has no
 * gradient; the gradient is NULL, or has no history, where it does not depend on u. */
bool fx__transpose(fx__derivation *d, fx__tensors y, fx__tensors x, fx__tensors *u, fx__tensors *gradient);

/* The gradient in x of the one number that the function gives, recorded. False after an error. */
bool fx__gradient_of(fx__derivation *d, fx__tensors *gradient);

/* Under .strict: an error that output k, all of them, or the gradient, is independent of input i. True
 * otherwise.
 */
enum { FX__FUNCTION = -1, FX__GRADIENT = -2 };
bool fx__independent(const fx__derivation *d, int k, int i);

/* Zeros where a result is missing. False after an error. */
bool fx__fill_up(fx__tensors like, fx_tensor **results);

#endif
