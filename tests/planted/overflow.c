/* A planted fault: a write one byte past a heap block. The sanitized suite must see it. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(planted, overflow)
{
    volatile size_t size = 10; /* volatile: a compiler that knew the size would refuse */
    volatile char *block = malloc(size);
    cr_assert(block != NULL);
    block[size] = 1;
    free((void *)block);
}
