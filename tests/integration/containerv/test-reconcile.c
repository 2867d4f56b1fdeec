/* What dead containers left is found and removed, and nothing of anybody who lives, whatever the run folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/str.h>

#include "suite.h"

enum { CREATORS = 4, ROUNDS = 200, FOUND_MAX = 64 };

static char base_dir[64];

static struct found {
    uint32_t kind, removed;
    char     id[65], object[160];
} found[FOUND_MAX];
static size_t found_count;

static const char* in_base(const char* name)
{
    static char path[4][160];
    static int  turn;
    turn = (turn + 1) % 4;
    cv_snprintf(path[turn], sizeof(path[turn]), "%s/%s", base_dir, name);
    return path[turn];
}

static bool is_there(const char* name)
{
    return access(in_base(name), F_OK) == 0;
}

static void make_folder(const char* name)
{
    assert_int_equal(mkdir(in_base(name), 0700), 0);
}

static void write_file(const char* name, const char* text)
{
    FILE* file = fopen(in_base(name), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

static int note(const struct containerv_leftover* leftover, void* context)
{
    struct found* to = &found[found_count];
    (void)context;
    assert_true(found_count < FOUND_MAX);
    assert_int_equal(leftover->size, sizeof(*leftover));
    to->kind    = leftover->kind;
    to->removed = leftover->removed;
    cv_snprintf(to->id, sizeof(to->id), "%s", leftover->id);
    cv_snprintf(to->object, sizeof(to->object), "%s", leftover->object);
    if (leftover->code != 0)
        print_message("%s: %s\n", leftover->object, leftover->error);
    found_count++;
    return 0;
}

static void reconcile(uint32_t flags)
{
    found_count = 0;
    OK(containerv_reconcile(flags, note, NULL));
}

static size_t count_of(const char* id, uint32_t kind)
{
    size_t count = 0;
    for (size_t i = 0; i < found_count; i++)
        count += found[i].kind == kind && strcmp(found[i].id, id) == 0;
    return count;
}

static size_t count_id(const char* id)
{
    size_t count = 0;
    for (uint32_t kind = 0; kind <= CV_LEFTOVER_RUN; kind++)
        count += count_of(id, kind);
    return count;
}

/* A caller with one container, whose guardian's number is told: all three are there until they are killed. */
static _Noreturn void be_a_caller(const char* id, int tell)
{
    struct containerv_options*     options = containerv_options_new();
    struct containerv_network      network = { .size = sizeof(network),
             .mode                                   = CV_NETWORK_VETH,
             .container_address                      = "10.213.7.2",
             .netmask                                = "30",
             .host_address                           = "10.213.7.1" };
    struct containerv_limits       limits  = { .size = sizeof(limits), .memory_bytes = 64 << 20 };
    struct containerv_process_info init;
    size_t                         count    = 0;
    int                            guardian = 0;
    char                           path[64];
    uint64_t                       features = 0;
    OK(containerv_features(NULL, &features));
    OK(containerv_options_set_id(options, id));
    if ((features & CV_FEATURE_VETH) != 0)
        OK(containerv_options_set_network(options, &network));
    if ((features & CV_FEATURE_LIMITS) != 0)
        OK(containerv_options_set_limits(options, &limits));
    struct containerv_container* container = suite_container(options);
    OK(containerv_processes(container, &init, 1, &count));
    cv_snprintf(path, sizeof(path), "/proc/%d/stat", (int)init.pid);
    FILE* file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%*d (%*[^)]) %*c %d", &guardian) != 1
        || write(tell, &guardian, sizeof(guardian)) != sizeof(guardian))
        _exit(1);
    for (;;)
        pause();
}

static pid_t start_caller(const char* id, pid_t* guardian_out)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t caller = fork();
    if (caller == 0)
        be_a_caller(id, ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], guardian_out, sizeof(*guardian_out)), sizeof(*guardian_out));
    close(ends[0]);
    return caller;
}

/* The guardian first: it can't take anything away. It is our child, since we are a subreaper. */
static void kill_both(pid_t caller, pid_t guardian)
{
    kill(guardian, SIGKILL);
    assert_int_equal(waitpid(guardian, NULL, __WALL), guardian);
    kill(caller, SIGKILL);
    assert_int_equal(waitpid(caller, NULL, 0), caller);
}

static void what_a_killed_guardian_left_is_found_and_removed(void** state)
{
    pid_t guardian = 0;
    pid_t caller   = start_caller("dead", &guardian);
    (void)state;
    reconcile(0);
    assert_int_equal(count_id("dead"), 0); /* it lives */
    assert_true(is_there("run/c-dead"));
    kill_both(caller, guardian);
    reconcile(CV_RECONCILE_DRY_RUN);
    assert_int_equal(count_of("dead", CV_LEFTOVER_RUN), 1);
    assert_true(count_of("dead", CV_LEFTOVER_GROUP) >= 1);
    for (size_t i = 0; i < found_count; i++)
        assert_int_equal(found[i].removed, 0);
    assert_true(is_there("run/c-dead"));
    reconcile(0);
    assert_int_equal(count_of("dead", CV_LEFTOVER_RUN), 1);
    for (size_t i = 0; i < found_count; i++)
        assert_true(found[i].removed == 1 || strcmp(found[i].id, "dead") != 0);
    assert_false(is_there("run/c-dead"));
    reconcile(0);
    assert_int_equal(count_id("dead"), 0);
}

static void folders_without_an_owner_go_and_what_is_not_ours_stays(void** state)
{
    (void)state;
    make_folder("state/containers/before-the-boot");
    make_folder("state/containers/before-the-boot/upper");
    make_folder("state/trash/thrown-1234");
    make_folder("run/c-half-made");
    make_folder("run/gone-old-1");
    make_folder("state/containers/not an id");
    make_folder("run/c-not an id");
    make_folder("run/something");
    reconcile(0);
    assert_int_equal(count_of("before-the-boot", CV_LEFTOVER_FOLDER), 1);
    assert_int_equal(count_of("thrown", CV_LEFTOVER_TRASH), 1);
    assert_int_equal(count_of("half-made", CV_LEFTOVER_RUN), 1);
    assert_false(is_there("state/containers/before-the-boot"));
    assert_false(is_there("run/c-half-made"));
    assert_false(is_there("run/gone-old-1"));
    assert_false(is_there("run/c-before-the-boot"));
    assert_true(is_there("state/containers/not an id"));
    assert_true(is_there("run/c-not an id"));
    assert_true(is_there("run/something"));
}

static const char running[] = "{\"version\": 1, \"state\": \"running\", \"createdNs\": 5, \"startedNs\": 7}";

static char* read_record(const char* name)
{
    char*  text   = NULL;
    size_t length = 0;
    assert_int_equal(cv_file_read(in_base(name), 65536, &text, &length, NULL), 0);
    return text;
}

static void a_record_without_supervisor_is_put_right_and_stays(void** state)
{
    (void)state;
    make_folder("state/containers/kept");
    make_folder("state/containers/kept/log");
    make_folder("state/containers/newer");
    write_file("state/containers/kept/state.json", running);
    write_file("state/containers/newer/state.json", "{\"version\": 77}");
    reconcile(CV_RECONCILE_DRY_RUN);
    assert_int_equal(count_of("kept", CV_LEFTOVER_RECORD), 1);
    assert_int_equal(count_id("newer"), 0);
    reconcile(0);
    assert_int_equal(count_of("kept", CV_LEFTOVER_RECORD), 1);
    char* text = read_record("state/containers/kept/state.json");
    assert_non_null(strstr(text, "stopped"));
    free(text);
    assert_true(is_there("state/containers/kept/log"));
    assert_true(is_there("state/containers/newer/state.json"));
    reconcile(0);
    assert_int_equal(count_id("kept"), 0);
    assert_int_equal(cv_tree_remove(in_base("state/containers/kept"), NULL), 0);
    assert_int_equal(cv_tree_remove(in_base("state/containers/newer"), NULL), 0);
}

/* Its group and its home can be seen here, its lock can't. */
static void a_container_with_another_run_folder_is_left_alone(void** state)
{
    pid_t guardian = 0;
    (void)state;
    setenv("CONTAINERV_RUN_DIR", in_base("other-run"), 1);
    pid_t caller = start_caller("elsewhere", &guardian);
    setenv("CONTAINERV_RUN_DIR", in_base("run"), 1);
    reconcile(0);
    assert_int_equal(count_id("elsewhere"), 0);
    assert_true(is_there("other-run/c-elsewhere"));
    assert_int_equal(kill(guardian, 0), 0);
    kill_both(caller, guardian);
    for (int i = 0; count_of("elsewhere", CV_LEFTOVER_GROUP) == 0;
         i++) { /* nobody's, when the last process has ended */
        assert_true(i < 10000);
        reconcile(0);
    }
    reconcile(0);
    assert_int_equal(count_id("elsewhere"), 0);
}

/* Makes containers and uses them as long as the file is there. */
static _Noreturn void be_a_creator(int number)
{
    const char* const layers[] = { suite_rootfs() }; /* each writes to an upper of its own */
    char              id[32], text[80];
    for (int round = 0; access(in_base("go"), F_OK) == 0; round++) {
        struct containerv_options* options = containerv_options_new();
        char                       output[OUTPUT_MAX];
        cv_snprintf(id, sizeof(id), "creator-%d-%d", number, round);
        cv_snprintf(text, sizeof(text), "echo %s >/tmp/f; cat /tmp/f", id);
        if (containerv_options_set_id(options, id) < 0)
            _exit(1);
        struct containerv_container* container = NULL;
        if (containerv_options_set_layers(options, layers, 1) < 0 || containerv_create(NULL, options, &container) < 0) {
            print_message("%s\n", containerv_error_last()->text);
            _exit(1);
        }
        containerv_options_delete(options);
        int code = suite_run(container, text, output);
        if (code != 0 || strcmp(output, id) != 0) {
            print_message("%s: exit code %d, '%s'\n", id, code, output);
            _exit(2);
        }
        if (containerv_destroy(container) < 0) {
            print_message("%s\n", containerv_error_last()->text);
            _exit(3);
        }
    }
    _exit(0);
}

static void nothing_of_who_lives_is_lost_while_it_looks(void** state)
{
    pid_t creators[CREATORS];
    (void)state;
    write_file("go", "");
    for (int i = 0; i < CREATORS; i++) {
        creators[i] = fork();
        if (creators[i] == 0)
            be_a_creator(i);
    }
    for (int round = 0; round < ROUNDS; round++) {
        reconcile(0);
        for (size_t i = 0; i < found_count; i++) /* what they have thrown away may be found before they lock it */
            if (found[i].kind != CV_LEFTOVER_TRASH && strncmp(found[i].id, "creator-", 8) == 0)
                fail_msg("round %d: %s of %s", round, found[i].object, found[i].id);
    }
    assert_int_equal(unlink(in_base("go")), 0);
    for (int i = 0; i < CREATORS; i++) {
        int status = -1;
        assert_int_equal(waitpid(creators[i], &status, 0), creators[i]);
        assert_int_equal(status, 0);
    }
}

static void flags_and_callbacks(void** state)
{
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_reconcile(1u << 31, NULL, NULL));
    OK(containerv_reconcile(0, NULL, NULL));
    assert_string_equal(containerv_leftover_name(CV_LEFTOVER_GROUP), "cgroup");
    assert_string_equal(containerv_leftover_name(77), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_killed_guardian_left_is_found_and_removed),
        cmocka_unit_test(folders_without_an_owner_go_and_what_is_not_ours_stays),
        cmocka_unit_test(a_record_without_supervisor_is_put_right_and_stays),
        cmocka_unit_test(a_container_with_another_run_folder_is_left_alone),
        cmocka_unit_test(nothing_of_who_lives_is_lost_while_it_looks),
        cmocka_unit_test(flags_and_callbacks),
    };
    cv_snprintf(base_dir, sizeof(base_dir), "/var/tmp/cv-reconcile-XXXXXX");
    if (mkdtemp(base_dir) == NULL || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return 1;
    make_folder("run");
    make_folder("state");
    make_folder("state/containers");
    make_folder("state/trash");
    setenv("CONTAINERV_RUN_DIR", in_base("run"), 1);
    setenv("CONTAINERV_STATE_DIR", in_base("state"), 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cv_tree_remove(base_dir, NULL);
    return failed;
}
