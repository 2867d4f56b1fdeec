/*
 * What copies cost beside `tar | tar`: one file of a GiB, and 20,000 files of up to 16 KiB in 200 folders. All ways are measured in turn
 * within each round, from the same source, which is in the page cache, to a fresh folder on the same filesystem; what the one before has
 * written is flushed first.
 *
 * usage: bench-copy ROOTFS ROUNDS FOLDER     an existing empty folder for source and destination
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/file.h>

#include "bench.h"

enum { LARGE_BYTES = 1 << 30, FOLDERS = 200, FILES_EACH = 100, SMALL_STEP = 163, PATH_BYTES = 4096 };

extern char** environ;

static char                         folder[PATH_BYTES - 256];
static struct containerv_container* container;

static _Noreturn void die(const char* step, const char* object)
{
    fprintf(stderr, "bench-copy: %s: %s\n", step, object);
    exit(1);
}

static const char* in_folder(const char* name)
{
    static char paths[4][PATH_BYTES];
    static int  next;
    char*       path = paths[next++ % 4];
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

static const char* make_folder(const char* path)
{
    if (mkdir(path, 0755) < 0)
        die("make", path);
    return path;
}

static void write_file(const char* path, size_t size)
{
    static uint32_t block[1 << 18];
    static uint32_t value = 1;
    int             fd    = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    while (fd >= 0 && size > 0) {
        size_t part = size < sizeof(block) ? size : sizeof(block);
        for (size_t i = 0; i < (part + 3) / 4; i++)
            block[i] = value = value * 1664525 + 1013904223; /* nothing that could be compressed */
        if (write(fd, block, part) != (ssize_t)part)
            die("write", path);
        size -= part;
    }
    if (fd < 0 || close(fd) < 0)
        die("make", path);
}

static void make_sources(void)
{
    char name[64];
    make_folder(in_folder("large"));
    write_file(in_folder("large/file"), LARGE_BYTES);
    make_folder(in_folder("small"));
    for (int i = 0; i < FOLDERS; i++) {
        snprintf(name, sizeof(name), "small/%d", i);
        make_folder(in_folder(name));
        for (int k = 0; k < FILES_EACH; k++) {
            snprintf(name, sizeof(name), "small/%d/%d", i, k);
            write_file(in_folder(name), (size_t)(k * SMALL_STEP));
        }
    }
}

static void flush(void)
{
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) < 0)
        die("flush", folder);
    close(fd);
}

/* The destination, made anew. What is left of the last one is removed and flushed before the time is taken. */
static const char* fresh(void)
{
    const char* path = in_folder("out");
    if (cv_tree_remove(path, NULL) < 0)
        die("remove", path);
    make_folder(path);
    flush();
    return path;
}

static int64_t run_tar(const struct bench_row* row)
{
    char    command[2 * PATH_BYTES + 64];
    char*   argv[] = { "sh", "-c", command, NULL };
    pid_t   pid;
    int     status = 0;
    int64_t started;
    snprintf(command, sizeof(command), "tar -C %s -cf - . | tar -C %s -xpf -", in_folder(row->context), fresh());
    started = bench_now();
    if (posix_spawnp(&pid, "sh", NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        die("run", command);
    return bench_now() - started;
}

static int64_t run_upload(const struct bench_row* row)
{
    const char* to = "/data/out";
    char        from[PATH_BYTES];
    const char* source = from;
    int64_t     started;
    snprintf(from, sizeof(from), "%s/.", in_folder(row->context));
    fresh();
    started = bench_now();
    if (containerv_upload(container, &source, &to, 1) != 0)
        bench_die("upload");
    return bench_now() - started;
}

static int64_t run_download(const struct bench_row* row)
{
    char        from[PATH_BYTES];
    const char* source = from;
    const char* to     = fresh();
    int64_t     started;
    snprintf(from, sizeof(from), "/data/%s/.", (const char*)row->context);
    started = bench_now();
    if (containerv_download(container, &source, &to, 1) != 0)
        bench_die("download");
    return bench_now() - started;
}

static void run_table(char* source, size_t rounds)
{
    static struct bench_table table;
    table = (struct bench_table){ .rounds = rounds };
    bench_add(&table, "tar | tar", run_tar, source);
    bench_add(&table, "to the container", run_upload, source);
    bench_add(&table, "to the host", run_download, source);
    bench_run(&table);
    printf("%s:\n", source);
    bench_print(&table, "tar | tar");
}

int main(int argc, char** argv)
{
    static const char          usage[] = "bench-copy ROOTFS ROUNDS FOLDER";
    size_t                     rounds  = bench_number(argc == 4 ? argv[2] : "", BENCH_ROUNDS_MAX, usage);
    struct containerv_options* options = containerv_options_new();
    struct containerv_mount    mount   = { .size = sizeof(mount), .source = folder, .destination = "/data" };
    snprintf(folder, sizeof(folder), "%s", argv[3]);
    if (containerv_options_set_mounts(options, &mount, 1) != 0 || containerv_create(argv[1], options, &container) != 0)
        bench_die("create");
    containerv_options_delete(options);
    make_sources();
    run_table("large", rounds);
    run_table("small", rounds);
    return containerv_destroy(container) == 0 ? 0 : 1;
}
