/* A folder for a test's files, and files of bytes in it. */
#ifndef FLUXION_TESTS_DATA_FOLDER_H
#define FLUXION_TESTS_DATA_FOLDER_H

#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[40];
static fx_context *cx;

static void start(void)
{
    /* in memory where that is to be had: every save waits for the disk */
    snprintf(folder, sizeof folder, "%s/fluxion-data-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    cr_assert(mkdtemp(folder) && !chdir(folder));
    cx = fx_context_new(.seed = 1, .threads = 1);
}

static void stop(void)
{
    fx_context_free(cx);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert(system(command) == 0);
}

static inline void write_bytes(const char *path, const void *data, size_t n)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(data, 1, n, file) == n && !fclose(file));
}

/* Its first 64 KiB, which the next call writes over. */
static inline char *read_bytes(const char *path, size_t *n)
{
    static char data[1 << 16];
    FILE *file = fopen(path, "rb");
    cr_assert(file);
    *n = fread(data, 1, sizeof data, file);
    fclose(file);
    return data;
}

/* That this is the failure that stands, and clears it. */
static inline void expect_error(fx_status code, const char *text)
{
    cr_expect(fx_error(cx) == code, "%d: %s", fx_error(cx), fx_error_message(cx));
    cr_expect(strstr(fx_error_message(cx), text), "\"%s\" is not in \"%s\"", text, fx_error_message(cx));
    fx_error_clear(cx);
}

#endif
