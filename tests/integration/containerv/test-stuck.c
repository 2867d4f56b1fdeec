/*
 * A container whose process the kernel keeps after it was killed: it is inside a filesystem that does not answer, whose server is this
 * program. The guardian gives up in time, serves others, and takes the rest away once the process has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/str.h>

#include "suite.h"

enum { PATIENCE_MS = 20000, REQUEST_MAX = 1 << 17 };

static struct {
    int  fuse_fd;
    int  asked[2]; /* a byte comes when a name was looked for */
    char folder[64];
} server = { .fuse_fd = -1 };

static void answer(uint64_t unique, const void* body, size_t length)
{
    uint8_t                      bytes[512];
    const struct fuse_out_header header = { .len = (uint32_t)(sizeof(header) + length), .unique = unique };

    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), body, length);
    if (write(server.fuse_fd, bytes, header.len) < 0 && errno != ENOENT)
        abort();
}

static void serve(const struct fuse_in_header* request)
{
    const struct fuse_init_out init = {
        .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096
    };
    struct fuse_attr_out attributes = { .attr_valid = 1000, .attr = { .ino = 1, .mode = S_IFDIR | 0755, .nlink = 2 } };

    if (request->opcode == FUSE_INIT)
        answer(request->unique, &init, sizeof(init));
    else if (request->opcode == FUSE_GETATTR)
        answer(request->unique, &attributes, sizeof(attributes));
    else if (request->opcode == FUSE_LOOKUP && write(server.asked[1], "", 1) != 1)
        abort();
}

static void* be_server(void* context)
{
    char* bytes = malloc(REQUEST_MAX);

    for (;;) {
        ssize_t got = read(server.fuse_fd, bytes, REQUEST_MAX);
        if (got < 0 && errno == ENODEV) /* it is not mounted any more */
            break;
        if (got >= (ssize_t)sizeof(struct fuse_in_header))
            serve((const struct fuse_in_header*)(const void*)bytes);
    }
    free(bytes);
    return context;
}

static pthread_t mount_server(void)
{
    pthread_t thread;
    char      options[128];

    assert_int_equal(unshare(CLONE_NEWNS), 0); /* before there is a guardian */
    assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    assert_int_equal(pipe2(server.asked, O_CLOEXEC), 0);
    cv_snprintf(server.folder, sizeof(server.folder), "/tmp/cv-stuck-XXXXXX");
    assert_non_null(mkdtemp(server.folder));
    server.fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    assert_true(server.fuse_fd >= 0);
    cv_snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", server.fuse_fd);
    assert_int_equal(mount("stuck", server.folder, "fuse", 0, options), 0);
    assert_int_equal(pthread_create(&thread, NULL, be_server, NULL), 0);
    return thread;
}

static struct containerv_container* stuck_container(void)
{
    const char* const               argv[]    = { "/bin/sh", "-c", "cat /stuck/name", NULL };
    struct containerv_options*      options   = containerv_options_new();
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    process_handle_t                process   = 0;
    struct containerv_mount         mount_    = { .size = sizeof(mount_) };
    struct containerv_container*    container = NULL;
    char                            byte;

    mount_.source      = server.folder;
    mount_.destination = "/stuck";
    OK(containerv_options_set_id(options, "stuck"));
    OK(containerv_options_set_shared(options, CV_SHARE_USERS)); /* its mounts can't be mapped */
    OK(containerv_options_set_mounts(options, &mount_, 1));
    container = suite_container(options);
    OK(containerv_spawn(container, argv[0], &spawn, &process));
    assert_int_equal(read(server.asked[0], &byte, 1), 1);
    return container;
}

/* The guardian looks whenever it has something to do. */
static void expect_the_id_back(struct containerv_container* other)
{
    int64_t                      deadline_ms = cv_clock_deadline_ms(PATIENCE_MS);
    struct containerv_container* again       = NULL;

    while (again == NULL && cv_clock_left_ms(deadline_ms) > 0) {
        struct containerv_options* options = containerv_options_new();
        PRINTS("well", other, "echo well");
        OK(containerv_options_set_id(options, "stuck"));
        if (containerv_create(suite_rootfs(), options, &again) < 0)
            assert_int_equal(containerv_error_last()->code, CV_ERR_EXISTS);
        containerv_options_delete(options);
    }
    assert_non_null(again);
    OK(containerv_destroy(again));
}

static void one_that_the_kernel_keeps_holds_nobody_up(void** state)
{
    pthread_t                    thread      = mount_server();
    struct containerv_container* container   = stuck_container();
    struct containerv_container* other       = suite_container(NULL);
    struct containerv_options*   options     = containerv_options_new();
    int64_t                      deadline_ms = cv_clock_deadline_ms(PATIENCE_MS);
    struct containerv_container* same        = NULL;

    (void)state;
    FAILS(CV_ERR_TIMEOUT, containerv_destroy(container));
    assert_true(cv_clock_left_ms(deadline_ms) > 0);
    PRINTS("well", other, "echo well");
    OK(containerv_options_set_id(options, "stuck"));
    FAILS(
        CV_ERR_EXISTS, containerv_create(suite_rootfs(), options, &same)); /* nobody gets its id before it has ended */
    containerv_options_delete(options);
    umount2(server.folder, MNT_DETACH | MNT_FORCE); /* what it waits for fails now */
    expect_the_id_back(other);
    OK(containerv_destroy(other));
    close(server.fuse_fd);
    pthread_join(thread, NULL);
    assert_int_equal(rmdir(server.folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_the_kernel_keeps_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
