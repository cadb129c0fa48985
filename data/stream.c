/* A file read from its first byte to its last, gzip'ed or not, which its first two bytes tell. */
#include "stream.h"
#include "config.h"
#include "file.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#if FX_HAVE_ZLIB
#include <zlib.h>
#endif

bool fx__stream_fail(fx_stream *s, fx_status code, const char *format, ...)
{
    char text[300];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fx_error_set(s->cx, code, s->where, "load: %s: %s; nothing was loaded", s->path, text);
    return false;
}

bool fx__stream_open(fx_stream *s, fx_context *cx, const char *path, fx_where where)
{
    *s = (fx_stream){ .cx = cx, .where = where, .path = path };
    s->descriptor = fx__file_open(cx, "load", path, &s->length, where);
    if (s->descriptor < 0) return false;
    unsigned char magic[2] = { 0 };
    bool packed =
        s->length >= 18 && pread(s->descriptor, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    if (!packed) return true;
#if FX_HAVE_ZLIB
    s->gzip = gzdopen(s->descriptor, "rb");
    if (s->gzip) {
        gzbuffer(s->gzip, 1 << 17);
        return true;
    }
    fx__stream_fail(s, FX_ERROR_MEMORY, "out of memory");
#else
    fx__stream_fail(s, FX_ERROR_UNSUPPORTED,
                    "it is packed by gzip, and this build has no zlib: unpack it first (gunzip)");
#endif
    close(s->descriptor);
    return false;
}

void fx__stream_close(fx_stream *s)
{
#if FX_HAVE_ZLIB
    if (s->gzip) {
        gzclose_r(s->gzip);
        return;
    }
#endif
    close(s->descriptor);
}

bool fx__stream_may_hold(const fx_stream *s, uint64_t bytes)
{
    /* deflate makes at most 258 bytes of a bit pair: 1032 of a byte */
    return s->gzip ? bytes / 1032 <= s->length : bytes <= s->length;
}

int64_t fx__stream_some(fx_stream *s, void *memory, uint64_t bytes)
{
    uint64_t done = 0;
    while (done < bytes) {
        unsigned piece = bytes - done < (1u << 30) ? (unsigned)(bytes - done) : 1u << 30;
        ssize_t n;
#if FX_HAVE_ZLIB
        if (s->gzip) {
            int code = Z_OK;
            n = gzread(s->gzip, (char *)memory + done, piece);
            const char *text = n < (ssize_t)piece ? gzerror(s->gzip, &code) : NULL;
            if (n < 0 || code == Z_DATA_ERROR || code == Z_BUF_ERROR) {
                fx__stream_fail(s, FX_ERROR_FORMAT, "it cannot be unpacked: %s",
                                text && *text ? text : "broken");
                return -1;
            }
        } else
#endif
            n = read(s->descriptor, (char *)memory + done, piece);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            fx__stream_fail(s, FX_ERROR_FILE, "cannot be read: %s", strerror(errno));
            return -1;
        }
        if (n == 0) break;
        done += (uint64_t)n;
    }
    return (int64_t)done;
}

bool fx__stream_read(fx_stream *s, void *memory, uint64_t bytes)
{
    int64_t n = fx__stream_some(s, memory, bytes);
    if (n < 0) return false;
    fx_number_text a, b;
    return (uint64_t)n == bytes ||
           fx__stream_fail(s, FX_ERROR_FORMAT, "the header promises %s bytes, the file holds %s",
                           fx__grouped(bytes, &a), fx__grouped((uint64_t)n, &b));
}

bool fx__stream_end(fx_stream *s)
{
    char more;
    int64_t n = fx__stream_some(s, &more, 1); /* at the end of gzip'ed data this checks their checksum */
    return n == 0 ||
           (n > 0 && fx__stream_fail(s, FX_ERROR_FORMAT, "the file holds more than its header promises"));
}
