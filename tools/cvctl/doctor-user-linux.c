/* The checks of who is asking: root, a plain user, root of a user namespace; and what that one was given on this host. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "doctor-linux.h"
#include "linux/outer.h"
#include "linux/rights.h"

#include <cv/banned.h>

enum { TEXT_MAX = 256, SYSCTL_MAX = 64 };

const struct linux_rights* doctor_rights(void)
{
    static struct linux_rights rights;
    static bool                asked;

    if (!asked && linux_rights_find(&rights, NULL) < 0)
        rights.kind = LINUX_RIGHTS_NESTED; /* /proc can't be read: other checks say so */
    asked = true;
    return &rights;
}

bool doctor_not_roots(struct doctor_finding* found, const char* why)
{
    if (doctor_rights()->kind == LINUX_RIGHTS_FULL)
        return false;
    doctor_set(found, DOCTOR_OK, NULL, "%s", why);
    return true;
}

static const char* user_name(const struct linux_rights* rights)
{
    return rights->name[0] != '\0' ? rights->name : "?";
}

void doctor_check_rights(struct doctor_finding* found)
{
    const struct linux_rights* rights = doctor_rights();

    if (rights->kind == LINUX_RIGHTS_FULL)
        doctor_set(found, DOCTOR_OK, NULL, "root: each container has ids of its own");
    else if (rights->kind == LINUX_RIGHTS_USER)
        doctor_set(found, DOCTOR_OK, NULL, "user %u (%s): root in a container is this user; no veth", rights->uid,
            user_name(rights));
    else
        doctor_set(found, DOCTOR_OK, NULL,
            "root of a user namespace with %u ids: root in a container is this one; no veth", rights->ids);
}

/* --- sub-ids ------------------------------------------------------------------------------------------------------------------- */

static void list_ranges(const struct linux_subids* subids, char* text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < subids->count; i++) {
        size_t used = strlen(text);

        (void)snprintf(text + used, size - used, "%s%u-%u", i > 0 ? "," : "", subids->ranges[i].first,
            subids->ranges[i].first + subids->ranges[i].count - 1);
    }
}

void doctor_check_subids(struct doctor_finding* found)
{
    const struct linux_rights* rights = doctor_rights();
    char                       uids[TEXT_MAX], gids[TEXT_MAX];

    if (rights->kind == LINUX_RIGHTS_FULL) {
        doctor_set(found, DOCTOR_OK, NULL, "not needed by root");
        return;
    }
    list_ranges(&rights->uids, uids, sizeof(uids));
    list_ranges(&rights->gids, gids, sizeof(gids));
    if (rights->single != LINUX_SINGLE_NOT)
        doctor_set(found, DOCTOR_WARN, linux_rights_single_hint(rights->single),
            "%s: containers have the id 0 only, no -u", linux_rights_single_text(rights->single));
    else if (rights->kind == LINUX_RIGHTS_NESTED)
        doctor_set(found, DOCTOR_OK, NULL, "%u ids of the user namespace around", rights->ids);
    else if (rights->ids < LINUX_SUBIDS_IDS)
        doctor_set(found, DOCTOR_WARN, "give the user 65536 of each: usermod --add-subuids ... --add-subgids ...",
            "users %s, groups %s: containers have %u ids", uids, gids, rights->ids);
    else
        doctor_set(found, DOCTOR_OK, NULL, "users %s, groups %s, by %s", uids, gids, rights->newuidmap);
}

/* --- user namespaces ----------------------------------------------------------------------------------------------------------- */

/* Settings that keep plain users from making them, by their value. */
static const struct {
    const char *path, *bad, *text, *fix;
    bool        users_only;
} settings[] = {
    { "/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0",
        "as root: sysctl user.max_user_namespaces=15000", false },
    { "/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0",
        "as root: sysctl kernel.unprivileged_userns_clone=1", true },
    { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
        "kernel.apparmor_restrict_unprivileged_userns is 1",
        "as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give cv-guardian an AppArmor profile with "
        "'userns,'",
        true },
};

static bool setting_is(const char* path, const char* value)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;

    if (cv_file_read(path, SYSCTL_MAX, &text, &length, NULL) < 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    return strcmp(text, value) == 0;
}

/* Made for real, with a mount namespace in it, which is what AppArmor forbids. 0, or errno. */
static int try_user_namespace(void)
{
    int   status = 0;
    pid_t child  = fork();

    if (child == 0)
        _exit(unshare(CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0 ? errno & 0xff : 0);
    if (child < 0)
        return errno;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static void cannot_be_made(struct doctor_finding* found, int failed)
{
    struct cv_error err = CV_ERROR_INIT;

    cv_error_errno(&err, failed, "make a user namespace", NULL);
    cv_error_hint(&err, "run it outside of other containers and chroots");
    linux_outer_hint(LINUX_OUTER_NAMESPACE, failed, &err);
    doctor_set(found, DOCTOR_FAIL, err.hint, "they can't be made: %s", strerror(failed));
}

void doctor_check_user_namespaces(struct doctor_finding* found)
{
    bool user   = doctor_rights()->kind == LINUX_RIGHTS_USER;
    int  failed = try_user_namespace();

    if (failed == 0) {
        doctor_set(found, DOCTOR_OK, NULL, "can be made");
        return;
    }
    for (size_t i = 0; i < CV_ARRAY_LEN(settings); i++)
        if ((user || !settings[i].users_only) && setting_is(settings[i].path, settings[i].bad)) {
            doctor_set(found, DOCTOR_FAIL, settings[i].fix, "%s", settings[i].text);
            return;
        }
    if (failed == ENOSPC || failed == EUSERS)
        doctor_set(found, DOCTOR_FAIL, "end some, or raise user.max_user_namespaces", "there are too many: %s",
            strerror(failed));
    else if (failed == EINVAL)
        doctor_set(found, DOCTOR_FAIL, "use a kernel with CONFIG_USER_NS", "this kernel has none");
    else
        cannot_be_made(found, failed);
}

/* --- cgroup -------------------------------------------------------------------------------------------------------------------- */

void doctor_check_delegation(struct doctor_finding* found)
{
    CV_CLEANUP(cv_freep) char*       path = NULL;
    CV_CLEANUP(cv_handle_closep) int fd   = CV_HANDLE_NONE;
    struct cv_error                  err  = CV_ERROR_INIT;

    if (doctor_rights()->kind == LINUX_RIGHTS_FULL)
        doctor_set(found, DOCTOR_OK, NULL, "not needed by root");
    else if (linux_rights_cgroup(&fd, &path, &err) == 0)
        doctor_set(found, DOCTOR_OK, NULL, "'%s'", path);
    else
        doctor_set(found, DOCTOR_WARN, err.hint[0] != '\0' ? err.hint : "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
            "%s: no pause, no limits by cgroups", err.text);
}
