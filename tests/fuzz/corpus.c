/* Runs a fuzz target without libFuzzer.
 *
 *   TARGET FOLDER COUNT      each file of the folder, then COUNT random inputs, the same each time
 *   TARGET FILE              one file
 *
 * Prints what became of them. The target aborts where it finds something; here a run in which no random
 * program is right, or none is refused for a number overwritten, is a failure as well: it would find nothing.
 */
#include "fuzz.h"
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 4096 };
static int counts[FUZZ_VERDICTS];

static bool run_file(const char *path)
{
    uint8_t data[LARGEST];
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    const size_t n = fread(data, 1, sizeof data, file);
    fclose(file);
    counts[fuzz_one(data, n)]++;
    return true;
}

static int run_folder(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.') n += run_file(path);
    }
    if (d) closedir(d);
    return n;
}

static void run_random(int count)
{
    uint64_t state = 1;
    for (int i = 0; i < count; i++) {
        uint8_t data[200];
        for (size_t k = 0; k < sizeof data; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            data[k] = (uint8_t)(state >> 56);
        }
        counts[fuzz_one(data, sizeof data)]++;
    }
}

int main(int argc, char **argv)
{
    if (argc == 2) return !run_file(argv[1]);
    if (argc != 3) return 2;
    const int files = run_folder(argv[1]), random = atoi(argv[2]);
    run_random(random);
    printf("%d files, %d random inputs: %d right, %d modified, %d refused, %d constant\n", files, random,
           counts[FUZZ_RIGHT], counts[FUZZ_MODIFIED], counts[FUZZ_REFUSED], counts[FUZZ_CONSTANT]);
    return !files || counts[FUZZ_RIGHT] < random / 10 || counts[FUZZ_MODIFIED] < random / 100;
}
