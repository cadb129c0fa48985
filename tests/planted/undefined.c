/* A planted fault: a signed addition that overflows. The sanitized suite must see it. */
#include <criterion/criterion.h>
#include <limits.h>

Test(planted, undefined)
{
    volatile int large = INT_MAX;
    volatile int sum = large + 1;
    (void)sum;
}
