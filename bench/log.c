/*
 * What it costs to bring a container's output to its log: a program writes into a pipe, and what is measured is the time until all of it is in
 * a file. Ours is the supervisor's part (supervisor-streams.c, log-writer.c) in a loop; the peers are `cat >FILE`, and command lines from
 * a file, which find what to write in BENCH_LOG_KIND. All in turn within each round; what the one before has written is removed and flushed.
 *
 * usage: bench-log ROUNDS FOLDER MIB PROGRAM COMMANDS      PROGRAM: bench-log-output
 */
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/file.h>

#include "bench.h"
#include "linux/guardian.h"
#include "linux/supervisor-streams.h"

enum { PATH_BYTES = 4096 };
#define NEVER_FULL (UINT64_C(1) << 40)

extern char** environ;

static char        folder[PATH_BYTES - 256];
static const char *mib, *program;
static const char* kind;

static _Noreturn void die(const char* step, const char* object)
{
    fprintf(stderr, "bench-log: %s: %s\n", step, object);
    exit(1);
}

static pid_t start_writer(int output_fd)
{
    char* argv[] = { (char*)(uintptr_t)program, (char*)(uintptr_t)kind, (char*)(uintptr_t)mib, NULL };
    posix_spawn_file_actions_t actions;
    pid_t                      pid;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
    if (posix_spawn(&pid, program, &actions, NULL, argv, environ) != 0)
        die("start", program);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void wait_for(pid_t pid, const char* what)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || status != 0)
        die("run", what);
}

/* --- the ways --- */

/* A folder for what is written, which peers know as FOLDER/out. Also called after our measuring, so that no peer pays for it. */
static const char* fresh(void)
{
    static char path[PATH_BYTES];
    int         fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(path, sizeof(path), "%s/out", folder);
    if (cv_tree_remove(path, NULL) < 0 || mkdir(path, 0700) < 0)
        die("make", path);
    if (fd < 0 || syncfs(fd) < 0)
        die("flush", folder);
    close(fd);
    return path;
}

static int64_t run_cat(const struct bench_row* row)
{
    char    cat[]  = "cat";
    char*   argv[] = { cat, NULL };
    char    path[PATH_BYTES + 8];
    int     ends[2];
    pid_t   writer, reader;
    int64_t started;

    (void)row;
    snprintf(path, sizeof(path), "%s/cat", fresh());
    started = bench_now();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (pipe2(ends, O_CLOEXEC) < 0)
        die("make", "a pipe");
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (posix_spawnp(&reader, cat, &actions, NULL, argv, environ) != 0)
        die("start", cat);
    posix_spawn_file_actions_destroy(&actions);
    writer = start_writer(ends[1]);
    close(ends[0]);
    close(ends[1]);
    wait_for(writer, "the writer");
    wait_for(reader, cat);
    started = bench_now() - started;
    fresh();
    return started;
}

/* As the guardian's loop does it. */
static size_t turn(struct supervisor_streams* streams)
{
    struct pollfd        entries[4];
    short*               targets[4];
    struct guardian_poll set         = { .entries = entries, .targets = targets, .capacity = 4 };
    int64_t              deadline_ms = -1;
    struct cv_error      err         = CV_ERROR_INIT;
    if (supervisor_streams_collect(streams, &set, &deadline_ms, &err) < 0)
        die("log", err.text);
    if (set.count == 0)
        return 0;
    if (poll(entries, set.count, (int)cv_clock_left_ms(deadline_ms)) < 0)
        die("poll", "the streams");
    for (size_t i = 0; i < set.count; i++)
        *targets[i] = entries[i].revents;
    if (supervisor_streams_handle(streams, &err) < 0)
        die("log", err.text);
    return set.count;
}

int guardian_poll_add(struct guardian_poll* set, int fd, short events, short* target, struct cv_error* err)
{
    (void)err;
    *target = 0;
    if (fd >= 0) {
        set->entries[set->count]   = (struct pollfd){ .fd = fd, .events = events };
        set->targets[set->count++] = target;
    }
    return 0;
}

void guardian_sooner(int64_t* deadline_ms, int64_t other_ms)
{
    if (other_ms >= 0 && (*deadline_ms < 0 || other_ms < *deadline_ms))
        *deadline_ms = other_ms;
}

static int64_t run_ours(const struct bench_row* row)
{
    struct cv_error            err      = CV_ERROR_INIT;
    struct linux_log_writer*   log      = NULL;
    struct supervisor_streams* streams  = NULL;
    int                        stdio[3] = { -1, -1, -1 };
    int                        home_fd  = open(fresh(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int64_t                    started  = bench_now();
    pid_t                      writer;

    (void)row;
    if (linux_log_writer_open(home_fd, 0, NEVER_FULL, &log, &err) < 0
        || supervisor_streams_open(false, false, log, &streams, stdio, &err) < 0)
        die("log", err.text);
    writer = start_writer(stdio[1]);
    close(stdio[1]);
    close(stdio[2]);
    while (turn(streams) > 0) {}
    if (supervisor_streams_finish(streams, &err) < 0)
        die("log", err.text);
    wait_for(writer, "the writer");
    started = bench_now() - started;
    supervisor_streams_close(streams);
    linux_log_writer_close(log);
    close(home_fd);
    fresh();
    return started;
}

static void run_kind(const char* which, size_t rounds, const char* commands)
{
    struct bench_table* table = calloc(1, sizeof(*table));
    if (table == NULL)
        die("make", "a table");
    kind          = which;
    table->rounds = rounds;
    setenv("BENCH_LOG_KIND", which, 1);
    bench_add(table, "cat >FILE", run_cat, NULL);
    bench_add(table, "streams to log", run_ours, NULL);
    bench_add_commands(table, commands);
    bench_run(table);
    printf("\n%s MiB in %s:\n", mib, strcmp(which, "lines") == 0 ? "lines of 80 bytes" : "blocks of 64 KiB");
    bench_print(table, "cat >FILE");
    free(table);
}

int main(int argc, char** argv)
{
    size_t rounds;
    rounds = bench_number(argc == 6 ? argv[1] : "", BENCH_ROUNDS_MAX, "bench-log ROUNDS FOLDER MIB PROGRAM COMMANDS");
    snprintf(folder, sizeof(folder), "%s", argv[2]);
    mib     = argv[3];
    program = argv[4];
    run_kind("blocks", rounds, argv[5]);
    run_kind("lines", rounds, argv[5]);
    return 0;
}
