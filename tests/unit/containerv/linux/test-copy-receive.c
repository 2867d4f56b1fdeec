/* The receiving end against a sender that is not ours: what it may not do, and that nothing outside of the destination is touched. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/str.h>

#include "linux/copy.h"

#include <cv/banned.h>

enum { PATH_BYTES = 256 };

struct scene {
    char               folder[64]; /* has "outside", where nothing may come, and "to", the destination */
    struct copy_stream sender, receiver;
    int                ends[2];
    int                failures;
    int                codes[8];
    bool               on_host, owners;
    struct cv_error    err;
};

static struct scene scene;

/* Somebody who can write to the destination puts another file in the place of a temporary link: after it was made, or after it was
 * looked at. The linker puts these in front of the calls (--wrap). */
static enum { SWAP_NEVER, SWAP_MADE, SWAP_SEEN } swap;
static char swapped[256];

int     __real_symlinkat(const char* target, int folder, const char* name);
int     __wrap_symlinkat(const char* target, int folder, const char* name);
ssize_t __real_readlinkat(int folder, const char* name, char* buffer, size_t size);
ssize_t __wrap_readlinkat(int folder, const char* name, char* buffer, size_t size);

static void swap_it(int folder, const char* name)
{
    assert_int_equal(unlinkat(folder, name, 0), 0);
    assert_int_equal(linkat(AT_FDCWD, swapped, folder, name, 0), 0);
}

static int  made_in = -1;
static char made_name[256];

int __wrap_symlinkat(const char* target, int folder, const char* name)
{
    int rc  = __real_symlinkat(target, folder, name);
    made_in = folder;
    cv_snprintf(made_name, sizeof(made_name), "%s", name);
    if (swap == SWAP_MADE)
        swap_it(folder, name);
    return rc;
}

ssize_t __wrap_readlinkat(int folder, const char* name, char* buffer, size_t size)
{
    ssize_t length = __real_readlinkat(folder, name, buffer, size);
    if (swap == SWAP_SEEN)
        swap_it(made_in, made_name);
    return length;
}

static int count_failure(void* context, const char* path, const struct cv_error* failure, struct cv_error* err)
{
    (void)context, (void)path, (void)err;
    if (scene.failures < 8)
        scene.codes[scene.failures] = failure->code;
    scene.failures++;
    return 0;
}

static int go_on(void* context, uint64_t entries, uint64_t bytes, struct cv_error* err)
{
    (void)context, (void)entries, (void)bytes, (void)err;
    return 0;
}

static const char* at(const char* name)
{
    static char paths[4][PATH_BYTES];
    static int  next;
    char*       path = paths[next++ % 4];
    snprintf(path, PATH_BYTES, "%s/%s", scene.folder, name);
    return path;
}

static int set_up(void** state)
{
    (void)state;
    memset(&scene, 0, sizeof(scene));
    scene.on_host = true;
    cv_snprintf(scene.folder, sizeof(scene.folder), "/tmp/copy-receive-XXXXXX");
    assert_non_null(mkdtemp(scene.folder));
    assert_int_equal(mkdir(at("to"), 0755), 0);
    assert_int_equal(mkdir(at("outside"), 0755), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, scene.ends), 0);
    CV_TEST_OK(scene.err, copy_stream_init(&scene.sender, scene.ends[0], &scene.err));
    CV_TEST_OK(scene.err, copy_stream_init(&scene.receiver, scene.ends[1], &scene.err));
    return 0;
}

static int tear_down(void** state)
{
    (void)state;
    copy_stream_release(&scene.sender);
    copy_stream_release(&scene.receiver);
    close(scene.ends[0]);
    close(scene.ends[1]);
    return cv_tree_remove(scene.folder, NULL);
}

/* All frames fit into the socket, so that one process is enough. */
static void say(struct copy_frame frame)
{
    CV_TEST_OK(scene.err, copy_stream_put(&scene.sender, &frame, &scene.err));
}

static void say_kind(enum copy_kind kind)
{
    say((struct copy_frame){ .kind = kind });
}

static void enter(const char* name)
{
    say((struct copy_frame){ .kind = COPY_ENTER, .name = name, .meta = { .mode = 0755 } });
}

static void file(const char* name, uint32_t link)
{
    say((struct copy_frame){ .kind = COPY_FILE,
        .name                      = name,
        .meta                      = { .mode = 0644 },
        .link                      = link,
        .size                      = 3,
        .data                      = (const uint8_t*)"abc" });
}

static void symlink_to(const char* name, const char* target)
{
    say((struct copy_frame){ .kind = COPY_SYMLINK, .name = name, .target = target });
}

static void pass(int fd, uint64_t size)
{
    struct copy_frame frame = {
        .kind = COPY_FILE, .name = "passed", .meta = { .mode = 0644 }, .passed = true, .size = size
    };
    CV_TEST_OK(scene.err, copy_stream_pass(&scene.sender, &frame, fd, &scene.err));
    close(fd);
}

static void begin_tree(void)
{
    say((struct copy_frame){ .kind = COPY_BEGIN, .folder = true, .name = "tree" });
    enter("tree");
}

static int receive(void)
{
    struct copy_job job = { .root_fd = AT_FDCWD,
        .path                        = at("to"),
        .on_host                     = scene.on_host,
        .owners                      = scene.owners,
        .to_host                     = true,
        .max_bytes                   = UINT64_MAX,
        .max_entries                 = UINT64_MAX,
        .failed                      = count_failure,
        .moved                       = go_on };
    CV_TEST_OK(scene.err, copy_stream_flush(&scene.sender, &scene.err));
    assert_int_equal(shutdown(scene.ends[0], SHUT_WR), 0);
    scene.receiver.stall_ms = 5000;
    return copy_receive(&scene.receiver, &job, &scene.err);
}

static void end_tree(void)
{
    say_kind(COPY_LEAVE);
    say_kind(COPY_END);
}

/* Nothing came to where nothing may come, and no temporary file was left. */
static void nothing_outside(void)
{
    assert_int_equal(rmdir(at("outside")), 0);
    assert_int_equal(access(at("to/tree/passed"), F_OK), -1);
}

static void a_proper_tree_is_taken(void** state)
{
    (void)state;
    begin_tree();
    file("a", 1);
    say((struct copy_frame){ .kind = COPY_LINK, .name = "b", .link = 1 });
    end_tree();
    CV_TEST_OK(scene.err, receive());
    assert_int_equal(scene.failures, 0);
    struct stat infos[2];
    assert_int_equal(stat(at("to/tree/a"), &infos[0]), 0);
    assert_int_equal(stat(at("to/tree/b"), &infos[1]), 0);
    assert_int_equal(infos[0].st_ino, infos[1].st_ino);
}

static void a_link_that_was_sent_is_not_entered(void** state)
{
    (void)state;
    begin_tree();
    symlink_to("way", at("outside"));
    enter("way");
    file("escaped", 0);
    say_kind(COPY_LEAVE);
    symlink_to("up", "../../outside");
    enter("up");
    enter("deeper");
    say_kind(COPY_LEAVE);
    file("escaped", 0);
    say_kind(COPY_LEAVE);
    file("after", 0);
    end_tree();
    CV_TEST_OK(scene.err, receive());
    assert_int_equal(scene.failures, 2);
    assert_int_equal(scene.codes[0], CV_ERR_EXISTS);
    assert_int_equal(access(at("to/tree/after"), F_OK), 0);
    nothing_outside();
}

static void a_file_that_was_a_link_is_replaced_and_not_written_through(void** state)
{
    (void)state;
    begin_tree();
    symlink_to("name", at("outside/made"));
    file("name", 0);
    end_tree();
    CV_TEST_OK(scene.err, receive());
    struct stat info;
    assert_int_equal(lstat(at("to/tree/name"), &info), 0);
    assert_true(S_ISREG(info.st_mode));
    nothing_outside();
}

static void a_first_name_that_became_a_link_is_not_followed(void** state)
{
    (void)state;
    begin_tree();
    enter("d");
    file("first", 1);
    say_kind(COPY_LEAVE);
    file("other", 2);
    file("other", 0);
    say((struct copy_frame){ .kind = COPY_LINK, .name = "second", .link = 1 });
    say((struct copy_frame){ .kind = COPY_LINK, .name = "replaced", .link = 2 });
    say((struct copy_frame){ .kind = COPY_LINK, .name = "unknown", .link = 3 });
    end_tree();
    CV_TEST_OK(scene.err, receive());
    assert_int_equal(scene.failures, 2);
    assert_int_equal(scene.codes[0], CV_ERR_STATE);
    assert_int_equal(scene.codes[1], CV_ERR_NOT_FOUND);
    assert_int_equal(access(at("to/tree/second"), F_OK), 0);
    assert_int_equal(access(at("to/tree/replaced"), F_OK), -1);
}

static void refused_descriptor(int fd, int code)
{
    begin_tree();
    pass(fd, 10);
    end_tree();
    CV_TEST_OK(scene.err, receive());
    assert_int_equal(scene.failures, 1);
    assert_int_equal(scene.codes[0], code);
    nothing_outside();
}

static void a_pipe_is_no_file(void** state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    refused_descriptor(ends[0], CV_ERR_PROTOCOL);
    close(ends[1]);
}

static void a_device_is_no_file(void** state)
{
    (void)state;
    refused_descriptor(open("/dev/zero", O_RDONLY | O_CLOEXEC), CV_ERR_PROTOCOL);
}

static void a_path_is_no_file(void** state)
{
    (void)state;
    refused_descriptor(open("/etc/passwd", O_PATH | O_CLOEXEC), CV_ERR_PROTOCOL);
}

static void what_is_on_proc_is_no_file(void** state)
{
    (void)state;
    refused_descriptor(open("/proc/self/status", O_RDONLY | O_CLOEXEC), CV_ERR_UNSUPPORTED);
}

static void a_file_that_is_shorter_than_announced_is_left_out(void** state)
{
    (void)state;
    int fd = open(at("short"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "abc", 3), 3);
    refused_descriptor(fd, CV_ERR_STATE);
}

static void a_descriptor_must_come_with_its_frame(void** state)
{
    (void)state;
    begin_tree();
    say((struct copy_frame){ .kind = COPY_FILE, .name = "passed", .passed = true, .size = 1 });
    end_tree();
    assert_int_equal(receive(), CV_ERR_PROTOCOL);
}

static void descriptors_are_bounded(void** state)
{
    (void)state;
    begin_tree();
    for (int i = 0; i <= COPY_WINDOW; i++) { /* each with a frame that takes none, before the first that does */
        struct copy_frame frame = { .kind = COPY_SYMLINK, .name = "s", .target = "t" };
        int               fd    = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
        CV_TEST_OK(scene.err, copy_stream_pass(&scene.sender, &frame, fd, &scene.err));
        close(fd);
    }
    end_tree();
    assert_int_equal(receive(), CV_ERR_PROTOCOL);
}

/* Each is said after BEGIN, or without it. */
static void the_order_is_kept(void** state)
{
    static const enum copy_kind wrong[][4] = {
        { COPY_LEAVE },
        { COPY_END },
        { COPY_ENTER, COPY_END },
        { COPY_ENTER, COPY_LEAVE, COPY_LEAVE },
        { COPY_ENTER, COPY_LEAVE, COPY_ENTER },
        { COPY_FILE, COPY_FILE },
        { COPY_BEGIN },
        { COPY_ACK },
        { COPY_DONE },
    };
    for (size_t i = 0; i < CV_ARRAY_LEN(wrong); i++) {
        set_up(state);
        say((struct copy_frame){ .kind = COPY_BEGIN, .folder = true, .name = "tree" });
        for (size_t k = 0; k < 4 && wrong[i][k] != 0; k++)
            say((struct copy_frame){ .kind = wrong[i][k], .name = "x", .target = "t", .data = (const uint8_t*)"" });
        assert_int_equal(receive(), CV_ERR_PROTOCOL);
        tear_down(state);
    }
    set_up(state);
    enter("x");
    assert_int_equal(receive(), CV_ERR_PROTOCOL);
}

static void an_end_in_the_middle_is_a_loss(void** state)
{
    (void)state;
    begin_tree();
    file("a", 0);
    assert_int_equal(receive(), CV_ERR_LOST);
}

static void last_words_are_told(void** state)
{
    struct copy_frame last = { .kind = COPY_FATAL };
    (void)state;
    cv_error_set(&last.error, CV_ERR_LIMIT, "why");
    say(last);
    assert_int_equal(receive(), CV_ERR_LIMIT);
    assert_string_equal(scene.err.text, "why");
}

/* The other file keeps its owner and its times. */
static void receive_link_and_swap(int when)
{
    struct stat before, after;
    cv_snprintf(swapped, sizeof(swapped), "%s", at("outside/theirs"));
    close(open(swapped, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(stat(swapped, &before), 0);
    scene.owners = geteuid() == 0;
    say((struct copy_frame){ .kind = COPY_BEGIN, .name = "s" });
    say((struct copy_frame){
        .kind = COPY_SYMLINK, .name = "s", .target = "t", .meta = { .uid = 12345, .gid = 54321, .mtime_s = 1 } });
    say_kind(COPY_END);
    swap = when;
    CV_TEST_OK(scene.err, receive());
    swap = SWAP_NEVER;
    assert_int_equal(stat(swapped, &after), 0);
    assert_true(after.st_uid == before.st_uid && after.st_gid == before.st_gid);
    assert_true(after.st_mtim.tv_sec == before.st_mtim.tv_sec);
}

static void a_link_that_is_replaced_at_once_is_noticed(void** state)
{
    (void)state;
    receive_link_and_swap(SWAP_MADE);
    assert_int_equal(scene.failures, 1);
    assert_int_equal(scene.codes[0], CV_ERR_STATE);
}

static void a_link_that_is_replaced_later_keeps_what_is_its_own(void** state)
{
    (void)state;
    receive_link_and_swap(SWAP_SEEN);
}

static void depth_is_bounded(void** state)
{
    (void)state;
    begin_tree();
    for (int i = 0; i < COPY_DEPTH_MAX + 5; i++)
        enter("d");
    for (int i = 0; i < COPY_DEPTH_MAX + 5; i++)
        say_kind(COPY_LEAVE);
    end_tree();
    CV_TEST_OK(scene.err, receive());
    assert_int_equal(scene.failures, 1);
    assert_int_equal(scene.codes[0], CV_ERR_LIMIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proper_tree_is_taken),
        TEST(a_link_that_was_sent_is_not_entered),
        TEST(a_file_that_was_a_link_is_replaced_and_not_written_through),
        TEST(a_first_name_that_became_a_link_is_not_followed),
        TEST(a_pipe_is_no_file),
        TEST(a_device_is_no_file),
        TEST(a_path_is_no_file),
        TEST(what_is_on_proc_is_no_file),
        TEST(a_file_that_is_shorter_than_announced_is_left_out),
        TEST(a_descriptor_must_come_with_its_frame),
        TEST(descriptors_are_bounded),
        cmocka_unit_test_teardown(the_order_is_kept, tear_down),
        TEST(an_end_in_the_middle_is_a_loss),
        TEST(last_words_are_told),
        TEST(a_link_that_is_replaced_at_once_is_noticed),
        TEST(a_link_that_is_replaced_later_keeps_what_is_its_own),
        TEST(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
