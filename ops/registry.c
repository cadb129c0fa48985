/* The registry: the records that the families define, gathered from ops.def.
 * Invariant: sorted by name, as a binary search needs (tests/ops checks it).
 */
#include <fluxion/ops.h>

#include <string.h>

#define FUNCTION(name) extern const fx_function fx__function_##name;
#include "ops.def"
#undef FUNCTION

#define FUNCTION(name) &fx__function_##name,
static const fx_function *const functions[] = {
#include "ops.def"
    NULL
};
#undef FUNCTION

const fx_function *const *fx_functions(int *count)
{
    if (count) *count = (int)(sizeof(functions) / sizeof(functions[0])) - 1;
    return functions;
}

const fx_function *fx_function_named(const char *name)
{
    int low = 0, high;
    fx_functions(&high);
    while (name && low < high) {
        int middle = low + (high - low) / 2, order = strcmp(name, functions[middle]->name);
        if (order == 0) return functions[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
