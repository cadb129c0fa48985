/* A planted fault: a local variable read after its block has ended. The sanitized suite must see it. */
#include <criterion/criterion.h>

Test(planted, use_after_scope)
{
    volatile int *outlived;
    {
        volatile int local[8] = { 1 };
        outlived = local;
    }
    cr_assert(*outlived >= 0);
}
