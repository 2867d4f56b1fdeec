/*
 * What starting a program costs: by the library, and by command lines given in a file, one a line "NAME ARGUMENT ARGUMENT...", words
 * apart by tabs. All are measured in turn within each round, so that what else the machine does falls on all of them.
 *
 * usage: bench-start ROOTFS ROUNDS COMMANDS
 */
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <chef/containerv.h>

enum { ROWS_MAX = 16, WORDS_MAX = 64, ROUNDS_MAX = 100000, LINE_MAX_BYTES = 4096 };

extern char** environ;

/* Where the time of the library goes. */
enum { CREATE, SPAWN, WAIT, DESTROY, PHASES };
static const char* const phase_names[PHASES] = { "create", "spawn", "wait", "destroy" };

struct row {
    char     line[LINE_MAX_BYTES];
    char*    words[WORDS_MAX + 1]; /* the name, then argv; none: the library itself */
    int64_t* samples;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_value(const void* a, const void* b)
{
    int64_t x = *(const int64_t*)a, y = *(const int64_t*)b;
    return (x > y) - (x < y);
}

static void die_of(const char* step)
{
    fprintf(stderr, "bench-start: %s: %s\n", step, containerv_error_last()->text);
    exit(1);
}

static void run_library(const char* rootfs, int64_t phases[PHASES])
{
    struct containerv_container* container;
    struct containerv_exit       end = { .size = sizeof(end) };
    process_handle_t             process;
    int64_t                      at[PHASES + 1];

    at[CREATE] = now_ns();
    if (containerv_create(rootfs, NULL, &container) != 0)
        die_of("create");
    at[SPAWN] = now_ns();
    if (containerv_spawn(container, "/bin/true", NULL, &process) != 0)
        die_of("spawn");
    at[WAIT] = now_ns();
    if (containerv_wait(container, process, -1, &end) != 0 || end.code != 0)
        die_of("wait");
    at[DESTROY] = now_ns();
    if (containerv_destroy(container) != 0)
        die_of("destroy");
    at[PHASES] = now_ns();
    for (int i = 0; i < PHASES; i++)
        phases[i] = at[i + 1] - at[i];
}

/* One program and nothing else: the create starts it, and its end is the container's. */
static int64_t run_main(const char* rootfs, int init)
{
    struct containerv_container* container;
    struct containerv_exit       end     = { .size = sizeof(end) };
    int64_t                      started = now_ns();
    struct containerv_options*   options = containerv_options_new();

    if (options == NULL || containerv_options_set_command(options, "/bin/true", NULL) != 0
        || containerv_options_set_init(options, init) != 0)
        die_of("options");
    if (containerv_create(rootfs, options, &container) != 0)
        die_of("create with a command");
    containerv_options_delete(options);
    if (containerv_wait(container, CV_PROCESS_MAIN, -1, &end) != 0 || end.code != 0)
        die_of("wait for the command");
    if (containerv_destroy(container) != 0)
        die_of("destroy");
    return now_ns() - started;
}

static int64_t run_command(char** argv)
{
    int64_t started = now_ns();
    pid_t   pid;
    int     status;

    if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "bench-start: '%s' failed\n", argv[0]);
        exit(1);
    }
    return now_ns() - started;
}

static size_t read_rows(const char* path, struct row* rows, size_t capacity)
{
    FILE*  file  = fopen(path, "re");
    size_t count = 0;

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while (count < capacity && fgets(rows[count].line, sizeof(rows[count].line), file) != NULL) {
        char*  rest               = rows[count].line;
        size_t words              = 0;
        rest[strcspn(rest, "\n")] = '\0';
        while (words < WORDS_MAX && rest != NULL)
            rows[count].words[words++] = strsep(&rest, "\t");
        count++;
    }
    fclose(file);
    return count;
}

static void print_row(const char* name, int64_t* samples, size_t rounds, int64_t reference)
{
    qsort(samples, rounds, sizeof(*samples), by_value);
    printf("%-22s %10.3f %10.3f %10.3f", name, (double)samples[0] / 1e6, (double)samples[rounds / 2] / 1e6,
        (double)samples[rounds * 95 / 100] / 1e6);
    if (reference > 0)
        printf(" %8.2f", (double)samples[rounds / 2] / (double)reference);
    printf("\n");
}

static void print_all(
    struct row* rows, size_t count, int64_t* whole, int64_t* phases[PHASES], int64_t* mains[2], size_t rounds)
{
    printf("%zu rounds, milliseconds\n%-22s %10s %10s %10s %8s\n", rounds, "", "min", "p50", "p95", "p50/ours");
    print_row("libcontainerv", whole, rounds, 0);
    for (int i = 0; i < PHASES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "  %s", phase_names[i]);
        print_row(name, phases[i], rounds, 0);
    }
    print_row("as a command, init", mains[1], rounds, whole[rounds / 2]);
    print_row("as a command, init=0", mains[0], rounds, whole[rounds / 2]);
    for (size_t i = 0; i < count; i++)
        print_row(rows[i].words[0], rows[i].samples, rounds, whole[rounds / 2]);
}

int main(int argc, char** argv)
{
    static struct row rows[ROWS_MAX];
    int64_t*          phases[PHASES];
    int64_t*          mains[2]; /* without and with an init */
    size_t            rounds = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench-start ROOTFS ROUNDS COMMANDS\n");
        return 2;
    }
    size_t   count = read_rows(argv[3], rows, ROWS_MAX);
    int64_t* whole = calloc(rounds, sizeof(*whole));
    for (size_t i = 0; i < count; i++)
        rows[i].samples = calloc(rounds, sizeof(int64_t));
    for (int i = 0; i < PHASES; i++)
        phases[i] = calloc(rounds, sizeof(int64_t));

    for (int init = 0; init < 2; init++)
        mains[init] = calloc(rounds, sizeof(int64_t));

    int64_t warm[PHASES];
    run_library(argv[1], warm); /* starts the guardian */
    for (size_t round = 0; round < rounds; round++) {
        int64_t once[PHASES];
        run_library(argv[1], once);
        for (int i = 0; i < PHASES; i++) {
            phases[i][round] = once[i];
            whole[round] += once[i];
        }
        for (int init = 0; init < 2; init++)
            mains[init][round] = run_main(argv[1], init);
        for (size_t i = 0; i < count; i++)
            rows[i].samples[round] = run_command(rows[i].words + 1);
    }
    print_all(rows, count, whole, phases, mains, rounds);
    printf("first of the process, with the guardian's start: create %.3f\n", (double)warm[CREATE] / 1e6);
    return 0;
}
