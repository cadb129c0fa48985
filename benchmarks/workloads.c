/* Runs the workloads, each on a context of its own, and prints a JSON object a line.
 *
 *     workloads [--threads N] [--only A,B] [--list] [--start]
 *
 * "w" is the workload, "us" the median time of a step in microseconds, "check" a number that tells that the
 * work is the same; last a line "process" with the most memory that the process had. --start makes a context,
 * runs an op and ends: what starting costs. Exit status: 0, 1 after a failure, 2 for wrong usage.
 */
#include "workloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *what;
    workload_function *run;
} workloads[] = {
    { "scalar", "333 times y = tanh(y w + x) on single numbers: 999 nodes", scalar },
    { "deep", "100,000 multiplications of a vector of 16 by a constant", deep },
    { "mlp_tiny", "2-16-16-1, tanh, batch 32, mean squared error, SGD", mlp_tiny },
    { "mlp_mnist", "784-128-10, relu, batch 64, cross-entropy, Adam", mlp_mnist },
    { "mlp_wide", "784-1024-1024-10, relu, batch 256, cross-entropy, Adam", mlp_wide },
    { "hvp", "Hessian of mean(net(x)^2) times a vector, net 64-128-128-1, tanh, batch 64", hvp },
    { "elementwise", "sum(sigmoid(x) tanh(x) + x x) of a million numbers", elementwise },
};
enum { WORKLOADS = sizeof workloads / sizeof *workloads };

static int usage(void)
{
    fprintf(stderr, "usage: workloads [--threads N] [--only A,B] [--list] [--start]\n");
    return 2;
}

static bool run(int i, int threads)
{
    fx_context *cx = fx_context_new(.seed = 0, .threads = threads);
    const bool good = cx && workloads[i].run(cx);
    if (!good)
        fprintf(stderr, "workloads: %s: %s\n", workloads[i].name,
                cx ? fx_error_message(cx) : "out of memory");
    fx_context_free(cx);
    return good;
}

/* The most memory that this program had resident. getrusage() would also count what its parent had before
 * exec. */
static double peak_megabytes(void)
{
    char line[256];
    double kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "VmHWM:", 6)) kilobytes = strtod(line + 6, NULL);
    if (status) fclose(status);
    return kilobytes / 1024;
}

static int start(int threads)
{
    fx_context *cx = fx_context_new(.threads = threads);
    if (cx) fx_mul(fx_ones(cx, FX_F32, 2, 2), 2);
    return fx_finish(cx);
}

/* Which workload a name of length n is; -1: none. */
static int find(const char *name, size_t n)
{
    for (int i = 0; i < WORKLOADS; i++)
        if (strlen(workloads[i].name) == n && !memcmp(workloads[i].name, name, n)) return i;
    return -1;
}

static bool run_named(const char *names, int threads)
{
    bool good = true;
    while (*names) {
        const size_t n = strcspn(names, ",");
        const int i = find(names, n);
        if (i < 0) {
            fprintf(stderr, "workloads: there is no %.*s\n", (int)n, names);
            return false;
        }
        good &= run(i, threads);
        names += n + (names[n] == ',');
    }
    return good;
}

int main(int argc, char **argv)
{
    const char *only = NULL;
    int threads = 1;
    bool only_start = false;
    for (int i = 1; i < argc; i++) {
        const bool more = i + 1 < argc;
        if (!strcmp(argv[i], "--threads") && more)
            threads = (int)strtol(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--only") && more)
            only = argv[++i];
        else if (!strcmp(argv[i], "--start"))
            only_start = true;
        else if (!strcmp(argv[i], "--list")) {
            for (int w = 0; w < WORKLOADS; w++) printf("%-12s %s\n", workloads[w].name, workloads[w].what);
            return 0;
        } else
            return usage();
    }
    if (threads < 1) return usage();
    if (only_start) return start(threads);
    bool good = !only || run_named(only, threads);
    for (int w = 0; !only && w < WORKLOADS; w++) good &= run(w, threads);
    printf("{\"w\": \"process\", \"threads\": %d, \"peak_rss_mb\": %.1f}\n", threads, peak_megabytes());
    return good ? 0 : 1;
}
