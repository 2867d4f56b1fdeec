/*
 * What containers that do nothing cost: memory of each one's supervisor and of its PID 1, and how long a list of all takes, at growing numbers.
 *
 * usage: bench-idle ROOTFS MOST CVCTL
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char** environ;

enum { MOST = 10000, TURNS = 5 };

static struct containerv_container* containers[MOST];

static void make_one(const char* rootfs, const struct containerv_options* options, size_t index)
{
    if (containerv_create(rootfs, options, &containers[index]) != 0)
        bench_die("create");
}

/* Kilobytes of a line of smaps_rollup. */
static unsigned long memory_of(int64_t pid, const char* key)
{
    char          path[64], line[256];
    unsigned long value = 0;

    snprintf(path, sizeof(path), "/proc/%lld/smaps_rollup", (long long)pid);
    FILE* file = fopen(path, "re");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            value = strtoul(line + strlen(key), NULL, 10);
    fclose(file);
    return value;
}

/* The best of some turns. */
static double list_ms(const char* cvctl)
{
    char*                      argv[] = { (char*)(uintptr_t)cvctl, (char*)"ps", NULL };
    posix_spawn_file_actions_t actions;
    int64_t                    best = INT64_MAX;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int i = 0; i < TURNS; i++) {
        int64_t started = bench_now();
        pid_t   pid;
        int     status;
        if (posix_spawn(&pid, cvctl, &actions, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid
            || status != 0) {
            fprintf(stderr, "bench: '%s ps' failed\n", cvctl);
            exit(1);
        }
        int64_t took = bench_now() - started;
        best         = took < best ? took : best;
    }
    posix_spawn_file_actions_destroy(&actions);
    return (double)best / 1e6;
}

static void report(size_t count, int64_t created_ns, const char* cvctl)
{
    unsigned long private_kb = 0, worst = 0, rss = 0;

    for (size_t i = 0; i < count; i++) {
        struct containerv_info info = { .size = sizeof(info) };
        if (containerv_info(containers[i], &info) != 0)
            bench_die("info");
        unsigned long own = memory_of(info.supervisor, "Private_Dirty:");
        private_kb += own;
        worst = own > worst ? own : worst;
        rss += memory_of(info.supervisor, "Pss:");
    }
    printf("%8zu %14.3f %16lu %12lu %12lu %12.1f\n", count, (double)created_ns / 1e6 / (double)count,
        private_kb / count, worst, rss / count, list_ms(cvctl));
    fflush(stdout);
}

int main(int argc, char** argv)
{
    static const char          usage[] = "bench-idle ROOTFS MOST CVCTL";
    struct containerv_options* options = containerv_options_new();
    size_t                     made    = 0;
    int64_t                    spent   = 0;

    if (argc != 4)
        bench_number("", 0, usage);
    size_t                          most     = bench_number(argv[2], MOST, usage);
    const char*                     sleeps[] = { "sleep", "100000", NULL };
    struct containerv_spawn_options command  = { .size = sizeof(command), .argv = sleeps };
    if (options == NULL || containerv_options_set_supervised(options, 1) != 0
        || containerv_options_set_command(options, "sleep", &command) != 0)
        bench_die("options");
    printf(
        "%8s %14s %16s %12s %12s %12s\n", "running", "create, ms", "supervisor, KiB", "largest", "its PSS", "ps, ms");
    for (size_t count = 10; count <= most; count *= 10) {
        int64_t started = bench_now();
        for (; made < count; made++)
            make_one(argv[1], options, made);
        spent += bench_now() - started;
        report(count, spent, argv[3]);
    }
    int64_t started = bench_now();
    for (size_t i = 0; i < made; i++)
        if (containerv_destroy(containers[i]) != 0)
            bench_die("destroy");
    printf("destroyed in %.3f ms each\n", (double)(bench_now() - started) / 1e6 / (double)made);
    containerv_options_delete(options);
    return 0;
}
