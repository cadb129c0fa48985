/* Differences that do not count: each a rule, an operator and what its inputs must be, with the reason. Never
 * a case's number, for other seeds give other cases. They are counted apart, and may be at most 2 % of all.
 */
#include "oracle.h"
#include <string.h>

typedef struct excuse {
    const char *op;
    bool (*holds)(trial *t);
    const char *reason;
} excuse;

static const excuse excuses[] = {
    { NULL, NULL, NULL },
};

const char *excuse_of(trial *t)
{
    for (const excuse *e = excuses; e->op; e++)
        if (t->op && !strcmp(e->op, t->op) && e->holds(t)) return e->reason;
    return NULL;
}
