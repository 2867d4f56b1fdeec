/*
 * A runtime without root's rights. Only who has CAP_SYS_ADMIN in a user namespace can make mounts, so it makes itself one in which each
 * id that the user has is itself: ids of the host in config.json mean the same there. It is started anew, since a program's memory
 * belongs to the user namespace that it was started in; and since it is not root, ambient capabilities carry its rights over.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "linux/bare-internal.h"
#include "linux/rights.h"
#include "linux/unprivileged.h"

static struct cv_error failure = CV_ERROR_INIT;
static bool            inside;

enum { CAP_WORDS = _LINUX_CAPABILITY_U32S_3, CAP_LAST = 63 };

static int get_caps(struct __user_cap_data_struct data[CAP_WORDS])
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

    return (int)syscall(SYS_capget, &header, data);
}

static bool may_mount(void)
{
    struct __user_cap_data_struct data[CAP_WORDS];

    return get_caps(data) == 0 && (data[0].effective >> CAP_SYS_ADMIN & 1) != 0;
}

/* --- the maps --------------------------------------------------------------------------------------------------------------------- */

static int write_file(const char* path, const char* text, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return cv_error_errno(err, errno, "write the id map of the runtime's user namespace", path);
    return 0;
}

static int map_own(const struct linux_rights* rights, struct cv_error* err)
{
    char uids[40], gids[40];
    int  rc;

    (void)cv_snprintf(uids, sizeof(uids), "%u %u 1\n", rights->uid, rights->uid);
    (void)cv_snprintf(gids, sizeof(gids), "%u %u 1\n", rights->gid, rights->gid);
    rc = write_file("/proc/self/setgroups", "deny", err);
    if (rc == 0)
        rc = write_file("/proc/self/uid_map", uids, err);
    return rc == 0 ? write_file("/proc/self/gid_map", gids, err) : rc;
}

static int map_by(const char* program, pid_t pid, uint32_t own, const struct linux_subids* subids, struct cv_error* err)
{
    struct cv_strv argv = { 0 };
    int            rc   = linux_subids_identity_command(program, pid, own, subids, &argv, err);

    if (rc == 0)
        rc = linux_unprivileged_run_tool(argv.items, err);
    cv_strv_release(&argv);
    return rc;
}

static int map_subids(const struct linux_rights* rights, pid_t runtime, struct cv_error* err)
{
    int rc = map_by(rights->newuidmap, runtime, rights->uid, &rights->uids, err);

    return rc == 0 ? map_by(rights->newgidmap, runtime, rights->gid, &rights->gids, err) : rc;
}

/* --- entering --------------------------------------------------------------------------------------------------------------------- */

/* All that we have, over an exec that would take it from anybody but root. */
static int keep_rights(struct cv_error* err)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct   data[CAP_WORDS];

    if (get_caps(data) < 0)
        return cv_error_errno(err, errno, "look at the runtime's capabilities", NULL);
    for (size_t i = 0; i < CAP_WORDS; i++)
        data[i].inheritable = data[i].permitted;
    if (syscall(SYS_capset, &header, data) < 0)
        return cv_error_errno(err, errno, "keep the runtime's capabilities", NULL);
    for (int i = 0; i <= CAP_LAST; i++)
        if ((data[i / 32].permitted >> (i % 32) & 1) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
            return cv_error_errno(err, errno, "keep the runtime's capabilities", NULL);
    return 0;
}

static int enter(struct cv_error* err)
{
    struct linux_rights rights;
    int                 rc = linux_rights_find(&rights, err);

    if (rc < 0)
        return rc;
    if (rights.kind == LINUX_RIGHTS_USER && rights.single == LINUX_SINGLE_NOT) {
        rc = linux_unprivileged_make_mapped(&rights, CLONE_NEWNS, "runtime", map_subids, err);
    } else {
        rc = linux_unprivileged_make_namespace(CLONE_NEWNS, "runtime", err);
        if (rc == 0)
            rc = map_own(&rights, err);
    }
    if (rc == 0)
        rc = keep_rights(err);
    return rc == 0 ? linux_bare_start_anew(err) : rc;
}

/* Nobody whom we start later is to have them by chance. */
static int forget_rights(struct cv_error* err)
{
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SYS_ADMIN, 0, 0) <= 0)
        return 0;
    inside = true;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "clear the ambient capabilities", NULL);
    return 0;
}

void linux_bare_become_maker(void)
{
    if (may_mount() ? forget_rights(&failure) < 0 : enter(&failure) < 0)
        return;
}

int linux_bare_check_user(const struct cv_spec* spec, struct cv_error* err)
{
    if (failure.code < 0) {
        *err = failure;
        return failure.code;
    }
    if (!inside || cv_spec_namespace(spec, "user") != NULL)
        return 0;
    cv_error_set(err, CV_ERR_PERMISSION, "only root can make a container without a user namespace of its own");
    cv_error_object(err, "linux.namespaces");
    return cv_error_hint(
        err, "add a user namespace with uidMappings and gidMappings: 'cvrun spec --rootless' shows how");
}
