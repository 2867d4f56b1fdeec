#include "bench.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

int64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

_Noreturn void bench_die(const char* step)
{
    const struct containerv_error* error = containerv_error_last();
    fprintf(stderr, "bench: %s: %s\n", step, error != NULL ? error->text : "no error is known");
    exit(1);
}

size_t bench_number(const char* text, size_t most, const char* usage)
{
    char*  end;
    size_t number = strtoul(text, &end, 10);
    if (number >= 1 && number <= most && *end == '\0')
        return number;
    fprintf(stderr, "usage: %s\n", usage);
    exit(2);
}

void bench_add(struct bench_table* table, const char* name, int64_t (*run)(const struct bench_row* row), void* context)
{
    if (table->count == BENCH_ROWS_MAX) {
        fprintf(stderr, "bench: more than %d rows\n", (int)BENCH_ROWS_MAX);
        exit(1);
    }
    struct bench_row* row = &table->rows[table->count++];
    row->name             = name;
    row->run              = run;
    row->context          = context;
    row->samples          = calloc(table->rounds, sizeof(*row->samples));
    if (row->samples == NULL)
        bench_die("memory");
}

static void run_one(const struct bench_row* row, char* const* argv)
{
    pid_t pid;
    int   status;

    if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "bench: '%s' failed\n", row->name);
        exit(1);
    }
}

static int64_t run_command(const struct bench_row* row)
{
    int64_t started = bench_now();

    for (char* const* argv = (char* const*)row->words + 1; *argv != NULL;) {
        run_one(row, argv);
        while (*argv != NULL)
            argv++;
        if (argv < row->words + BENCH_WORDS_MAX)
            argv++; /* the next command, or the end */
    }
    return bench_now() - started;
}

void bench_add_commands(struct bench_table* table, const char* path)
{
    char  line[BENCH_LINE_MAX];
    FILE* file = fopen(path, "re");

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        bench_add(table, "", run_command, NULL);
        struct bench_row* row = &table->rows[table->count - 1];
        memcpy(row->line, line, sizeof(line));
        char*  rest               = row->line;
        size_t words              = 0;
        rest[strcspn(rest, "\n")] = '\0';
        while (words < BENCH_WORDS_MAX && rest != NULL) {
            char* word          = strsep(&rest, "\t");
            row->words[words++] = strcmp(word, ";") == 0 ? NULL : word;
        }
        row->name = row->words[0];
    }
    fclose(file);
}

void bench_run(struct bench_table* table)
{
    for (size_t i = 0; i < table->count; i++)
        table->rows[i].run(&table->rows[i]);
    for (size_t round = 0; round < table->rounds; round++)
        for (size_t i = 0; i < table->count; i++)
            table->rows[i].samples[round] = table->rows[i].run(&table->rows[i]);
}

static int by_value(const void* a, const void* b)
{
    int64_t x = *(const int64_t*)a, y = *(const int64_t*)b;
    return (x > y) - (x < y);
}

int64_t bench_quantile(const struct bench_row* row, size_t rounds, unsigned percent)
{
    return row->samples[rounds * percent / 100];
}

void bench_print(const struct bench_table* table, const char* reference)
{
    const struct bench_row* base = &table->rows[0];

    for (size_t i = 0; i < table->count; i++) {
        qsort(table->rows[i].samples, table->rounds, sizeof(int64_t), by_value);
        if (strcmp(table->rows[i].name, reference) == 0)
            base = &table->rows[i];
    }
    printf("%zu rounds, milliseconds; ratios to '%s'\n%-30s %9s %9s %9s %9s %9s\n", table->rounds, base->name, "",
        "min", "p50", "p95", "min ratio", "p50 ratio");
    for (size_t i = 0; i < table->count; i++) {
        const struct bench_row* row = &table->rows[i];
        int64_t                 min = row->samples[0], middle = bench_quantile(row, table->rounds, 50);
        printf("%-30s %9.3f %9.3f %9.3f %9.2f %9.2f\n", row->name, (double)min / 1e6, (double)middle / 1e6,
            (double)bench_quantile(row, table->rounds, 95) / 1e6, (double)min / (double)base->samples[0],
            (double)middle / (double)bench_quantile(base, table->rounds, 50));
    }
}

int64_t bench_one(const char* rootfs, const struct containerv_options* options)
{
    struct containerv_container* container;
    struct containerv_exit       end     = { .size = sizeof(end) };
    int64_t                      started = bench_now();

    if (containerv_create(rootfs, options, &container) != 0)
        bench_die("create");
    if (containerv_wait(container, CV_PROCESS_MAIN, -1, &end) != 0 || end.code != 0)
        bench_die("wait");
    if (containerv_destroy(container) != 0)
        bench_die("destroy");
    return bench_now() - started;
}
