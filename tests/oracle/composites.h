/* Parts that composites share. */
#ifndef FLUXION_TESTS_ORACLE_COMPOSITES_H
#define FLUXION_TESTS_ORACLE_COMPOSITES_H

#include "oracle.h"

/* x from start on along a dimension, length many. */
json_t *narrow(trial *t, json_t *x, int64_t dim, int64_t start, int64_t length);

/* x[index]. */
bool getitem(trial *t, const json_t *args, const json_t *kwargs);

#endif
