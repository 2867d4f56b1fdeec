#include "linux/seccomp-notify.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/fd.h"
#include "linux/setup.h"

enum { AGENT_SECONDS = 10 };

static int make_text(const struct linux_seccomp_notify* notify, pid_t pid, char** text_out, struct cv_error* err)
{
    json_error_t problem;
    json_t*      state = json_loads(notify->state, JSON_REJECT_DUPLICATES, &problem);
    if (state == NULL)
        return cv_error_set(err, CV_ERR_INTERNAL, "the container's state is no JSON: %s", problem.text);
    json_t* whole =
        json_pack("{s:s, s:[s], s:I, s:s*, s:o}", "ociVersion", notify->spec->oci_version, "fds", "seccompFd", "pid",
            (json_int_t)pid, "metadata", notify->spec->linux_.seccomp.listener_metadata, "state", state);
    *text_out = whole != NULL ? json_dumps(whole, JSON_COMPACT) : NULL;
    json_decref(whole);
    return *text_out != NULL ? 0 : cv_error_no_memory(err);
}

/* By a descriptor of the socket's file: its path may be longer than an address can hold. */
static int connect_to(const char* path, int* fd_out, struct cv_error* err)
{
    const struct timeval            patience = { .tv_sec = AGENT_SECONDS };
    struct sockaddr_un              address  = { .sun_family = AF_UNIX };
    CV_CLEANUP(linux_fd_closep) int file     = open(path, O_PATH | O_CLOEXEC);
    CV_CLEANUP(linux_fd_closep) int fd       = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cv_snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", file);
    if (file < 0 || fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0
        || connect(fd, (const struct sockaddr*)&address, sizeof(address)) < 0) {
        int rc = cv_error_errno(err, errno, "connect to linux.seccomp.listenerPath", path);
        cv_error_hint(err, "the agent must listen there, with a stream socket, before the container is started");
        return rc;
    }
    *fd_out = linux_fd_steal(&fd);
    return 0;
}

/* The descriptor goes with the first byte. */
static int send_all(int fd, const char* text, int seccomp_fd, struct cv_error* err)
{
    size_t left = strlen(text) - 1;
    int    rc   = linux_fd_send(fd, text, 1, seccomp_fd, err);
    for (text++; rc == 0 && left > 0;) {
        ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            rc = cv_error_errno(err, errno, "send the state of the process", NULL);
        text += sent > 0 ? sent : 0;
        left -= sent > 0 ? (size_t)sent : 0;
    }
    return rc;
}

int linux_seccomp_notify(const struct linux_seccomp_notify* notify, pid_t pid, int seccomp_fd, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*      text = NULL;
    CV_CLEANUP(linux_fd_closep) int fd   = -1;
    int                             rc   = make_text(notify, pid, &text, err);
    if (rc == 0)
        rc = connect_to(notify->spec->linux_.seccomp.listener_path, &fd, err);
    if (rc == 0)
        rc = send_all(fd, text, seccomp_fd, err);
    return rc < 0 ? cv_error_wrap(err, "give the system call filter's descriptor to its agent") : 0;
}

int linux_seccomp_notify_answer(
    const struct linux_seccomp_notify* notify, pid_t pid, int seccomp_fd, int status_fd, struct cv_error* err)
{
    struct setup_message            answer  = { .word = SETUP_GO, .error = CV_ERROR_INIT };
    CV_CLEANUP(linux_fd_closep) int fd      = seccomp_fd;
    struct cv_error                 ignored = CV_ERROR_INIT;
    int rc = notify != NULL && fd >= 0 ? linux_seccomp_notify(notify, pid, fd, &answer.error)
                                       : cv_error_set(&answer.error, CV_ERR_PROTOCOL,
                                           "a system call filter asks somebody, and nobody was named to be asked");
    if (rc < 0)
        answer.word = SETUP_FAILED;
    if (rc < 0 && err != NULL)
        *err = answer.error;
    int said = setup_say(status_fd, &answer, -1, rc < 0 ? &ignored : err);
    return rc < 0 ? rc : said;
}
