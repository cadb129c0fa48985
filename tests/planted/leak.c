/* A planted fault: memory that nobody points to when the test ends. The sanitized suite must see it. */
#include <criterion/criterion.h>
#include <stdlib.h>

static void *volatile held;

Test(planted, leak)
{
    held = malloc(100);
    cr_assert(held != NULL);
    held = NULL;
    /* What the stack and the registers still hold of the pointer must not count as a reference. */
    volatile char over[4096] = { 0 };
    (void)over;
}
