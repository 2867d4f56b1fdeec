#include "linux/lsm.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <cv/str.h>

#include "linux/procself.h"
#include "linux/syscalls.h"

enum { MODULES_MAX = 64, PROFILE_MAX = 4096 };

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_NONE };

/* The kernel's own numbers. */
static const struct module {
    uint64_t    id;
    const char *name, *field, *what;
} selinux  = { 101, "SELinux", "process.selinuxLabel", "set the SELinux label" },
  apparmor = { 104, "AppArmor", "process.apparmorProfile", "set the AppArmor profile" };

static enum answer is_active(const struct module* module)
{
    uint64_t ids[MODULES_MAX];
    uint32_t size  = sizeof(ids);
    int      count = sys_lsm_list_modules(ids, &size, 0);
    if (count < 0)
        return ANSWER_NONE;
    for (int i = 0; i < count; i++)
        if (ids[i] == module->id)
            return ANSWER_YES;
    return ANSWER_NO;
}

static int not_there(const struct module* module, struct cv_error* err)
{
    cv_error_set(
        err, CV_ERR_UNSUPPORTED, "%s was asked for, and this kernel has no active %s", module->field, module->name);
    cv_error_step(err, "%s", module->what);
    cv_error_object(err, "%s", module->field);
    return cv_error_hint(err, "leave %s out on this host", module->field);
}

static bool has_profile(const struct cv_spec_process* process)
{
    return process->apparmor_profile != NULL && process->apparmor_profile[0] != '\0';
}

static bool has_label(const struct cv_spec_process* process)
{
    return process->selinux_label != NULL && process->selinux_label[0] != '\0';
}

int linux_lsm_check(const struct cv_spec_process* process, struct cv_error* err)
{
    if (has_profile(process) && strcmp(process->apparmor_profile, "unconfined") != 0
        && is_active(&apparmor) == ANSWER_NO)
        return not_there(&apparmor, err);
    if (has_label(process) && is_active(&selinux) == ANSWER_NO)
        return not_there(&selinux, err);
    return 0;
}

static int write_label(const struct module* module, const char* file, const char* text, struct cv_error* err)
{
    if (linux_procself_write(file, text) == 0)
        return 0;
    int number = errno;
    if (number == EINVAL && is_active(module) != ANSWER_YES) /* what a kernel says that has nobody for the file */
        return not_there(module, err);
    int rc = cv_error_errno(err, number, module->what, module->field);
    return number != ENOENT && number != EINVAL
               ? rc
               : cv_error_hint(err, "no such profile or label is loaded on this host, or the container has no /proc");
}

static int set_profile(const char* profile, struct cv_error* err)
{
    char        text[PROFILE_MAX];
    const char* file = "attr/apparmor/exec"; /* its own since Linux 5.8: "attr/exec" belongs to whoever is first */
    if (strcmp(profile, "unconfined") == 0 && is_active(&apparmor) == ANSWER_NO)
        return 0;
    if (cv_snprintf(text, sizeof(text), "exec %s", profile) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "process.apparmorProfile is too long");
    if (linux_procself_write(file, text) == 0)
        return 0;
    return write_label(&apparmor, errno == ENOENT ? "attr/exec" : file, text, err);
}

int linux_lsm_label(const struct cv_spec_process* process, struct cv_error* err)
{
    int rc = linux_lsm_check(process, err);
    if (rc == 0 && has_label(process))
        rc = write_label(&selinux, "attr/exec", process->selinux_label, err);
    if (rc == 0 && has_profile(process))
        rc = set_profile(process->apparmor_profile, err);
    return rc;
}

int linux_lsm_label_keys(const char* label, struct cv_error* err)
{
    return write_label(&selinux, "attr/keycreate", label != NULL ? label : "", err);
}
