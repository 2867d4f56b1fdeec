/* What the benchmarks share: time, samples, rows of a table, command lines from a file. All end the program on an error. */
#ifndef CV_BENCH_H
#define CV_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include <chef/containerv.h>

enum { BENCH_ROWS_MAX = 32, BENCH_WORDS_MAX = 64, BENCH_LINE_MAX = 4096, BENCH_ROUNDS_MAX = 100000 };

/* One row: what is measured once a round, in turn with the others, and its samples. */
struct bench_row {
    const char* name;
    int64_t (*run)(const struct bench_row* row); /* nanoseconds */
    void*    context;
    int64_t* samples;
    char     line[BENCH_LINE_MAX]; /* of a command: the words point into it */
    char*    words[BENCH_WORDS_MAX + 1];
};

struct bench_table {
    struct bench_row rows[BENCH_ROWS_MAX];
    size_t           count, rounds;
};

int64_t        bench_now(void);
_Noreturn void bench_die(const char* step); /* with the library's last error */
size_t         bench_number(const char* text, size_t most, const char* usage);

void bench_add(struct bench_table* table, const char* name, int64_t (*run)(const struct bench_row* row), void* context);
/* From a file: one a line, the name and the words of the command line, apart by tabs; a word ";" begins a further command. */
void bench_add_commands(struct bench_table* table, const char* path);

/* Every row once without counting it, then all rows in each round. */
void bench_run(struct bench_table* table);
/* Milliseconds, and the ratio of min and of p50 to those of row `reference`. */
void bench_print(const struct bench_table* table, const char* reference);

int64_t bench_quantile(const struct bench_row* row, size_t rounds, unsigned percent); /* sorted by bench_print() */

/* create with "true" as the command, wait, destroy. Nanoseconds. */
int64_t bench_one(const char* rootfs, const struct containerv_options* options);
#endif
