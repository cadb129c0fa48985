/* Runs case files of the oracle and says what passed.
 *
 *     oracle [--all] [--present] [--threads N] PATH...
 *
 * PATH: files, or directories of them. A line a file, `passed/total name`, with the first failures below it
 * (--all: each of them); last `oracle: F/N files, C/M cases`. --present leaves out the files of operators
 * that the library has not. The exit status is 0 if all passed. Each file runs in a process of its own, so
 * that a crash fails its cases and no others'. */
#include "oracle.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHOWN = 3, SECONDS = 300 };

static const struct {
    const char *key;  /* that the cases of such a file have */
    case_runner *run; /* NULL: not here yet */
} kinds[] = {
    { "op", run_operator_case },
    { "module", run_module_case },
    { "optimizer", NULL },
    { "scheduler", NULL },
};

static bool show_all, only_present;
static int threads = 1;

typedef struct tally {
    int cases, passed, excused;
    bool absent; /* the library has not what the file is about */
} tally;

static case_runner *runner_of(const json_t *json)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (json_object_get(json, kinds[i].key)) return kinds[i].run;
    return NULL;
}

/* ---- a file -------------------------------------------------------------------------------------------- */

/* The text of failures is kept until the line of the file is written. */
static char shown[1 << 20];
static size_t shown_length;

static void show(int number, const trial *t)
{
    if (shown_length > sizeof shown - 512) return;
    shown_length += (size_t)snprintf(shown + shown_length, sizeof shown - shown_length, "    case %d: %s\n",
                                     number, t->reason);
}

static void run_case(case_runner *run, const case_file *file, const json_t *json, int number, tally *sum)
{
    static trial t;
    memset(&t, 0, sizeof t);
    t.file = file;
    t.json = json;
    t.cx = fx_context_new(.seed = 1, .threads = threads, .dtype = FX_F64);
    if (!run) trial_fail(&t, "the library has no such thing");
    const bool good = run && (t.cx ? run(&t) : trial_fail(&t, "no context"));
    t.excused = !good && run && t.cx ? excuse_of(&t) : NULL;
    sum->cases++;
    sum->passed += good || t.excused;
    sum->excused += t.excused != NULL;
    if (!good && !t.excused && (show_all || sum->cases - sum->passed <= SHOWN)) show(number, &t);
    if (!good && !run) sum->absent = true;
    if (!good && !strcmp(t.reason, NO_FUNCTION)) sum->absent = true;
    json_decref(t.scraps);
    fx_context_free(t.cx);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void run_file(const char *path, tally *sum)
{
    case_file file;
    char reason[REASON];
    if (!case_file_open(&file, path, reason)) {
        printf("  0/1   %s: %s\n", name_of(path), reason);
        sum->cases = 1;
    } else {
        size_t i;
        json_t *json;
        json_array_foreach(file.cases, i, json) run_case(runner_of(json), &file, json, (int)i, sum);
        char count[32];
        snprintf(count, sizeof count, "%d/%d", sum->passed, sum->cases);
        if (!only_present || !sum->absent) {
            printf("%7s  %s", count, name_of(path));
            if (sum->excused) printf(" (%d excused)", sum->excused);
            printf("\n%s", shown);
            if (!show_all && sum->cases - sum->passed > SHOWN)
                printf("    and %d more\n", sum->cases - sum->passed - SHOWN);
        }
    }
    fflush(stdout);
    case_file_close(&file);
}

/* How many cases a file holds, for one whose process died. */
static int cases_in(const char *path)
{
    case_file file;
    char reason[REASON];
    const int n = case_file_open(&file, path, reason) ? (int)json_array_size(file.cases) : 1;
    case_file_close(&file);
    return n;
}

static tally run_apart(const char *path)
{
    tally sum = { 0 };
    int ends[2];
    if (pipe(ends)) {
        perror("pipe");
        exit(2);
    }
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        alarm(SECONDS);
        run_file(path, &sum);
        exit(write(ends[1], &sum, sizeof sum) == sizeof sum ? 0 : 1); /* not _exit(): leaks are looked for */
    }
    close(ends[1]);
    const bool whole = child > 0 && read(ends[0], &sum, sizeof sum) == sizeof sum;
    close(ends[0]);
    int status = 0;
    if (child > 0) waitpid(child, &status, 0);
    if (whole && WIFEXITED(status) && WEXITSTATUS(status) == 0) return sum;
    sum = (tally){ .cases = cases_in(path) };
    printf("  0/%-4d %s: ended by %s %d\n", sum.cases, name_of(path),
           WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    fflush(stdout);
    return sum;
}

/* ---- paths --------------------------------------------------------------------------------------------- */

typedef struct paths {
    char **at;
    int count, room;
} paths;

static void add_path(paths *p, const char *path)
{
    if (p->count == p->room) {
        p->room = p->room ? 2 * p->room : 64;
        p->at = realloc(p->at, (size_t)p->room * sizeof *p->at);
    }
    if (!p->at || !(p->at[p->count++] = strdup(path))) {
        fprintf(stderr, "oracle: out of memory\n");
        exit(2);
    }
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool add_all(paths *p, const char *path)
{
    struct stat about;
    if (stat(path, &about)) return false;
    if (!S_ISDIR(about.st_mode)) {
        add_path(p, path);
        return true;
    }
    DIR *dir = opendir(path);
    if (!dir) return false;
    const int first = p->count;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        char full[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
        const char *end = strrchr(entry->d_name, '.');
        const bool nested = !stat(full, &about) && S_ISDIR(about.st_mode);
        if (nested)
            add_all(p, full);
        else if (end && !strcmp(end, ".safetensors"))
            add_path(p, full);
    }
    closedir(dir);
    if (p->at) qsort(p->at + first, (size_t)(p->count - first), sizeof *p->at, by_name);
    return true;
}

int main(int argc, char **argv)
{
    paths p = { 0 };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--all"))
            show_all = true;
        else if (!strcmp(argv[i], "--present"))
            only_present = true;
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc)
            threads = atoi(argv[++i]);
        else if (argv[i][0] == '-' || !add_all(&p, argv[i])) {
            fprintf(stderr,
                    "oracle: %s: no such file or option\nusage: oracle [--all] [--present] [--threads N] "
                    "PATH...\n",
                    argv[i]);
            exit(2);
        }
    }
    int files = 0, whole = 0;
    tally sum = { 0 };
    for (int i = 0; i < p.count; i++) {
        const tally one = run_apart(p.at[i]);
        free(p.at[i]);
        if (only_present && one.absent) continue;
        files++;
        whole += one.passed == one.cases;
        sum.cases += one.cases;
        sum.passed += one.passed;
        sum.excused += one.excused;
    }
    free(p.at);
    if (sum.excused) printf("excused: %d cases, %.2f %%\n", sum.excused, 100.0 * sum.excused / sum.cases);
    printf("oracle: %d/%d files, %d/%d cases\n", whole, files, sum.passed, sum.cases);
    return files == 0 || whole < files;
}
