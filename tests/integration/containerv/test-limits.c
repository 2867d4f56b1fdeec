/*
 * Limits on the real kernel, through the public API: for each the value that is seen from inside, and the kernel's own counter. The
 * same program runs on hosts with either version of cgroups; files are looked for where the container's group is.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lost.h"

#define MIB UINT64_C(1048576)

/* A file of the container's group, by its name in each version. `controller`: of version 1, where it has a mount of that name. */
struct counter {
    const char *v2, *controller, *v1;
};

static bool read_text(const char* path, char text[OUTPUT_MAX])
{
    FILE*  file = fopen(path, "re");
    size_t got;
    if (file == NULL)
        return false;
    got       = fread(text, 1, OUTPUT_MAX - 1, file);
    text[got] = '\0';
    fclose(file);
    return true;
}

static void read_counter(struct containerv_container* container, const struct counter* counter, char text[OUTPUT_MAX])
{
    static const char* const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
    char                     path[512];
    for (size_t i = 0; counter->v2 != NULL && i < 2; i++) {
        snprintf(path, sizeof(path), "%s/containerv/c-%s/%s", mounts[i], containerv_id(container), counter->v2);
        if (read_text(path, text))
            return;
    }
    snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/containerv/c-%s/%s", counter->controller, containerv_id(container),
        counter->v1);
    if (!read_text(path, text))
        fail_msg("no %s and no %s of container %s", counter->v2, counter->v1, containerv_id(container));
}

/* The number behind `key` (at the start of a line; "": the first one). */
static uint64_t number_of(const char* text, const char* key)
{
    size_t length = strlen(key);
    for (const char* line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0)
            return strtoull(line + length, NULL, 10);
    }
    fail_msg("no '%s' in '%s'", key, text);
    return 0;
}

static uint64_t count(struct containerv_container* container, const struct counter* counter, const char* key)
{
    char text[OUTPUT_MAX];
    read_counter(container, counter, text);
    return number_of(text, key);
}

/* The kernel's own number, and what the container sees of it: the file of its group, where version 2 keeps that. */
static void print_both(struct containerv_container* container, const struct counter* counter, const char* what)
{
    char inside[OUTPUT_MAX], outside[OUTPUT_MAX], script[256];
    snprintf(script, sizeof(script), "cat /sys/fs/cgroup/%s 2>/dev/null || echo nothing", counter->v2);
    assert_int_equal(suite_run(container, script, inside), 0);
    read_counter(container, counter, outside);
    outside[strcspn(outside, "\n")] = '\0';
    print_message("%s: the kernel has %s, from inside %s\n", what, outside, inside);
    if (strcmp(inside, "nothing") != 0)
        assert_string_equal(inside, outside);
}

static struct containerv_container* limited(const struct containerv_limits* limits)
{
    struct containerv_options* options = containerv_options_new();
    OK(containerv_options_set_limits(options, limits));
    return suite_container(options);
}

/* All groups of it are gone. */
static void check_gone(const char* id)
{
    char name[LOST_ID + 2];
    snprintf(name, sizeof(name), "c-%s", id);
    if (lost_groups(name) != 0)
        fail_msg("container %s left %d groups", id, lost_groups(name));
}

static void end(struct containerv_container* container)
{
    char id[80];
    snprintf(id, sizeof(id), "%s", containerv_id(container));
    OK(containerv_destroy(container));
    check_gone(id);
}

/* --- memory -------------------------------------------------------------------------------------------------------------------- */

static const struct counter memory_max = { "memory.max", "memory", "memory.limit_in_bytes" };

/* One buffer of that many MiB. */
static int take_memory(struct containerv_container* container, int mebibytes, char* output)
{
    char script[128];
    snprintf(script, sizeof(script), "exec dd if=/dev/zero of=/dev/null bs=%dM count=1 2>&1", mebibytes);
    return suite_run(container, script, output);
}

/* Start a program directly, without a shell. */
static process_handle_t start(struct containerv_container* container, const char* const* argv)
{
    struct containerv_spawn_options spawn  = { .size = sizeof(spawn), .argv = argv };
    process_handle_t                handle = CV_PROCESS_MAIN;
    OK(containerv_spawn(container, argv[0], &spawn, &handle));
    return handle;
}

static struct containerv_exit wait_for(struct containerv_container* container, process_handle_t process)
{
    struct containerv_exit ended = { .size = sizeof(ended) };
    OK(containerv_wait(container, process, 30000, &ended));
    return ended;
}

static const char* const hog[] = { "/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1", NULL };

static void want_of_memory_is_the_cause(void** state)
{
    struct containerv_limits     limits    = { .size = sizeof(limits), .memory_bytes = 32 * MIB };
    struct containerv_container* container = limited(&limits);
    const char* const            shell[]   = { "/bin/sh", "-c", "dd if=/dev/zero of=/dev/null bs=100M count=1", NULL };
    const char* const            sleeper[] = { "/bin/sleep", "1000", NULL };
    struct containerv_stats      stats     = { .size = sizeof(stats) };
    (void)state;
    process_handle_t       innocent = start(container, sleeper);
    struct containerv_exit ended    = wait_for(container, start(container, hog));
    assert_int_equal(ended.signal, 9);
    assert_int_equal(ended.reason, CV_EXIT_OOM);
    ended = wait_for(container, start(container, shell));
    assert_int_equal(ended.code, 137);
    assert_int_equal(ended.reason, CV_EXIT_OOM);
    OK(containerv_signal(container, innocent, 9)); /* it lived through two of them, but this end was asked for */
    assert_int_equal(wait_for(container, innocent).reason, CV_EXIT_KILLED);
    OK(containerv_stats(container, &stats));
    assert_true((stats.known & CV_STATS_OOM) != 0 && stats.oom_kills == 2);
    print_message("memory: the kernel counts %llu kills\n", (unsigned long long)stats.oom_kills);
    end(container);
}

/* The main process: a child of our PID 1, or PID 1 itself. */
static void want_of_memory_is_the_cause_of_the_command(void** state)
{
    struct containerv_limits limits = { .size = sizeof(limits), .memory_bytes = 32 * MIB };
    (void)state;
    for (int init = 0; init < 2; init++) {
        struct containerv_options*      options   = containerv_options_new();
        struct containerv_container*    container = NULL;
        struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = hog };
        OK(containerv_options_set_limits(options, &limits));
        OK(containerv_options_set_init(options, init));
        OK(containerv_options_set_command(options, hog[0], &spawn));
        OK(containerv_create(suite_rootfs(), options, &container));
        containerv_options_delete(options);
        struct containerv_exit ended = wait_for(container, CV_PROCESS_MAIN);
        assert_int_equal(ended.code, 137);
        assert_int_equal(ended.reason, CV_EXIT_OOM);
        end(container);
    }
}

static void memory_is_limited(void** state)
{
    struct containerv_limits     limits    = { .size = sizeof(limits), .memory_bytes = 32 * MIB };
    struct containerv_container* container = limited(&limits);
    char                         output[OUTPUT_MAX];
    (void)state;
    assert_int_equal(count(container, &memory_max, ""), 32 * MIB);
    print_both(container, &memory_max, "limit of memory");
    assert_int_equal(take_memory(container, 8, output), 0);
    assert_int_equal(take_memory(container, 100, output), 137);
    print_message("memory: limit %llu, dd of 100 MiB ended with 137\n", (unsigned long long)(32 * MIB));
    end(container);
}

/* --- processes ----------------------------------------------------------------------------------------------------------------- */

static const struct counter pids_max    = { "pids.max", "pids", "pids.max" };
static const struct counter pids_events = { "pids.events", "pids", "pids.events" };

#define BOMB "i=0; while [ $i -lt 100 ]; do sleep 100 & i=$((i+1)); done; echo all"

static void processes_are_limited(void** state)
{
    struct containerv_limits        limits    = { .size = sizeof(limits), .pids = 12 };
    struct containerv_container*    container = limited(&limits);
    char                            output[OUTPUT_MAX];
    process_handle_t                bomb      = CV_PROCESS_MAIN;
    const char* const               argv[]    = { "/bin/sh", "-c", BOMB, NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    const char* const               sleeper[] = { "/bin/sleep", "100", NULL };
    struct containerv_exit          ended     = { .size = sizeof(ended) };
    size_t                          there     = 0;
    (void)state;
    assert_int_equal(count(container, &pids_max, ""), 12);
    print_both(container, &pids_max, "limit of processes");
    assert_int_equal(suite_run(container, "true", output), 0);
    OK(containerv_spawn(container, "/bin/sh", &spawn, &bomb));
    OK(containerv_wait(container, bomb, 20000, &ended));
    assert_true(ended.code != 0);
    assert_int_equal(ended.reason, CV_EXIT_PIDS_LIMIT);
    OK(containerv_processes(container, NULL, 0, &there));
    assert_in_range(there, 10, 12);
    spawn.argv = sleeper;
    int rc     = 0;
    for (int i = 0; i < 3 && rc == 0; i++) /* what the shell itself took is free again */
        rc = containerv_spawn(container, sleeper[0], &spawn, &bomb);
    FAILS(CV_ERR_SYSTEM, rc);
    assert_non_null(strstr(containerv_error_last()->hint, "limit of processes"));
    assert_in_range(count(container, &pids_events, "max "), 1, 100);
    print_message("pids: limit 12, %zu are there, refused %llu\n", there,
        (unsigned long long)count(container, &pids_events, "max "));
    end(container);
}

static bool inspects(struct containerv_container* container, const char* words)
{
    char* text = NULL;
    OK(containerv_inspect(container, &text));
    bool found = strstr(text, words) != NULL;
    containerv_free(text);
    return found;
}

/* 2048 where nothing else was said: by the cgroup, or for each user by its rlimit. */
static void processes_have_a_default_limit(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    struct containerv_limits     none      = { .size = sizeof(none), .pids = CV_LIMIT_NONE };
    char                         output[OUTPUT_MAX], path[256], text[OUTPUT_MAX];
    (void)state;
    assert_int_equal(suite_run(container, "ulimit -u", output), 0);
    snprintf(path, sizeof(path), "/sys/fs/cgroup/containerv/c-%s/pids.max", containerv_id(container));
    if (read_text(path, text))
        assert_int_equal(number_of(text, ""), 2048);
    else
        assert_string_equal(output, "2048");
    print_message("pids: as inside: %s, no cgroup: %d\n", output, inspects(container, "\"limits.pids: RLIMIT_NPROC\""));
    assert_int_equal(inspects(container, "\"limits.pids: RLIMIT_NPROC\""), access(path, F_OK) != 0);
    end(container);
    container = limited(&none);
    assert_int_equal(suite_run(container, "ulimit -u", output), 0);
    assert_string_not_equal(output, "2048");
    end(container);
}

/* --- CPU ----------------------------------------------------------------------------------------------------------------------- */

static const struct counter cpu_stat   = { "cpu.stat", "cpu", "cpu.stat" };
static const struct counter cpu_weight = { "cpu.weight", "cpu", "cpu.shares" };

#define SPIN_A_SECOND "timeout 1 sh -c 'while :; do :; done'; true"
#define SPIN          "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"

/* In both versions, but the group of version 2 has a cpu.stat without the controller too. */
static uint64_t throttled(struct containerv_container* container)
{
    struct counter v1_first = { NULL, "cpu", "cpu.stat" };
    char           path[256];
    snprintf(path, sizeof(path), "/sys/fs/cgroup/cpu/containerv/c-%s/cpu.stat", containerv_id(container));
    return count(container, access(path, F_OK) == 0 ? &v1_first : &cpu_stat, "nr_throttled ");
}

static void cpu_time_is_limited(void** state)
{
    struct containerv_limits     limits    = { .size = sizeof(limits), .cpu_milli = 100, .cpu_weight = 50 };
    struct containerv_container* container = limited(&limits);
    char                         output[OUTPUT_MAX];
    uint64_t                     weight = count(container, &cpu_weight, "");
    uint64_t before = throttled(container); /* a slow machine needs more than 0.1 for PID 1's start */
    (void)state;
    assert_true(weight == 50 || weight == 512);
    print_both(container, &cpu_weight, "weight of CPU time");
    assert_int_equal(suite_run(container, SPIN_A_SECOND, output), 0);
    assert_in_range(throttled(container) - before, 1, 10000);
    print_message("CPU: limit 0.1, throttled %llu times\n", (unsigned long long)(throttled(container) - before));
    end(container);
}

/* Version 2 has the quota and the period in one file. */
static void cpu_time_has_a_quota_and_a_period(void** state)
{
    static const struct counter quota      = { "cpu.max", "cpu", "cpu.cfs_quota_us" },
                                period     = { NULL, "cpu", "cpu.cfs_period_us" };
    struct containerv_limits     limits    = { .size = sizeof(limits), .cpu_quota_us = 30000, .cpu_period_us = 20000 };
    struct containerv_container* container = limited(&limits);
    char                         text[OUTPUT_MAX];
    (void)state;
    read_counter(container, &quota, text);
    if (strchr(text, ' ') != NULL) {
        assert_string_equal(text, "30000 20000\n");
        print_both(container, &quota, "quota and period of CPU time");
    } else {
        assert_string_equal(text, "30000\n");
        assert_int_equal(count(container, &period, ""), 20000);
    }
    limits = (struct containerv_limits){ .size = sizeof(limits), .cpu_milli = 500, .cpu_quota_us = 1000 };
    FAILS(CV_ERR_INVALID, containerv_update(container, &limits));
    limits = (struct containerv_limits){ .size = sizeof(limits), .cpu_quota_us = 5000 };
    OK(containerv_update(container, &limits));
    assert_int_equal(count(container, &quota, ""), 5000);
    end(container);
}

static void cpus_can_be_chosen(void** state)
{
    struct containerv_limits     limits    = { .size = sizeof(limits), .cpus = "0", .memory_nodes = "0" };
    struct containerv_container* container = limited(&limits);
    (void)state;
    PRINTS("0 0", container, "set -- $(grep -E '^(Cpus|Mems)_allowed_list' /proc/self/status); echo $2 $4");
    end(container);
    limits    = (struct containerv_limits){ .size = sizeof(limits), .cpus = "0" };
    container = limited(&limits);
    PRINTS("0", container, "set -- $(grep ^Cpus_allowed_list /proc/self/status); echo $2");
    end(container);
}

/* --- I/O ----------------------------------------------------------------------------------------------------------------------- */

/* The whole disk that the root folder is on. */
static bool find_disk(char path[256], char numbers[32])
{
    struct stat info;
    char        link[256], target[256];
    if (stat(suite_rootfs(), &info) < 0 || major(info.st_dev) == 0)
        return false;
    snprintf(link, sizeof(link), "/sys/dev/block/%u:%u/partition", major(info.st_dev), minor(info.st_dev));
    bool part = access(link, F_OK) == 0;
    snprintf(link, sizeof(link), "/sys/dev/block/%u:%u%s", major(info.st_dev), minor(info.st_dev), part ? "/.." : "");
    if (realpath(link, target) == NULL)
        return false;
    snprintf(path, 256, "/dev/%.200s", strrchr(target, '/') + 1);
    if (stat(path, &info) < 0 || !S_ISBLK(info.st_mode))
        return false;
    snprintf(numbers, 32, "%u:%u", major(info.st_rdev), minor(info.st_rdev));
    return true;
}

static const struct counter io_max = { "io.max", "blkio", "blkio.throttle.write_bps_device" };

static void writing_is_limited(void** state)
{
    char                       disk[256], numbers[32], output[OUTPUT_MAX], text[OUTPUT_MAX];
    struct containerv_io_limit rate   = { .size = sizeof(rate), .path = disk, .write_bps = 2 * MIB };
    struct containerv_limits   limits = { .size = sizeof(limits), .io = &rate, .io_count = 1 };
    (void)state;
    if (!find_disk(disk, numbers)) {
        print_message("skipped: the root folder is on no block device\n");
        skip();
    }
    struct containerv_container* container = limited(&limits);
    struct containerv_exit       ended;
    read_counter(container, &io_max, text);
    assert_non_null(strstr(text, numbers));
    assert_int_equal(suite_run(container,
                         "s=$(cut -d. -f1 /proc/uptime); dd if=/dev/zero of=/tmp/io.$$ bs=512k count=8 oflag=direct "
                         "2>/dev/null || exit 9; rm /tmp/io.$$; echo $(($(cut -d. -f1 /proc/uptime) - s))",
                         output),
        0);
    print_message("I/O: limit %s; 4 MiB took %s seconds\n", text, output);
    assert_in_range(strtoull(output, NULL, 10), 1, 60);
    (void)ended;
    end(container);
}

/* --- the upper ----------------------------------------------------------------------------------------------------------------- */

static struct containerv_container* layered(const struct containerv_limits* limits)
{
    struct containerv_options* options  = containerv_options_new();
    const char* const          layers[] = { suite_rootfs() };
    OK(containerv_options_set_layers(options, layers, 1));
    OK(containerv_options_set_limits(options, limits));
    struct containerv_container* container = NULL;
    int                          rc        = containerv_create(NULL, options, &container);
    containerv_options_delete(options);
    OK(rc);
    return container;
}

static void the_upper_is_limited(void** state)
{
    struct containerv_limits     limits    = { .size = sizeof(limits), .upper_bytes = 4 * MIB };
    struct containerv_container* container = layered(&limits);
    const char* const            writer[]  = { "/bin/dd", "if=/dev/zero", "of=/big", "bs=64k", "count=1000", NULL };
    char                         output[OUTPUT_MAX];
    (void)state;
    PRINTS("1 2 x", container,
        "echo x >/root/a; chown 1:2 /root/a; rm /etc/group; mv /home /home2; echo $(stat -c '%u %g' /root/a) $(cat "
        "/root/a)");
    struct containerv_exit ended = wait_for(container, start(container, writer));
    assert_int_equal(ended.code, 1);
    assert_int_equal(ended.reason, CV_EXIT_UPPER_FULL);
    assert_int_equal(suite_run(container, "stat -c %s /big; echo y >>/big", output), 1);
    print_message("upper: limit 4 MiB, as inside: %s\n", output);
    assert_non_null(strstr(output, "No space left on device"));
    assert_in_range(strtoull(output, NULL, 10), 3 * MIB, 4 * MIB);
    OK(containerv_wait(container, start(container, (const char* const[]){ "/bin/rm", "/big", NULL }), 10000, NULL));
    assert_int_equal(suite_run(container, "echo y >/small; exit 3", output), 3);
    end(container);
    limits                             = (struct containerv_limits){ .size = sizeof(limits), .upper_bytes = MIB };
    struct containerv_options* options = containerv_options_new();
    OK(containerv_options_set_limits(options, &limits));
    FAILS(CV_ERR_INVALID, containerv_create(suite_rootfs(), options, &container));
    containerv_options_delete(options);
}

/* --- later --------------------------------------------------------------------------------------------------------------------- */

static void limits_change_while_it_runs(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    struct containerv_limits     limits    = { .size = sizeof(limits), .memory_bytes = 32 * MIB, .pids = 9 };
    const char* const            sleeper[] = { "/bin/sleep", "1000", NULL };
    char                         output[OUTPUT_MAX];
    struct containerv_stats      stats = { .size = sizeof(stats) };
    (void)state;
    start(container, sleeper);
    start(container, sleeper);
    OK(containerv_update(container, &limits));
    assert_true(inspects(container, "\"memoryBytes\":33554432") && !inspects(container, "RLIMIT_NPROC"));
    assert_int_equal(count(container, &memory_max, ""), 32 * MIB);
    OK(containerv_stats(container, &stats));
    assert_true(
        (stats.known & CV_STATS_PIDS) != 0 && stats.pids == 3 && stats.pids_limit == 9); /* our PID 1, and both */
    assert_int_equal(take_memory(container, 100, output), 137);
    limits.memory_bytes = 0;
    limits.pids         = CV_LIMIT_NONE;
    OK(containerv_update(container, &limits));
    assert_int_equal(take_memory(container, 100, output), 0);
    OK(containerv_stats(container, &stats));
    assert_true(stats.memory_limit_bytes == UINT64_MAX && stats.pids_limit == UINT64_MAX);
    end(container);
}

static void limits_change_while_it_is_paused(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    struct containerv_limits     limits    = { .size = sizeof(limits), .cpu_milli = 200, .pids = 20 };
    struct containerv_stats      stats     = { .size = sizeof(stats) };
    enum containerv_state        current   = CV_STATE_CREATED;
    const char* const            sleeper[] = { "/bin/sleep", "1", NULL };
    (void)state;
    process_handle_t process = start(container, sleeper);
    OK(containerv_pause(container));
    OK(containerv_update(container, &limits));
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_PAUSED);
    OK(containerv_stats(container, &stats)); /* it was moved as it stood, beside our PID 1 */
    assert_int_equal(stats.pids, 2);
    OK(containerv_resume(container));
    assert_int_equal(wait_for(container, process).code, 0);
    end(container);
}

static void an_update_that_fails_changes_nothing(void** state)
{
    static const struct containerv_hugepage_limit pages = { sizeof(pages), "3MB", 0 };
    struct containerv_limits     limits    = { .size = sizeof(limits), .memory_bytes = 64 * MIB, .pids = 50 };
    struct containerv_container* container = limited(&limits);
    (void)state;
    limits.memory_bytes   = 32 * MIB;
    limits.pids           = 20;
    limits.hugepages      = &pages;
    limits.hugepage_count = 1;
    FAILS(CV_ERR_UNSUPPORTED, containerv_update(container, &limits));
    assert_int_equal(count(container, &memory_max, ""), 64 * MIB);
    assert_int_equal(count(container, &pids_max, ""), 50);
    end(container);
}

static void statistics_grow(void** state)
{
    struct containerv_limits     limits    = { .size = sizeof(limits), .memory_bytes = 64 * MIB };
    struct containerv_container* container = limited(&limits);
    struct containerv_stats      before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
    char                         output[OUTPUT_MAX];
    const uint64_t always = CV_STATS_CPU | CV_STATS_MEMORY | CV_STATS_PIDS | CV_STATS_OOM | CV_STATS_NETWORK;
    (void)state;
    OK(containerv_stats(container, &before));
    assert_true((before.known & always) == always);
    assert_int_equal(suite_run(container, SPIN, output), 0);
    assert_int_equal(take_memory(container, 16, output), 0);
    OK(containerv_stats(container, &after));
    print_message(
        "statistics: known %llx, CPU %llu ns (user %llu, system %llu), memory %llu, peak %llu, limit %llu, pids "
        "%llu\n",
        (unsigned long long)after.known, (unsigned long long)after.cpu_usage_ns, (unsigned long long)after.cpu_user_ns,
        (unsigned long long)after.cpu_system_ns, (unsigned long long)after.memory_bytes,
        (unsigned long long)after.memory_peak_bytes, (unsigned long long)after.memory_limit_bytes,
        (unsigned long long)after.pids);
    assert_true(after.time_ns > before.time_ns);
    assert_true(after.cpu_usage_ns > before.cpu_usage_ns + 10000000);
    assert_true(after.cpu_user_ns + after.cpu_system_ns <= after.cpu_usage_ns + 20000000);
    assert_int_equal(after.memory_limit_bytes, 64 * MIB);
    assert_true(after.memory_bytes < 64 * MIB && after.pids >= 1 && after.net_rx_bytes == 0);
    if ((after.known & CV_STATS_MEMORY_PEAK) != 0)
        assert_true(after.memory_peak_bytes >= 16 * MIB && after.memory_peak_bytes <= 64 * MIB);
    FAILS(CV_ERR_INVALID, containerv_stats(container, NULL));
    end(container);
}

/* --- failures ------------------------------------------------------------------------------------------------------------------ */

static void a_limit_that_cannot_be_kept_fails_the_create(void** state)
{
    static const struct containerv_hugepage_limit pages = { sizeof(pages), "3MB", 0 };
    static const struct containerv_io_limit no_disk = { .size = sizeof(no_disk), .path = "/dev/null", .read_bps = 1 };
    static const struct containerv_io_limit nothing = { .size = sizeof(nothing), .path = "/dev/none", .read_bps = 1 };
    const struct {
        int                      code;
        struct containerv_limits limits;
    } cases[] = {
        { CV_ERR_UNSUPPORTED, { .size = sizeof(cases[0].limits), .hugepages = &pages, .hugepage_count = 1 } },
        { CV_ERR_INVALID, { .size = sizeof(cases[0].limits), .io = &no_disk, .io_count = 1 } },
        { CV_ERR_NOT_FOUND, { .size = sizeof(cases[0].limits), .io = &nothing, .io_count = 1 } },
        { CV_ERR_INVALID, { .size = sizeof(cases[0].limits), .pids = 7, .cpus = "1000" } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct containerv_container* container = NULL;
        struct containerv_options*   options   = containerv_options_new();
        char                         id[32];
        snprintf(id, sizeof(id), "limits-%d-%zu", (int)getpid(), i);
        OK(containerv_options_set_id(options, id));
        OK(containerv_options_set_limits(options, &cases[i].limits));
        FAILS(cases[i].code, containerv_create(suite_rootfs(), options, &container));
        print_message("refused: %s\n", containerv_error_last()->text);
        containerv_options_delete(options);
        check_gone(id);
    }
}

/* --- lost ---------------------------------------------------------------------------------------------------------------------- */

static void the_next_one_sweeps_what_the_dead_left(void** state)
{
    struct containerv_limits   limits  = { .size = sizeof(limits), .memory_bytes = 64 * MIB, .pids = 50, .cpus = "0" };
    struct containerv_options* options = containerv_options_new();
    char                       id[LOST_ID];
    (void)state;
    OK(containerv_options_set_limits(options, &limits));
    lost_container(options, id);
    OK(containerv_destroy(suite_container(NULL)));
    check_gone(id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(want_of_memory_is_the_cause),
        cmocka_unit_test(want_of_memory_is_the_cause_of_the_command),
        cmocka_unit_test(processes_are_limited),
        cmocka_unit_test(processes_have_a_default_limit),
        cmocka_unit_test(cpu_time_is_limited),
        cmocka_unit_test(cpu_time_has_a_quota_and_a_period),
        cmocka_unit_test(cpus_can_be_chosen),
        cmocka_unit_test(writing_is_limited),
        cmocka_unit_test(the_upper_is_limited),
        cmocka_unit_test(limits_change_while_it_runs),
        cmocka_unit_test(limits_change_while_it_is_paused),
        cmocka_unit_test(an_update_that_fails_changes_nothing),
        cmocka_unit_test(statistics_grow),
        cmocka_unit_test(the_next_one_sweeps_what_the_dead_left),
        cmocka_unit_test(a_limit_that_cannot_be_kept_fails_the_create),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
