/* A file read from its first byte to its last, gzip'ed or not. */
#ifndef FLUXION_DATA_STREAM_H
#define FLUXION_DATA_STREAM_H

#include <fluxion/autograd.h>

typedef struct fx_stream {
    fx_context *cx;
    fx_where where;
    const char *path;
    int descriptor;
    void *gzip;      /* gzFile, or NULL */
    uint64_t length; /* of the file as it lies on the disk */
} fx_stream;

/* False after an error; close it only after true. */
bool fx__stream_open(fx_stream *s, fx_context *cx, const char *path, fx_where where);
void fx__stream_close(fx_stream *s);

/* Whether the file can hold that many bytes, unpacked: what a header promises is compared before memory is
 * asked for. */
bool fx__stream_may_hold(const fx_stream *s, uint64_t bytes);

/* Reads exactly that much; false after an error, which names how much of it there was. */
bool fx__stream_read(fx_stream *s, void *memory, uint64_t bytes);
/* Reads what there is, up to that much. Below 0 after an error. */
int64_t fx__stream_some(fx_stream *s, void *memory, uint64_t bytes);
/* Checks that nothing follows. False after an error. */
bool fx__stream_end(fx_stream *s);

bool fx__stream_fail(fx_stream *s, fx_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
