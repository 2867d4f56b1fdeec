#include "linux/sysctl-plan.h"

#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

enum { SYSCTL_PATH_MAX = 256 };

static const struct {
    const char *path, *namespace_; /* a path that ends in '/' is a folder */
} own[] = {
    { "net/", "network" },
    { "fs/mqueue/", "ipc" },
    { "kernel/msgmax", "ipc" },
    { "kernel/msgmnb", "ipc" },
    { "kernel/msgmni", "ipc" },
    { "kernel/sem", "ipc" },
    { "kernel/shmall", "ipc" },
    { "kernel/shmmax", "ipc" },
    { "kernel/shmmni", "ipc" },
    { "kernel/shm_rmid_forced", "ipc" },
    { "kernel/domainname", "uts" },
};

int linux_sysctl_path(const char* name, char* path, size_t size, struct cv_error* err)
{
    if (cv_snprintf(path, size, "%s", name) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "the sysctl's name '%.64s...' is too long", name);
    const char* first = strpbrk(path, "./");
    if (first == NULL || *first == '/')
        return 0;
    for (char* p = path; *p != '\0'; p++)
        *p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
    return 0;
}

static bool matches(const char* path, const char* pattern)
{
    size_t length = strlen(pattern);
    return pattern[length - 1] == '/' ? strncmp(path, pattern, length) == 0 : strcmp(path, pattern) == 0;
}

static int check_one(const struct cv_spec* spec, const char* name, struct cv_error* err)
{
    char path[SYSCTL_PATH_MAX];
    int  rc = linux_sysctl_path(name, path, sizeof(path), err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < CV_ARRAY_LEN(own); i++)
        if (matches(path, own[i].path)) {
            if (cv_spec_namespace(spec, own[i].namespace_) != NULL)
                return 0;
            return cv_error_set(
                err, CV_ERR_INVALID, "sysctl '%s' is not allowed in the host's %s namespace", name, own[i].namespace_);
        }
    if (strcmp(path, "kernel/hostname") == 0)
        return cv_error_set(err, CV_ERR_INVALID, "sysctl '%s' is not allowed: the field 'hostname' sets it", name);
    return cv_error_set(err, CV_ERR_INVALID, "sysctl '%s' is not in a separate kernel namespace", name);
}

int linux_sysctl_check(const struct cv_spec* spec, struct cv_error* err)
{
    for (size_t i = 0; i < spec->linux_.sysctl.count; i++) {
        int rc = check_one(spec, spec->linux_.sysctl.items[i].key, err);
        if (rc < 0) {
            cv_error_object(err, "linux.sysctl");
            return rc;
        }
    }
    return 0;
}
