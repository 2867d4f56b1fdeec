/* Folders, users, sockets and descriptors of the host, as commands need them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cv/env.h>
#include <cv/file.h>
#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "cvrun.h"
#include "exec-process.h"

#include <cv/banned.h>

enum { MAP_MAX = 4096, FIRST_EXTRA = 3 };

/* By the map of our user namespace; an id that it has not is the number itself. */
int cvrun_host_user(uint32_t* uid_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* map = NULL;
    uint64_t                   uid = geteuid();
    unsigned long              inside, outside, count;
    int                        used;

    if (cv_file_read("/proc/self/uid_map", MAP_MAX, &map, NULL, err) < 0)
        return err->code;
    *uid_out = (uint32_t)uid;
    for (const char* line = map; sscanf(line, "%lu %lu %lu%n", &inside, &outside, &count, &used) == 3; line += used)
        if (uid >= inside && uid - inside < count)
            *uid_out = (uint32_t)(uid - inside + outside);
    return 0;
}

char* cvrun_default_root(struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* folder = NULL;
    uint32_t                   uid;

    if (cvrun_host_user(&uid, err) < 0 || cv_env_get_secure("XDG_RUNTIME_DIR", &folder, err) < 0)
        return NULL;
    if (uid == 0)
        return cv_strdup("/run/cvrun", err);
    if (folder != NULL && cv_path_is_absolute(folder))
        return cv_path_join(folder, "cvrun", err);
    return cv_asprintf(err, "/run/user/%" PRIu32 "/cvrun", uid);
}

int cvrun_print(const char* text, struct cv_error* err)
{
    return cv_handle_write(STDOUT_FILENO, text, strlen(text), err) < 0 ? cv_error_wrap(err, "standard output") : 0;
}

char* cvrun_folder(const char* path, struct cv_error* err)
{
    char* folder = realpath(path, NULL);

    if (folder == NULL) {
        cv_error_errno(err, errno, "find the folder", path);
    } else if (!cv_path_is_folder(folder)) {
        cv_error_errno(err, ENOTDIR, "find the folder", path);
        free(folder);
        folder = NULL;
    }
    return folder;
}

int cvrun_connect(const char* path, int* fd_out, struct cv_error* err)
{
    struct sockaddr_un               address = { .sun_family = AF_UNIX };
    CV_CLEANUP(cv_handle_closep) int fd      = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return cv_error_errno(err, errno, "make a socket", NULL);
    if (cv_snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) < 0)
        return cv_error_errno(err, ENAMETOOLONG, "connect to the console socket", path);
    if (connect(fd, (const struct sockaddr*)&address, sizeof(address)) < 0)
        return cv_error_errno(err, errno, "connect to the console socket", path);
    *fd_out = CV_STEAL_HANDLE(fd);
    return 0;
}

/* --- descriptors that are handed on ----------------------------------------------------------------------------------------------- */

/* How many sockets systemd passed to this very process. */
static int count_listening(uint32_t* count_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* fds   = NULL;
    CV_CLEANUP(cv_freep) char* pid   = NULL;
    uint64_t                   count = 0, for_whom = 0;

    *count_out = 0;
    if (cv_env_get("LISTEN_FDS", &fds, err) < 0 || cv_env_get("LISTEN_PID", &pid, err) < 0)
        return err->code;
    if (fds == NULL || pid == NULL || cv_parse_u64(pid, 1, INT32_MAX, &for_whom, NULL) < 0
        || for_whom != (uint64_t)getpid())
        return 0;
    if (cv_parse_u64(fds, 0, CVRUN_PRESERVE_MAX, &count, err) < 0)
        return cv_error_wrap(err, "LISTEN_FDS '%s'", fds);
    *count_out = (uint32_t)count;
    return 0;
}

static int tell_listening(uint32_t count, struct cv_strv* environment, struct cv_error* err)
{
    char text[32];

    (void)cv_snprintf(text, sizeof(text), "LISTEN_FDS=%" PRIu32, count);
    return cvrun_env_set(environment, text, err) < 0 || cvrun_env_set(environment, "LISTEN_PID=1", err) < 0 ? err->code
                                                                                                            : 0;
}

int cvrun_descriptors(
    uint32_t preserve, struct cv_strv* environment, int** list_out, size_t* count_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) int* list = NULL;
    uint32_t                  listening, count;

    if (count_listening(&listening, err) < 0)
        return err->code;
    count = listening + preserve;
    if (count > 0 && (list = calloc(count, sizeof(*list))) == NULL)
        return cv_error_no_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        list[i] = FIRST_EXTRA + (int)i;
        if (fcntl(list[i], F_GETFD) < 0)
            return cv_error_set(err, CV_ERR_INVALID, "descriptor %d is to be handed on, but is not open", list[i]);
    }
    if (listening > 0 && tell_listening(listening, environment, err) < 0)
        return err->code;
    *list_out  = CV_STEAL(list);
    *count_out = count;
    return 0;
}
