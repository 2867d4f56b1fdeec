/* What the tests of the guardian share: a container of the real client that isolates nothing (fake-container.c). */
#ifndef CV_TEST_GUARDIAN_FIXTURE_H
#define CV_TEST_GUARDIAN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "backend.h"
#include "linux/client.h"

static const struct cv_backend* const backend = &cv_backend_linux;

struct fixture {
    struct cv_spec*           spec;
    struct cv_spec_process    process;
    struct cv_process_request request;
    void*                     instance;
    struct cv_error           err;
};

static inline void command(struct fixture* f, const char* script)
{
    const char* const args[] = { "/bin/sh", "-c", script, NULL };

    cv_strv_release(&f->process.args);
    assert_int_equal(cv_strv_append_all(&f->process.args, args), 0);
}

static inline int setup(void** state)
{
    struct fixture* f = calloc(1, sizeof(*f));

    f->spec = cv_spec_new();
    assert_int_equal(cv_spec_set_string(&f->spec->ext.id, "box", NULL), 0);
    assert_int_equal(cv_spec_set_string(&f->process.cwd, "/", NULL), 0);
    assert_int_equal(cv_strv_append(&f->process.env, "PATH=/usr/bin:/bin"), 0);
    assert_int_equal(cv_spec_set_string(&f->spec->root.path, "/", NULL), 0);
    assert_int_equal(cv_spec_set_string(&f->spec->process.cwd, "/", NULL), 0);
    f->spec->ext.set = f->spec->root.set = f->spec->process.set = true;
    f->spec->ext.hold                                           = true;
    f->process.set                                              = true;
    f->request.process                                          = &f->process;
    *state                                                      = f;
    return 0;
}

static inline int teardown(void** state)
{
    struct fixture* f = *state;

    if (f->instance != NULL)
        backend->destroy(f->instance, NULL);
    cv_spec_process_release(&f->process);
    cv_spec_free(f->spec);
    free(f);
    return 0;
}

static inline void create(struct fixture* f, const char* script)
{
    if (script != NULL)
        command(f, script);
    if (backend->create(f->spec, script != NULL ? &f->request : NULL, &f->instance, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

static inline process_handle_t spawn(struct fixture* f, const char* script)
{
    process_handle_t handle = 0;

    command(f, script);
    if (backend->spawn(f->instance, &f->request, &handle, &f->err) < 0)
        fail_msg("%s", f->err.text);
    assert_true(handle > 0);
    return handle;
}

static inline struct containerv_exit wait_for(struct fixture* f, process_handle_t process)
{
    struct containerv_exit exit = { .size = sizeof(exit) };

    if (backend->wait(f->instance, process, 20000, &exit, &f->err) < 0)
        fail_msg("%s", f->err.text);
    return exit;
}

/* A connection by the container's socket. */
static inline int connect_raw(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int                fd      = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cv_snprintf(address.sun_path, sizeof(address.sun_path), "%s", cv_test_path("c-box/" GUARDIAN_SOCKET));
    assert_int_equal(connect(fd, (const struct sockaddr*)&address, sizeof(address)), 0);
    return fd;
}

#define GUARDIAN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
