/* The last steps of a program that starts: its working folder, and the search for its file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/exec-internal.h"
#include "linux/fd.h"
#include "linux/syscalls.h"

/* A working folder outside the root would be a way out (CVE-2024-21626): no magic links, and the kernel must have a name for it. */
int linux_exec_enter(const char* path, struct cv_error* err)
{
    char name[PATH_MAX];
    CV_CLEANUP(linux_fd_closep)
    int fd = sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
    if (fd < 0 || fchdir(fd) < 0)
        return cv_error_errno(err, errno, "enter the working folder", path);
    if (getcwd(name, sizeof(name)) == NULL || name[0] != '/')
        return cv_error_set(err, CV_ERR_INVALID, "the working folder '%s' is not inside the container", path);
    return 0;
}

static const char* value_of(const struct cv_strv* env, const char* name)
{
    size_t n = strlen(name);
    for (size_t i = env->count; i-- > 0;)
        if (strncmp(env->items[i], name, n) == 0 && env->items[i][n] == '=')
            return env->items[i] + n + 1;
    return NULL;
}

static int exec_error(int number, const char* path, struct cv_error* err)
{
    cv_error_errno(err, number, "run the program", path);
    if (err == NULL)
        return CV_ERR_SYSTEM;
    if (number == EACCES || number == ENOEXEC || number == EISDIR)
        err->code = CV_ERR_NOT_EXECUTABLE;
    if (number == ENOENT || number == ENOTDIR)
        cv_error_hint(err, "no such program in the container, or the interpreter that it names is missing");
    return err->code;
}

static int exec_search(char* const* args, char* const* env, const char* path, struct cv_error* err)
{
    int number = ENOENT;
    while (*path != '\0') {
        size_t n = strcspn(path, ":");
        char   full[PATH_MAX];
        int    rc = cv_snprintf(full, sizeof(full), "%.*s/%s", n > 0 ? (int)n : 1, n > 0 ? path : ".", args[0]);
        if (rc == 0) {
            execve(full, args, env);
            if (errno != ENOENT && errno != ENOTDIR)
                number = errno;
        }
        path += n;
        path += *path == ':';
    }
    return exec_error(number, args[0], err);
}

int linux_exec_run(const struct cv_spec_process* process, struct cv_error* err)
{
    static char* const none[] = { NULL };
    char* const*       env    = process->env.count > 0 ? process->env.items : none;
    const char*        path   = value_of(&process->env, "PATH");
    if (process->args.count == 0)
        return cv_error_set(err, CV_ERR_INVALID, "no program was given");
    if (strchr(process->args.items[0], '/') == NULL)
        return exec_search(process->args.items, env, path != NULL ? path : "/usr/local/bin:/usr/bin:/bin", err);
    execve(process->args.items[0], process->args.items, env);
    return exec_error(errno, process->args.items[0], err);
}
