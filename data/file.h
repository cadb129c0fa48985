/* Files that are replaced whole, and texts of errors about files: for data/ and the folders above. */
#ifndef FLUXION_DATA_FILE_H
#define FLUXION_DATA_FILE_H

#include <fluxion/autograd.h>

/* A file that is being written beside the one it will replace. */
typedef struct fx_new_file {
    fx_context *cx;
    fx_where where;
    const char *op;   /* in errors: "save" */
    const char *path; /* as the caller has it, for errors */
    char *target, *beside;
    int descriptor;
    bool failed; /* a write did; reported */
} fx_new_file;

/* Opens it; false after an error. Then any number of writes, and a commit (which reports what failed, if
 * anything did) or an abandoning; either ends it. */
bool fx__new_file_open(fx_new_file *f, fx_context *cx, const char *op, const char *path, fx_where where);
void fx__new_file_write(fx_new_file *f, const void *data, size_t bytes);
fx_status fx__new_file_commit(fx_new_file *f);
void fx__new_file_abandon(fx_new_file *f);

/* 407,080: digits in groups of three, in memory that the caller gives. */
typedef struct fx_number_text {
    char at[28];
} fx_number_text;
const char *fx__grouped(uint64_t n, fx_number_text *memory);

/* The code of the character that a text of `left` bytes begins with, and its length in bytes; 0 bytes where
 * it is no UTF-8 (RFC 3629). */
uint32_t fx__utf8(const unsigned char *text, uint64_t left, int *bytes);

/* Opens a regular file for reading and tells how long it is. -1 after an error. */
int fx__file_open(fx_context *cx, const char *op, const char *path, uint64_t *bytes, fx_where where);
/* Reads exactly that much. False, with errno 0 at the end of the file. */
bool fx__read_all(int descriptor, void *memory, size_t bytes);

#endif
