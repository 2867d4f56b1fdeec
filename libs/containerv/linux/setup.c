#include "linux/setup.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "linux/fd.h"

int setup_say(int socket_fd, const struct setup_message* message, int fd, struct cv_error* err)
{
    return linux_fd_send(socket_fd, message, sizeof(*message), fd, err);
}

int setup_hear(int socket_fd, struct setup_message* message_out, int* fd_out, struct cv_error* err)
{
    long n = linux_fd_receive(socket_fd, message_out, sizeof(*message_out), fd_out, err);
    if (n < 0)
        return err != NULL ? err->code : CV_ERR_SYSTEM;
    if (n == 0)
        return cv_error_set(err, CV_ERR_LOST, "the process that sets the container up has ended without a word");
    if (n != (long)sizeof(*message_out))
        return cv_error_set(err, CV_ERR_PROTOCOL, "a message of %ld bytes during the container's set-up", n);
    return 0;
}

int setup_expect(int socket_fd, enum setup_word word, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    return setup_expect_fd(socket_fd, word, &fd, err);
}

int setup_expect_fd(int socket_fd, enum setup_word word, int* fd_out, struct cv_error* err)
{
    struct setup_message            message;
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    int                             rc = setup_hear(socket_fd, &message, &fd, err);
    if (rc < 0)
        return rc;
    if (message.word == SETUP_FAILED) {
        if (err != NULL)
            *err = message.error;
        return message.error.code;
    }
    if (message.word != word)
        return cv_error_set(err, CV_ERR_PROTOCOL, "word %d came where %d was due", message.word, word);
    *fd_out = linux_fd_steal(&fd);
    return 0;
}

static const struct {
    const char*   type;
    unsigned long flag;
} namespaces[] = {
    { "pid", CLONE_NEWPID },
    { "mount", CLONE_NEWNS },
    { "network", CLONE_NEWNET },
    { "ipc", CLONE_NEWIPC },
    { "uts", CLONE_NEWUTS },
    { "user", CLONE_NEWUSER },
    { "cgroup", CLONE_NEWCGROUP },
    { "time", CLONE_NEWTIME },
};

unsigned long linux_namespace_new_flags(const struct cv_spec* spec)
{
    unsigned long flags = 0;
    for (size_t i = 0; i < CV_ARRAY_LEN(namespaces); i++) {
        const struct cv_spec_namespace* entry = cv_spec_namespace(spec, namespaces[i].type);
        if (entry != NULL && entry->path == NULL)
            flags |= namespaces[i].flag;
    }
    return flags;
}

unsigned long linux_namespace_flags(const struct cv_spec* spec)
{
    unsigned long flags = 0;
    for (size_t i = 0; i < CV_ARRAY_LEN(namespaces); i++)
        if (cv_spec_namespace(spec, namespaces[i].type) != NULL)
            flags |= namespaces[i].flag;
    return flags;
}

int setup_no_process(const char* step, const char* object, struct cv_error* err)
{
    int number = errno;
    cv_error_errno(err, number, step, object);
    return number != EAGAIN ? err->code
                            : cv_error_hint(err, "a limit of processes is reached: the container's, or its user's");
}
