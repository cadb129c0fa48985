/* Files that are replaced whole.
 *
 * The new file is written beside its target as `PATH.partial`, synced, and renamed over it; then the folder
 * is synced. So whenever the power fails, the target is the old file or the new one. What a killed process
 * left is found by its name and written over by the next; a lock on it keeps two writers apart (the second
 * takes `PATH.partial-2`, and so on).
 */
#define _GNU_SOURCE
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITERS = 100 };

const char *fx__grouped(uint64_t n, fx_number_text *memory)
{
    char *at = memory->at + sizeof memory->at;
    *--at = '\0';
    int digits = 0;
    do {
        if (digits && digits % 3 == 0) *--at = ',';
        *--at = (char)('0' + n % 10);
        digits++;
    } while (n /= 10);
    return at;
}

/* ---- reading ---------------------------------------------------------------------------------------------
 */

int fx__file_open(fx_context *cx, const char *op, const char *path, uint64_t *bytes, fx_where where)
{
    if (!path) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "%s: there is no path", op);
        return -1;
    }
    /* a pipe must not be waited for before it is refused */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status)) {
        fx_error_set(cx, FX_ERROR_FILE, where, "%s: %s: %s", op, path, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        fx_error_set(cx, FX_ERROR_FILE, where, "%s: %s: %s", op, path,
                     S_ISDIR(status.st_mode) ? "it is a folder" : "it is no regular file");
    } else {
        *bytes = (uint64_t)status.st_size;
        return descriptor;
    }
    if (descriptor >= 0) close(descriptor);
    return -1;
}

bool fx__read_all(int descriptor, void *memory, size_t bytes)
{
    for (char *at = memory; bytes;) {
        ssize_t n = read(descriptor, at, bytes < (1u << 30) ? bytes : (1u << 30));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (!n) errno = 0;
            return false;
        }
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

/* ---- writing ---------------------------------------------------------------------------------------------
 */

static void report(fx_new_file *f, const char *what)
{
    if (!f->failed)
        fx_error_set(f->cx, errno == ENOMEM ? FX_ERROR_MEMORY : FX_ERROR_FILE, f->where, "%s: %s: %s: %s",
                     f->op, f->path, what, strerror(errno));
    f->failed = true;
}

static void end(fx_new_file *f)
{
    if (f->descriptor >= 0) close(f->descriptor);
    free(f->target);
    free(f->beside);
    f->descriptor = -1;
    f->target = f->beside = NULL;
}

/* Opens and locks the file of that name; -1 if another writer has it, or with errno. */
static int open_beside(const char *name)
{
    for (;;) {
        int descriptor = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        if (descriptor < 0) return -1;
        struct stat opened, named;
        if (fstat(descriptor, &opened) || !S_ISREG(opened.st_mode)) {
            close(descriptor);
            errno = EEXIST;
            return -1;
        }
        if (flock(descriptor, LOCK_EX | LOCK_NB)) {
            close(descriptor);
            errno = EWOULDBLOCK;
            return -1;
        }
        /* between open and lock its writer may have renamed it: then this is the target, not to be touched */
        if (!lstat(name, &named) && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev)
            return descriptor;
        close(descriptor);
    }
}

bool fx__new_file_open(fx_new_file *f, fx_context *cx, const char *op, const char *path, fx_where where)
{
    *f = (fx_new_file){ .cx = cx, .where = where, .op = op, .path = path, .descriptor = -1 };
    if (!path || !*path) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "%s: there is no path", op);
        return false;
    }
    struct stat old;
    bool exists = !stat(path, &old);
    if (exists && !S_ISREG(old.st_mode)) {
        fx_error_set(cx, FX_ERROR_FILE, where, "%s: %s: %s", op, path,
                     S_ISDIR(old.st_mode) ? "it is a folder" : "it is no regular file");
        return false;
    }
    f->target =
        exists ? realpath(path, NULL) : strdup(path); /* a link stays, and what it points to is replaced */
    size_t room = f->target ? strlen(f->target) + 32 : 0;
    f->beside = room ? malloc(room) : NULL;
    if (!f->beside) return report(f, "cannot be written"), end(f), false;
    for (int i = 1; i <= WRITERS && f->descriptor < 0; i++) {
        snprintf(f->beside, room, i == 1 ? "%s.partial" : "%s.partial-%d", f->target, i);
        f->descriptor = open_beside(f->beside);
        if (f->descriptor < 0 && errno != EWOULDBLOCK) break;
    }
    if (f->descriptor < 0) return report(f, "cannot be written"), end(f), false;
    if (ftruncate(f->descriptor, 0) || (exists && fchmod(f->descriptor, old.st_mode & 07777)))
        return report(f, "cannot be written"), fx__new_file_abandon(f), false;
    return true;
}

void fx__new_file_write(fx_new_file *f, const void *data, size_t bytes)
{
    for (const char *at = data; bytes && !f->failed;) {
        ssize_t n = write(f->descriptor, at, bytes < (1u << 30) ? bytes : (1u << 30));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            report(f, "cannot be written");
        else
            at += n, bytes -= (size_t)n;
    }
}

void fx__new_file_abandon(fx_new_file *f)
{
    if (f->descriptor >= 0) unlink(f->beside);
    end(f);
}

/* A folder whose system cannot sync it (some network ones) still has the file renamed. */
static void sync_folder(char *target)
{
    char *slash = strrchr(target, '/');
    if (slash) slash[slash == target] = '\0';
    int descriptor = open(slash ? target : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    (void)!fsync(descriptor);
    close(descriptor);
}

fx_status fx__new_file_commit(fx_new_file *f)
{
    if (!f->failed && fsync(f->descriptor)) report(f, "cannot be synced");
    if (!f->failed && rename(f->beside, f->target)) report(f, "cannot be renamed");
    if (f->failed) return fx__new_file_abandon(f), FX_ERROR_FILE;
    sync_folder(f->target);
    end(f);
    return FX_OK;
}
