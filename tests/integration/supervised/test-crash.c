/*
 * SIGKILL of the caller, the supervisor, both, and the container's first process, at moments that are spread over the length of a run, each
 * step of it getting its share. CV_CRASH_MOMENTS: for each of the four, default 20.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/file.h>
#include <cv/str.h>

#include "crash.h"

enum { CALLER, SUPERVISOR, BOTH, INIT, VICTIMS, HANG_MS = 20000, MEASURED_RUNS = 3, EXTRA = 4 };

static const struct {
    const char*     name;
    enum crash_loss loss;
} victims[VICTIMS] = { [CALLER] = { "caller", CRASH_NOTHING },
    [SUPERVISOR]                = { "supervisor", CRASH_OUTPUT },
    [BOTH]                      = { "both", CRASH_OUTPUT },
    [INIT]                      = { "init", CRASH_CAUSE } };

char crash_base[64], crash_id[32];

static unsigned moments = 20;
static int64_t  ends_us[CRASH_STEPS]; /* of each step, from the start of a run */
static unsigned reached_count[VICTIMS][CRASH_STEPS], missed[VICTIMS];

const char* crash_path(const char* name)
{
    static char path[4][160];
    static int  next;
    next = (next + 1) % 4;
    cv_snprintf(path[next], sizeof(path[next]), "%s/%s", crash_base, name);
    return path[next];
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void wait_until(int64_t when_us)
{
    struct timespec when = { .tv_sec = when_us / 1000000, .tv_nsec = when_us % 1000000 * 1000 };
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

static void measure(void** state)
{
    (void)state;
    for (int run = 0; run < MEASURED_RUNS; run++) {
        struct crash_caller caller;
        int64_t             start = now_us();
        crash_start(&caller);
        for (enum crash_step seen = CRASH_BEGUN; seen < CRASH_DESTROYED;) {
            crash_look(&caller);
            for (; seen < caller.step; seen++)
                ends_us[seen] += (now_us() - start) / MEASURED_RUNS;
            wait_until(now_us() + 50);
            assert_true(now_us() - start < HANG_MS * 1000);
        }
        assert_true(crash_reap(&caller, HANG_MS));
        assert_int_equal(caller.step, CRASH_DESTROYED);
        ends_us[CRASH_DESTROYED] += (now_us() - start) / MEASURED_RUNS;
        crash_check(CRASH_DESTROYED, CRASH_NOTHING);
    }
    print_message("steps end after:");
    for (int step = 0; step < CRASH_STEPS; step++)
        print_message(" %s %.1f", crash_step_names[step], (double)ends_us[step] / 1000);
    print_message(" ms\n");
}

/* Somewhere in the step. */
static int64_t choose_moment(enum crash_step step)
{
    int64_t begin  = step == 0 ? 0 : ends_us[step - 1];
    int64_t length = ends_us[step] > begin ? ends_us[step] - begin : 1;
    return begin + random() % length;
}

static pid_t find(int victim)
{
    return victim == INIT ? crash_init() : crash_supervisor();
}

/* The one that is to be killed may not be there yet, or any more: then the next. 0: it did not come again. */
static pid_t await(int victim, struct crash_caller* caller)
{
    int64_t deadline = cv_clock_deadline_ms(HANG_MS);
    pid_t   found;
    if (victim == CALLER)
        return caller->pid;
    while ((found = find(victim)) == 0 && kill(caller->pid, 0) == 0 && cv_clock_monotonic_ms() < deadline) {
        siginfo_t info = { .si_pid = 0 };
        if (waitid(P_PID, (id_t)caller->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0)
            return find(victim);
    }
    return found;
}

/* A moment that was chosen, or the first one of the step. */
static void wait_for_step(struct crash_caller* caller, enum crash_step step, bool is_first)
{
    int64_t start = now_us();
    if (!is_first)
        wait_until(start + choose_moment(step));
    while (is_first && caller->step < step) {
        wait_until(now_us() + 50);
        crash_look(caller);
        assert_true(now_us() - start < HANG_MS * 1000);
    }
}

/* False: who was to be killed was not there any more. */
static bool one(int victim, enum crash_step step, bool is_first)
{
    struct crash_caller caller;
    crash_start(&caller);
    wait_for_step(&caller, step, is_first);
    pid_t target = await(victim, &caller);
    if (target
        != 0) /* between a look and a kill no number can be given anew: supervisors are our children, which we reap */
        kill(target, SIGKILL);
    if (victim == BOTH)
        kill(caller.pid, SIGKILL);
    crash_look(&caller);
    if (target != 0)
        reached_count[victim][caller.step]++;
    else
        missed[victim]++;
    if (!crash_reap(&caller, HANG_MS))
        fail_msg("%s killed in '%s': the caller hangs", victims[victim].name, crash_step_names[caller.step]);
    crash_check(caller.step, victims[victim].loss);
    return target != 0;
}

static void kill_at_all_moments(int victim)
{
    unsigned kills = 0;
    for (unsigned i = 0; kills < moments && i < EXTRA * (moments + CRASH_STEPS); i++)
        kills += one(victim, (enum crash_step)(i % CRASH_STEPS), false);
    assert_int_equal(kills, moments);
}

static void caller_is_killed(void** state)
{
    (void)state;
    kill_at_all_moments(CALLER);
    /* a machine that is busy moves moments: those that were missed are waited for */
    for (unsigned i = 0; i < EXTRA * CRASH_STEPS; i++)
        if (reached_count[CALLER][i % CRASH_STEPS] == 0)
            one(CALLER, (enum crash_step)(i % CRASH_STEPS), true);
}

static void supervisor_is_killed(void** state)
{
    (void)state;
    kill_at_all_moments(SUPERVISOR);
}

static void both_are_killed(void** state)
{
    (void)state;
    kill_at_all_moments(BOTH);
}

static void init_is_killed(void** state)
{
    (void)state;
    kill_at_all_moments(INIT);
}

static void each_step_was_hit(void** state)
{
    unsigned totals[CRASH_STEPS] = { 0 };
    (void)state;
    print_message("%-11s", "killed");
    for (int step = 0; step < CRASH_STEPS; step++)
        print_message(" %9s", crash_step_names[step]);
    print_message(" %9s\n", "not there");
    for (int victim = 0; victim < VICTIMS; victim++) {
        print_message("%-11s", victims[victim].name);
        for (int step = 0; step < CRASH_STEPS; step++) {
            print_message(" %9u", reached_count[victim][step]);
            totals[step] += reached_count[victim][step];
        }
        print_message(" %9u\n", missed[victim]);
    }
    print_message("%lu logs with %lu lines checked, of which %lu are known to have been written\n", crash_logs.checked,
        crash_logs.lines, crash_logs.known);
    assert_true(crash_logs.known > 0);
    for (int step = 0; step < CRASH_STEPS; step++)
        if (totals[step] == 0)
            fail_msg("nobody was killed after '%s'", crash_step_names[step]);
}

static int clear(void** state)
{
    (void)state;
    crash_clear();
    return 0;
}

static void make_folders(void)
{
    static const char* const names[] = { "run", "state", "state/containers", "state/trash" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(mkdir(crash_path(names[i]), 0755), 0);
    FILE* file = fopen(crash_path("file"), "we");
    assert_true(file != NULL && fputs("content\n", file) >= 0 && fclose(file) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(measure, clear),
        cmocka_unit_test_teardown(caller_is_killed, clear),
        cmocka_unit_test_teardown(supervisor_is_killed, clear),
        cmocka_unit_test_teardown(both_are_killed, clear),
        cmocka_unit_test_teardown(init_is_killed, clear),
        cmocka_unit_test(each_step_was_hit),
    };
    const char* wanted = getenv("CV_CRASH_MOMENTS");
    if (wanted != NULL)
        moments = (unsigned)strtoul(wanted, NULL, 10);
    cv_snprintf(crash_id, sizeof(crash_id), "crash-%d", (int)getpid());
    cv_snprintf(crash_base, sizeof(crash_base), "/var/tmp/cv-crash-XXXXXX");
    if (mkdtemp(crash_base) == NULL || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return 1;
    make_folders();
    setenv("CONTAINERV_RUN_DIR", crash_path("run"), 1);
    setenv("CONTAINERV_STATE_DIR", crash_path("state"), 1);
    srandom((unsigned)now_us());
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cv_tree_remove(crash_base, NULL);
    return failed;
}
