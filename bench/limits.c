/*
 * What a limit adds to the start of a container where its controller is one of cgroup version 1: the rows with a limit less the row
 * without, beside the least that must be done, which is to make a group, write the limit, move one process into it and remove it.
 *
 * usage: bench-limits ROOTFS ROUNDS CGROUPS        CGROUPS: the folder with the hierarchies, /sys/fs/cgroup
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const char* rootfs;
static const char* cgroups;

struct controller {
    const char *             name, *file, *value; /* of its hierarchy; no file: none */
    struct containerv_limits limits;
};

static const struct controller controllers[] = {
    { "none", NULL, NULL, { .size = sizeof(struct containerv_limits), .pids = CV_LIMIT_NONE } },
    { "memory", "memory.limit_in_bytes", "268435456",
        { .size = sizeof(struct containerv_limits), .pids = CV_LIMIT_NONE, .memory_bytes = 268435456 } },
    { "pids", "pids.max", "100", { .size = sizeof(struct containerv_limits), .pids = 100 } },
    { "cpu", "cpu.cfs_quota_us", "50000",
        { .size = sizeof(struct containerv_limits), .pids = CV_LIMIT_NONE, .cpu_milli = 500 } },
};
enum { CONTROLLERS = sizeof(controllers) / sizeof(controllers[0]) };

static int64_t run_ours(const struct bench_row* row)
{
    const struct controller*   controller = row->context;
    struct containerv_options* options    = containerv_options_new();

    if (options == NULL || containerv_options_set_command(options, "/bin/true", NULL) != 0
        || containerv_options_set_limits(options, &controller->limits) != 0)
        bench_die("options");
    int64_t took = bench_one(rootfs, options);
    containerv_options_delete(options);
    return took;
}

static void write_text(const char* folder, const char* file, const char* text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        perror(path);
        exit(1);
    }
    close(fd);
}

/* A process that waits for its end, in a group of its own where there is a controller. */
static int64_t run_bare(const struct bench_row* row)
{
    const struct controller* controller = row->context;
    int64_t                  started    = bench_now();
    pid_t                    pid        = fork();
    char                     folder[256], number[32];

    if (pid == 0)
        for (;;)
            pause();
    if (controller->file != NULL) {
        snprintf(folder, sizeof(folder), "%s/%s/bench-%d", cgroups, controller->name, (int)getpid());
        snprintf(number, sizeof(number), "%d", (int)pid);
        if (mkdir(folder, 0755) < 0) {
            perror(folder);
            exit(1);
        }
        write_text(folder, controller->file, controller->value);
        write_text(folder, "cgroup.procs", number);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (controller->file != NULL && rmdir(folder) < 0) {
        perror(folder);
        exit(1);
    }
    return bench_now() - started;
}

int main(int argc, char** argv)
{
    static struct bench_table table;
    static char               names[2 * CONTROLLERS][32];
    static const char         usage[] = "bench-limits ROOTFS ROUNDS CGROUPS";

    if (argc != 4)
        bench_number("", 0, usage);
    rootfs       = argv[1];
    cgroups      = argv[3];
    table.rounds = bench_number(argv[2], BENCH_ROUNDS_MAX, usage);
    for (size_t i = 0; i < CONTROLLERS; i++) {
        snprintf(names[i], sizeof(names[i]), "container, %s", controllers[i].name);
        bench_add(&table, names[i], run_ours, (void*)(uintptr_t)&controllers[i]);
    }
    for (size_t i = 0; i < CONTROLLERS; i++) {
        snprintf(names[CONTROLLERS + i], sizeof(names[0]), "bare, %s", controllers[i].name);
        bench_add(&table, names[CONTROLLERS + i], run_bare, (void*)(uintptr_t)&controllers[i]);
    }
    bench_run(&table);
    bench_print(&table, "container, none");
    printf("\nwhat the limit adds, p50 of ours / p50 of the bare writes\n");
    for (size_t i = 1; i < CONTROLLERS; i++) {
        int64_t ours =
            bench_quantile(&table.rows[i], table.rounds, 50) - bench_quantile(&table.rows[0], table.rounds, 50);
        int64_t bare = bench_quantile(&table.rows[CONTROLLERS + i], table.rounds, 50)
                       - bench_quantile(&table.rows[CONTROLLERS], table.rounds, 50);
        printf("%-10s %9.3f ms / %9.3f ms = %.2f\n", controllers[i].name, (double)ours / 1e6, (double)bare / 1e6,
            (double)ours / (double)bare);
    }
    return 0;
}
