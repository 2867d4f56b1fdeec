/* The last steps of a program that starts: its working folder, and the search for its file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
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
    /* "executable file not found in $PATH" is what callers of OCI runtimes look for */
    if (number == ENOENT || number == ENOTDIR)
        cv_error_hint(err, strchr(path, '/') == NULL
                               ? "executable file not found in $PATH, or the interpreter that it names is missing"
                               : "no such program in the container, or the interpreter that it names is missing");
    return err->code;
}

/* One file that may be the program: an errno, or 0 when that is all that was to be found out. */
typedef int attempt_fn(const char* file, char* const* args, char* const* env);

static int become(const char* file, char* const* args, char* const* env)
{
    execve(file, args, env);
    return errno;
}

static int look_at(const char* file, char* const* args, char* const* env)
{
    struct stat info;
    (void)args;
    (void)env;
    if (stat(file, &info) < 0 || access(file, X_OK) < 0)
        return errno;
    return S_ISDIR(info.st_mode) ? EISDIR : 0;
}

static int search(const char* path, attempt_fn* attempt, char* const* args, char* const* env)
{
    int number = ENOENT;
    while (*path != '\0') {
        size_t n = strcspn(path, ":");
        char   full[PATH_MAX];
        if (cv_snprintf(full, sizeof(full), "%.*s/%s", n > 0 ? (int)n : 1, n > 0 ? path : ".", args[0]) == 0) {
            int found = attempt(full, args, env);
            if (found == 0)
                return 0;
            if (found != ENOENT && found != ENOTDIR)
                number = found;
        }
        path += n;
        path += *path == ':';
    }
    return number;
}

static int try_all(const struct cv_spec_process* process, char* const* env, attempt_fn* attempt, struct cv_error* err)
{
    char* const* args = process->args.items;
    const char*  path = value_of(&process->env, "PATH");
    if (process->args.count == 0)
        return cv_error_set(err, CV_ERR_INVALID, "no program was given");
    int number = strchr(args[0], '/') != NULL
                     ? attempt(args[0], args, env)
                     : search(path != NULL ? path : "/usr/local/bin:/usr/bin:/bin", attempt, args, env);
    return number == 0 ? 0 : exec_error(number, args[0], err);
}

int linux_exec_find(const struct cv_spec_process* process, struct cv_error* err)
{
    return try_all(process, NULL, look_at, err);
}

int linux_exec_run(const struct cv_spec_process* process, const char* home, struct cv_error* err)
{
    CV_CLEANUP(cv_strv_release) struct cv_strv env    = { .items = NULL };
    CV_CLEANUP(cv_freep) char*                 word   = home != NULL ? cv_asprintf(err, "HOME=%s", home) : NULL;
    static char* const                         none[] = { NULL };
    if (home == NULL)
        return try_all(process, process->env.count > 0 ? process->env.items : none, become, err);
    if (word == NULL)
        return CV_ERR_NO_MEMORY;
    if (cv_strv_copy(&env, &process->env) < 0 || cv_strv_append(&env, word) < 0)
        return cv_error_no_memory(err);
    return try_all(process, env.items, become, err);
}
