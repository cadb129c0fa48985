/* What the registry knows of the losses of numbers (loss.c).
 */
#include "loss.h"

#define STRUCTURE(function) fx_##function##_args
#define X(function) FX__FIELD(STRUCTURE(function), x, TENSOR, .torch = "input")
#define TARGET(function) FX__FIELD(STRUCTURE(function), target, TENSOR)
#define WEIGHT(function, field) FX__FIELD(STRUCTURE(function), field, TENSOR, .optional = true)
#define REDUCTION(function)                                                                                  \
    FX__FIELD(STRUCTURE(function), reduction, CHOICE, .optional = true, .choices = "none|mean|sum")
#define OPTION(function, field, kind) FX__FIELD(STRUCTURE(function), field, kind, .optional = true)
#define FIELDS(function, ...)                                                                                \
    FX__CALL(function, STRUCTURE(function))                                                                  \
    static const fx_field function##_fields[] = { X(function), TARGET(function), __VA_ARGS__,                \
                                                  FX__FIELDS_END };
#define DEFAULTS(function, ...)                                                                              \
    static const STRUCTURE(function) function##_defaults = { .reduction = FX_REDUCTION_MEAN, __VA_ARGS__ };
#define RECORD(function, formula_, gradient_, notes_, samples_)                                              \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = "nn.functional." #function,                       \
                                                  .formula = formula_,                                       \
                                                  .gradient = gradient_,                                     \
                                                  .notes = notes_,                                           \
                                                  .fields = function##_fields,                               \
                                                  .args_size = sizeof(STRUCTURE(function)),                  \
                                                  .defaults = &function##_defaults,                          \
                                                  .call = function##_call,                                   \
                                                  .samples = samples_,                                       \
                                                  .bench =                                                   \
                                                      "x=(1024,1024)@prob target=~(1024,1024)@prob\n" };

#define COMMON                                                                                               \
    "x=() target=()\nx=(5) target=(5) reduction=none\nx=(3,4) target=(3,4)\nx=(3,4) target=~(3,4) "          \
    "reduction=sum\n"                                                                                        \
    "x=~(0,3) target=~(0,3)\nx=(0,3) target=(0,3) reduction=sum\nx=(0) target=(0) reduction=none\n"          \
    "! x=(3) target=(3,1)\n! x=(3) target=()\n! x=(3)i64 target=(3)\n"

FIELDS(mse_loss, REDUCTION(mse_loss))
DEFAULTS(mse_loss, )
RECORD(mse_loss, "y = (x - t)^2, reduced", "gx = 2 g (x - t), gt = -gx", "x and target do not broadcast",
       COMMON "x=~(3)f32 target=(3)f64\nx=(3) target=(3)i64\nx=(200) target=~(200)\n")

FIELDS(l1_loss, REDUCTION(l1_loss))
DEFAULTS(l1_loss, )
RECORD(l1_loss, "y = |x - t|, reduced", "gx = g sign(x - t), gt = -gx",
       "0 where x is t; x and target do not broadcast",
       COMMON "x=(3){1,2,3} target=(3){1,3,2} reduction=none\n")

FIELDS(smooth_l1_loss, REDUCTION(smooth_l1_loss), OPTION(smooth_l1_loss, beta, REAL))
DEFAULTS(smooth_l1_loss, .beta = 1)
RECORD(smooth_l1_loss, "y = |x - t| < beta ? (x - t)^2 / (2 beta) : |x - t| - beta / 2, reduced",
       "gx = g (x - t) / beta, not beyond -g and g", "beta 0 is l1_loss; x and target do not broadcast",
       COMMON "x=(4){0,2,0.3,-3} target=(4){0,0,0,0} reduction=none\nx=(3,4) target=(3,4) beta=0.3\nx=(3,4) "
              "target=(3,4) beta=0\n"
              "x=~(3){1,-1,0} target=~(3){0,0,0} reduction=none\n! x=(3) target=(3) beta=-1\n")

FIELDS(huber_loss, REDUCTION(huber_loss), OPTION(huber_loss, delta, REAL))
DEFAULTS(huber_loss, .delta = 1)
RECORD(huber_loss, "y = |x - t| <= delta ? (x - t)^2 / 2 : delta (|x - t| - delta / 2), reduced",
       "gx = g (x - t), not beyond -g delta and g delta", "x and target do not broadcast",
       COMMON "x=(4){0,2,0.3,-3} target=(4){0,0,0,0} reduction=none\nx=(3,4) target=(3,4) delta=0.3\n"
              "x=~(3){1,-1,0} target=~(3){0,0,0} reduction=none\n! x=(3) target=(3) delta=0\n")

FIELDS(binary_cross_entropy, WEIGHT(binary_cross_entropy, weight), REDUCTION(binary_cross_entropy))
DEFAULTS(binary_cross_entropy, )
RECORD(binary_cross_entropy,
       "y = -w (t log x + (1 - t) log(1 - x)), logarithms not below -100, reduced; the mean is over all",
       "gx = g w (x - t) / max(x (1 - x), 1e-12)", "x and target do not broadcast, weight does",
       "x=()@prob target=()@prob\nx=(5)@prob target=(5)@prob reduction=none\nx=(3,4)@prob target=(3,4)@prob\n"
       "x=(3,4)@prob target=~(3,4)@prob reduction=sum\nx=(3,4)@prob target=(3,4)@prob weight=~(4)@pos\n"
       "x=(3,4)@prob target=(3,4)@prob weight=~(3,1)@pos reduction=none\nx=~(4){0,1,0,1} "
       "target=~(4){0,1,1,0} reduction=none\n"
       "x=(2){0.25,0.75} target=(2){0,1}\nx=~(0,3) target=~(0,3)\nx=(0,3) target=(0,3) reduction=sum\n"
       "! x=(3)@prob target=(3,1)@prob\n! x=(3)@prob target=(3)@prob weight=(2)\n! x=(3)i64 target=(3)\n")

FIELDS(binary_cross_entropy_with_logits, WEIGHT(binary_cross_entropy_with_logits, weight),
       REDUCTION(binary_cross_entropy_with_logits), WEIGHT(binary_cross_entropy_with_logits, pos_weight))
DEFAULTS(binary_cross_entropy_with_logits, )
RECORD(binary_cross_entropy_with_logits,
       "y = w ((1 - t) log(1 + exp x) + v t log(1 + exp(-x))), v = pos_weight, reduced; the mean is over all",
       "gx = g w ((1 - t) sigmoid(x) - v t sigmoid(-x))", "x and target do not broadcast, the weights do",
       "x=() target=()@prob\nx=(5) target=(5)@prob reduction=none\nx=(3,4) target=(3,4)@prob\n"
       "x=(3,4) target=~(3,4)@prob reduction=sum\nx=(3,4) target=(3,4)@prob weight=~(4)@pos\n"
       "x=(3,4) target=(3,4)@prob weight=~(3,1)@pos reduction=none\nx=(3,4) target=(3,4)@prob "
       "pos_weight=~(4)@pos\n"
       "x=(3,4) target=(3,4)@prob weight=~(1)@pos pos_weight=~(4)@pos reduction=none\nx=(4){30,-30,8,-8} "
       "target=~(4){1,0,1,0} reduction=none\n"
       "x=~(4){800,-800,800,0} target=~(4){0,1,1,0} reduction=none\nx=~(0,3) target=~(0,3)\nx=(0,3) "
       "target=(0,3) reduction=sum\n"
       "! x=(3) target=(3,1)@prob\n! x=(3) target=(3)@prob pos_weight=(2)\n! x=(3)i64 target=(3)\n")

FX__CALL(kl_div, fx_kl_div_args)
static const fx_field kl_div_fields[] = { X(kl_div), TARGET(kl_div),
                                          FX__FIELD(fx_kl_div_args, reduction, CHOICE, .optional = true,
                                                    .choices = "none|mean|sum|batchmean"),
                                          OPTION(kl_div, log_target, BOOL), FX__FIELDS_END };
DEFAULTS(kl_div, )
RECORD(kl_div,
       "y = t (log t - x), log_target: exp(t) (t - x), reduced; batchmean: the sum over the first size",
       "gx = -g t, gt = g (log t + 1 - x)",
       "x are log probabilities; the mean is over all, batchmean is the divergence; 0 where t is 0",
       "x=() target=()@prob\nx=(5) target=(5)@prob reduction=none\nx=(3,4) target=(3,4)@prob\nx=(3,4) "
       "target=~(3,4)@prob reduction=sum\n"
       "x=(3,4) target=(3,4)@prob reduction=batchmean\nx=(3,4) target=(3,4) log_target=true\nx=(5) "
       "target=(5) log_target=true reduction=none\n"
       "x=(3,4) target=(3,4) log_target=true reduction=batchmean\nx=(3){-1,-2,-3} target=~(3){0,1,0.5} "
       "reduction=none\n"
       "x=~(0,3) target=~(0,3)\nx=(0,3) target=(0,3) reduction=sum\n! x=(3) target=(3,1)\n! x=(3)i64 "
       "target=(3)\n")

FIELDS(soft_margin_loss, REDUCTION(soft_margin_loss))
DEFAULTS(soft_margin_loss, )
RECORD(soft_margin_loss, "y = log(1 + exp(-t x)), reduced", "gx = -g t sigmoid(-t x)",
       "x and target do not broadcast", COMMON "x=(4){30,-30,8,-8} target=~(4){1,-1,-1,1} reduction=none\n")

FIELDS(hinge_embedding_loss, OPTION(hinge_embedding_loss, margin, REAL), REDUCTION(hinge_embedding_loss))
DEFAULTS(hinge_embedding_loss, .margin = 1)
RECORD(hinge_embedding_loss, "y = x where t is 1, max(0, margin - x) where t is -1, reduced",
       "gx = g where t is 1, -g where t is -1 and x below margin",
       "0 at the margin; the target has no gradient",
       "x=() target=~(){1}\nx=(4) target=~(4){1,-1,1,-1} reduction=none\nx=(4){0.5,2,-1,3} "
       "target=~(4){-1,-1,1,-1}\n"
       "x=(2,2) target=~(2,2){1,-1,-1,1} margin=0.3 reduction=sum\nx=(3) target=~(3){0,1,-1} reduction=none\n"
       "x=~(0,3) target=~(0,3)\n! x=(3) target=(3,1)\n")

FIELDS(poisson_nll_loss, OPTION(poisson_nll_loss, log_input, BOOL), OPTION(poisson_nll_loss, full, BOOL),
       OPTION(poisson_nll_loss, eps, REAL), REDUCTION(poisson_nll_loss))
DEFAULTS(poisson_nll_loss, .log_input = true, .eps = 1e-8)
RECORD(
    poisson_nll_loss,
    "y = exp(x) - t x, log_input=false: x - t log(x + eps); full: + t log t - t + log(2 pi t) / 2 where t > "
    "1; reduced",
    "gx = g (exp(x) - t), log_input=false: g (1 - t / (x + eps))", "x and target do not broadcast",
    "x=() target=()@pos\nx=(5) target=(5)@pos reduction=none\nx=(3,4) target=(3,4)@pos\nx=(3,4) "
    "target=~(3,4)@pos reduction=sum\n"
    "x=(5)@pos target=(5)@pos log_input=false reduction=none\nx=(3,4)@pos target=(3,4)@pos log_input=false\n"
    "x=(3,4) target=(3,4)@pos full=true\nx=(5)@pos target=(5)@pos full=true log_input=false eps=0.1 "
    "reduction=none\n"
    "x=~(0,3) target=~(0,3)\nx=(0,3) target=(0,3) reduction=sum\n! x=(3) target=(3,1)\n! x=(3)i64 "
    "target=(3)\n")
