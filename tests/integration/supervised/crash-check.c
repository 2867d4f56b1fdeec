#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/file.h>
#include <cv/str.h>

#include "crash.h"

struct crash_logs crash_logs;

enum { SETTLE_MS = 20000, FILE_MAX = 64 << 20 };

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("after '%s': %s (last error: %s)", crash_step_names[reached], #condition,                         \
                containerv_error_last()->text);                                                                        \
    } while (0)

static void turn(void)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    crash_reap_orphans();
    nanosleep(&pause, NULL);
}

static bool look(struct containerv_container* container, struct containerv_info* info)
{
    *info = (struct containerv_info){ .size = sizeof(*info) };
    return containerv_info(container, info) == 0;
}

/* Until what was going on when it happened is over: no supervisor is left, or one that serves a container which runs. */
static void settle(enum crash_step reached)
{
    int64_t deadline = cv_clock_deadline_ms(SETTLE_MS);
    for (;;) {
        struct containerv_container* container = NULL;
        struct containerv_info       info      = { .state = 0 };
        turn();
        if (crash_supervisor() == 0)
            return;
        bool runs = containerv_open(crash_id, &container) == 0 && look(container, &info)
                    && info.state == CV_STATE_RUNNING && crash_init() != 0;
        if (container != NULL)
            (void)containerv_close(container);
        if (runs)
            return;
        CHECK(cv_clock_monotonic_ms() < deadline);
    }
}

/* --- the log ---------------------------------------------------------------------------------------------------------------------- */

/* The last line that the program is known to have written; -1: none. */
static long last_written(void)
{
    char*  text   = NULL;
    size_t length = 0;
    long   last   = -1;
    char   path[256];
    cv_snprintf(path, sizeof(path), "%s/%s/upper/ack", crash_path("state/containers"), crash_id);
    if (cv_file_read(path, FILE_MAX, &text, &length, NULL) < 0)
        return -1;
    while (length > 0 && text[length - 1] != '\n') /* killed in it */
        length--;
    size_t start = length > 0 ? length - 1 : 0;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    if (length > 0)
        last = strtol(text + start, NULL, 10);
    free(text);
    return last;
}

struct reading {
    long expected, number;
    bool in_line, good;
};

static void read_text(struct reading* reading, const char* text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            reading->good     = reading->good && reading->in_line && reading->number == reading->expected;
            reading->expected = reading->number + 1;
            reading->number   = 0;
            reading->in_line  = false;
        } else {
            reading->good    = reading->good && text[i] >= '0' && text[i] <= '9';
            reading->number  = reading->number * 10 + (text[i] - '0');
            reading->in_line = true;
        }
    }
}

/* Numbered from 0 on without a gap; all that is known to be written, unless whoever read it was killed. */
static void check_log(struct containerv_container* container, enum crash_step reached, enum crash_loss loss)
{
    struct containerv_log_record record  = { .size = sizeof(record) };
    struct containerv_log*       log     = NULL;
    struct reading               reading = { .good = true };
    long                         written = last_written();
    int                          rc;
    CHECK(containerv_log_open(container, 0, &log) == 0);
    while ((rc = containerv_log_read(log, SETTLE_MS, &record)) == 0)
        read_text(&reading, record.data, record.length);
    containerv_log_close(log);
    CHECK(rc == 1);
    CHECK(reading.good);
    crash_logs.checked++;
    crash_logs.lines += (unsigned long)reading.expected;
    crash_logs.known += (unsigned long)(written + 1);
    CHECK(loss == CRASH_OUTPUT || reading.expected > written);
}

/* --- the record ------------------------------------------------------------------------------------------------------------------- */

static void check_end(struct containerv_container* container, enum crash_step reached, enum crash_loss loss)
{
    struct containerv_info info;
    CHECK(look(container, &info));
    if (info.state == CV_STATE_RUNNING) {
        CHECK(containerv_stop(container, 5000) == 0);
        CHECK(look(container, &info));
    }
    CHECK(reached < CRASH_STARTED || info.started_ns > 0);
    CHECK(info.state == (info.started_ns > 0 ? (uint32_t)CV_STATE_STOPPED : (uint32_t)CV_STATE_CREATED));
    CHECK(info.started_ns == 0 || info.has_exit != 0);
    CHECK(loss != CRASH_NOTHING || info.has_exit == 0 || info.exit.reason != CV_EXIT_LOST);
    CHECK(reached < CRASH_STOPPED || info.exit.reason != CV_EXIT_LOST); /* who was told has it in the record */
    if (info.started_ns > 0)
        check_log(container, reached, loss);
}

/* --- what is left ----------------------------------------------------------------------------------------------------------------- */

static bool has_entry(const char* path, const char* part)
{
    DIR*                 folder = opendir(path);
    const struct dirent* entry;
    bool                 found = false;
    while (folder != NULL && !found && (entry = readdir(folder)) != NULL)
        found = entry->d_name[0] != '.' && strstr(entry->d_name, part) != NULL;
    if (folder != NULL)
        closedir(folder);
    return found;
}

static bool has_group(void)
{
    char*  text   = NULL;
    size_t length = 0;
    bool   found  = false;
    char   path[512];
    if (cv_file_read("/proc/self/mountinfo", FILE_MAX, &text, &length, NULL) < 0)
        return true;
    for (char *line = text, *next; line != NULL && !found; line = next) {
        char target[256] = "";
        next             = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (strstr(line, " - cgroup") == NULL || sscanf(line, "%*s %*s %*s %*s %255s", target) != 1)
            continue;
        cv_snprintf(path, sizeof(path), "%s/containerv/c-%s", target, crash_id);
        found = access(path, F_OK) == 0;
    }
    free(text);
    return found;
}

static int count(const struct containerv_leftover* leftover, void* context)
{
    if (strcmp(leftover->id, crash_id) == 0)
        ++*(int*)context;
    return 0;
}

/* What of it is there, or NULL. */
static const char* left(void)
{
    static char text[128];
    int         found = 0;
    if (has_entry(crash_path("run"), "c-") || has_entry(crash_path("run"), "gone-"))
        return "a run folder";
    if (has_entry(crash_path("state/containers"), ""))
        return "a container's folder";
    if (has_entry(crash_path("state/trash"), ""))
        return "trash";
    if (has_group())
        return "a cgroup";
    if (crash_supervisor() != 0)
        return "a supervisor";
    containerv_reconcile(CV_RECONCILE_DRY_RUN, count, &found);
    cv_snprintf(text, sizeof(text), "%d things that the reconciler finds", found);
    return found > 0 ? text : NULL;
}

void crash_check(enum crash_step reached, enum crash_loss loss)
{
    struct containerv_container* container = NULL;
    int64_t                      deadline  = cv_clock_deadline_ms(SETTLE_MS);
    const char*                  what;
    settle(reached);
    CHECK(containerv_reconcile(0, NULL, NULL) == 0);
    int rc = containerv_open(crash_id, &container);
    CHECK(rc == 0 || rc == CV_ERR_NOT_FOUND);
    CHECK(rc == 0 || reached < CRASH_CREATED || reached >= CRASH_STOPPED); /* from there on it is being destroyed */
    CHECK(rc < 0 || reached != CRASH_DESTROYED);
    if (rc == 0) {
        check_end(container, reached, loss);
        CHECK(containerv_destroy(container) == 0);
    }
    while ((what = left()) != NULL) {
        if (cv_clock_monotonic_ms() > deadline)
            fail_msg("after '%s': %s is left", crash_step_names[reached], what);
        turn();
        containerv_reconcile(0, NULL, NULL); /* a process may have ended only now */
    }
    crash_reap_orphans();
}

void crash_clear(void)
{
    struct containerv_container* container = NULL;
    if (containerv_open(crash_id, &container) == 0)
        (void)containerv_destroy(container);
    containerv_reconcile(0, NULL, NULL);
    crash_reap_orphans();
}
