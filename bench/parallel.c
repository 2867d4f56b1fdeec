/*
 * How many containers a second are started, run and taken away by N threads, and by N runs of a command line at a time. In the command
 * line each word "@" becomes a number that no other run has.
 *
 * usage: bench-parallel ROOTFS TOTAL N COMMANDS
 */
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench.h"

extern char** environ;

enum { TURNS = 3, THREADS_MAX = 256 };

struct load {
    const char*                rootfs;
    struct containerv_options* options; /* NULL: the command line */
    const struct bench_row*    row;
    atomic_int                 left, number;
};

static void run_command(struct load* load)
{
    char* argv[BENCH_WORDS_MAX + 1];
    char  number[32];
    pid_t pid;
    int   status;

    snprintf(number, sizeof(number), "bench-%d-%d", (int)getpid(), atomic_fetch_add(&load->number, 1));
    for (size_t i = 0; i < BENCH_WORDS_MAX; i++) {
        char* word = load->row->words[i + 1];
        argv[i]    = word != NULL && strcmp(word, "@") == 0 ? number : word;
    }
    argv[BENCH_WORDS_MAX] = NULL;
    if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "bench: '%s' failed\n", load->row->name);
        exit(1);
    }
}

static void* work(void* context)
{
    struct load* load = context;

    while (atomic_fetch_sub(&load->left, 1) > 0) {
        if (load->options != NULL)
            bench_one(load->rootfs, load->options);
        else
            run_command(load);
    }
    return NULL;
}

/* Containers a second. */
static double turn(struct load* load, int total, size_t threads)
{
    pthread_t ids[THREADS_MAX];
    int64_t   started = bench_now();

    atomic_store(&load->left, total);
    for (size_t i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, work, load) != 0)
            bench_die("a thread");
    for (size_t i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    return total / ((double)(bench_now() - started) / 1e9);
}

int main(int argc, char** argv)
{
    static struct bench_table table   = { .rounds = 1 };
    static const char         usage[] = "bench-parallel ROOTFS TOTAL N COMMANDS";

    if (argc != 5)
        bench_number("", 0, usage);
    int         total   = (int)bench_number(argv[2], BENCH_ROUNDS_MAX, usage);
    size_t      threads = bench_number(argv[3], THREADS_MAX, usage);
    struct load ours    = { .rootfs = argv[1], .options = containerv_options_new() };
    if (ours.options == NULL || containerv_options_set_command(ours.options, "/bin/true", NULL) != 0)
        bench_die("options");
    bench_add_commands(&table, argv[4]);
    double best = 0;
    for (int i = 0; i < TURNS; i++) {
        double rate = turn(&ours, total, threads);
        best        = rate > best ? rate : best;
    }
    printf("%zu at a time, %d in all, best of %d turns, containers a second\n%-24s %8.1f\n", threads, total, (int)TURNS,
        "libcontainerv, init", best);
    for (size_t i = 0; i < table.count; i++) {
        struct load peer      = { .row = &table.rows[i] };
        double      peer_best = 0;
        for (int j = 0; j < TURNS; j++) {
            double rate = turn(&peer, total, threads);
            peer_best   = rate > peer_best ? rate : peer_best;
        }
        printf("%-24s %8.1f  ours / it %.2f\n", table.rows[i].name, peer_best, best / peer_best);
    }
    containerv_options_delete(ours.options);
    return 0;
}
