/*
 * What starting a program in a fresh container costs: by the library in several ways, and by the command lines of a file.
 *
 * usage: bench-start ROOTFS ROUNDS COMMANDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const char usage[] = "bench-start ROOTFS ROUNDS COMMANDS";

/* A container of the library. */
struct way {
    const char* rootfs;
    int         init, overlay;
    int         far_fd; /* of the process with much memory that does it for us, else -1 */
};

static struct containerv_options* options_of(const struct way* way)
{
    struct containerv_options* options = containerv_options_new();

    if (options == NULL || containerv_options_set_command(options, "/bin/true", NULL) != 0
        || containerv_options_set_init(options, way->init) != 0)
        bench_die("options");
    if (way->overlay && containerv_options_set_layers(options, &way->rootfs, 1) != 0)
        bench_die("layers");
    return options;
}

static int64_t run_way(const struct bench_row* row)
{
    const struct way*          way     = row->context;
    struct containerv_options* options = options_of(way);
    int64_t                    took    = bench_one(way->overlay ? NULL : way->rootfs, options);

    containerv_options_delete(options);
    return took;
}

/* create, then spawn, wait, destroy: each one's share of the time goes into its own row. */
enum { CREATE, SPAWN, WAIT, DESTROY, PHASES };
static int64_t phases[PHASES + 1];

static int64_t run_spawn(const struct bench_row* row)
{
    const struct way*            way = row->context;
    struct containerv_container* container;
    struct containerv_exit       end = { .size = sizeof(end) };
    process_handle_t             process;

    phases[CREATE] = bench_now();
    if (containerv_create(way->rootfs, NULL, &container) != 0)
        bench_die("create");
    phases[SPAWN] = bench_now();
    if (containerv_spawn(container, "/bin/true", NULL, &process) != 0)
        bench_die("spawn");
    phases[WAIT] = bench_now();
    if (containerv_wait(container, process, -1, &end) != 0 || end.code != 0)
        bench_die("wait");
    phases[DESTROY] = bench_now();
    if (containerv_destroy(container) != 0)
        bench_die("destroy");
    phases[PHASES] = bench_now();
    return phases[PHASES] - phases[CREATE];
}

static int64_t run_phase(const struct bench_row* row)
{
    const int* phase = row->context;
    return phases[*phase + 1] - phases[*phase];
}

/* --- a caller with much memory: another process, which does one at each byte it reads -------------------------------------------- */

enum { MUCH = 1024 * 1024 * 1024 };

static _Noreturn void serve_from_much_memory(int fd, const struct way* way)
{
    char*            memory = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct bench_row row    = { .name = "", .context = (void*)(uintptr_t)way };
    char             byte;

    if (memory == MAP_FAILED)
        bench_die("a GiB of memory");
    memset(memory, 1, MUCH);
    while (read(fd, &byte, 1) == 1) {
        int64_t took = run_way(&row);
        if (write(fd, &took, sizeof(took)) != sizeof(took))
            break;
    }
    _exit(0);
}

static int64_t run_far(const struct bench_row* row)
{
    const struct way* way  = row->context;
    int64_t           took = 0;

    if (write(way->far_fd, "x", 1) != 1 || read(way->far_fd, &took, sizeof(took)) != sizeof(took))
        bench_die("the process with much memory");
    return took;
}

static void start_far(struct way* way)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        bench_die("socketpair");
    pid_t pid = fork();
    if (pid < 0)
        bench_die("fork");
    if (pid == 0) {
        close(ends[0]);
        serve_from_much_memory(ends[1], way);
    }
    close(ends[1]);
    way->far_fd = ends[0];
}

int main(int argc, char** argv)
{
    static struct bench_table table;
    static const int          numbers[PHASES] = { CREATE, SPAWN, WAIT, DESTROY };
    static const char* const  names[PHASES]   = { "  create", "  spawn", "  wait", "  destroy" };

    if (argc != 4)
        bench_number("", 0, usage);
    table.rounds        = bench_number(argv[2], BENCH_ROUNDS_MAX, usage);
    struct way in_place = { argv[1], 1, 0, -1 };
    struct way noinit   = { argv[1], 0, 1, -1 };
    struct way init     = { argv[1], 1, 1, -1 };
    struct way much     = { argv[1], 0, 1, -1 };
    start_far(&much); /* before this process has a guardian */
    bench_add(&table, "overlay, init=0", run_way, &noinit);
    bench_add(&table, "overlay, init=0, 1 GiB caller", run_far, &much);
    bench_add(&table, "overlay, init", run_way, &init);
    bench_add(&table, "in place, create and spawn", run_spawn, &in_place);
    for (size_t i = 0; i < PHASES; i++)
        bench_add(&table, names[i], run_phase, (void*)(uintptr_t)&numbers[i]);
    bench_add_commands(&table, argv[3]);
    bench_run(&table);
    bench_print(&table, "bubblewrap, our 7");
    close(much.far_fd);
    while (wait(NULL) > 0) {}
    return 0;
}
