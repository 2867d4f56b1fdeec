/* Who a program is and what it may do: its user, capabilities, filters. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/caps.h"
#include "linux/exec-internal.h"
#include "linux/fd.h"
#include "linux/keyring.h"
#include "linux/landlock.h"
#include "linux/unprivileged.h"
#include "linux/users.h"

/* A user that is not there is a wrong argument; "not found" is kept for the program. */
static int find_user(const char* user, const struct cv_strv* groups, struct linux_identity* who, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int                             rc      = linux_users_resolve(root_fd, user, groups, who, err);
    if (rc == CV_ERR_NOT_FOUND && err->object[0] == '\0')
        cv_error_object(err, "%s", user);
    if (rc == CV_ERR_NOT_FOUND)
        rc = err->code = CV_ERR_INVALID;
    return rc;
}

int linux_exec_identity(const struct linux_start* start, struct linux_identity* who, struct cv_error* err)
{
    const struct cv_spec_user* user = &start->process->user;
    if (start->user != NULL || (start->groups != NULL && start->groups->count > 0)) {
        char numbers[32];
        cv_snprintf(numbers, sizeof(numbers), "%u:%u", user->uid, user->gid);
        return find_user(start->user != NULL ? start->user : numbers, start->groups, who, err);
    }
    who->uid = user->uid;
    who->gid = user->gid;
    if (user->additional_gid_count == 0)
        return 0;
    who->groups = calloc(user->additional_gid_count, sizeof(*who->groups));
    if (who->groups == NULL)
        return cv_error_no_memory(err);
    memcpy(who->groups, user->additional_gids, user->additional_gid_count * sizeof(*who->groups));
    who->group_count = user->additional_gid_count;
    return 0;
}

static bool has_home(const struct cv_strv* env)
{
    for (size_t i = 0; i < env->count; i++)
        if (strncmp(env->items[i], "HOME=", 5) == 0)
            return true;
    return false;
}

/* runc and crun do that, and images and pods rely on it. */
int linux_exec_home(const struct linux_exec* what, struct linux_identity* who, struct cv_error* err)
{
    struct linux_identity found = { 0 };
    char                  number[16];
    if (!what->spec->ext.bare || has_home(&what->start->process->env)) {
        free(who->home);
        who->home = NULL;
        return 0;
    }
    CV_CLEANUP(linux_fd_closep) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    cv_snprintf(number, sizeof(number), "%u", who->uid);
    int rc = linux_users_resolve(root_fd, number, NULL, &found, err);
    if (rc < 0)
        return rc;
    free(who->home);
    who->home = CV_STEAL(found.home);
    linux_identity_release(&found);
    return 0;
}

int linux_exec_keyring(const struct linux_exec* what, struct cv_error* err)
{
    bool users = cv_spec_namespace(what->spec, "user") != NULL;
    return linux_keyring_join(what->start->keyring, what->start->process->selinux_label, users, err);
}

static int become(const struct linux_identity* who, struct cv_error* err)
{
    char text[32];
    cv_snprintf(text, sizeof(text), "%u:%u", who->uid, who->gid);
    if (linux_unprivileged_setgroups(who->group_count, who->groups) < 0 || setresgid(who->gid, who->gid, who->gid) < 0
        || setresuid(who->uid, who->uid, who->uid) < 0) {
        cv_error_errno(err, errno, "become the user", text);
        return linux_unprivileged_id_hint(err);
    }
    return 0;
}

/* The one for TCP first: the other may forbid that there be another. */
int linux_exec_filters(const struct linux_exec* what, int status_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int listener = -1;
    struct setup_message            message  = { .word = SETUP_SECCOMP };
    int                             rc       = linux_seccomp_install(what->tcp_filter, &listener, err);
    if (rc == 0)
        rc = linux_seccomp_install(what->seccomp, &listener, err);
    if (rc < 0 || listener < 0 || status_fd < 0)
        return rc;
    rc = setup_say(status_fd, &message, listener, err);
    return rc == 0 ? setup_expect(status_fd, SETUP_GO, err) : rc;
}

/* Without no_new_privs only CAP_SYS_ADMIN may install a filter, so it is installed before the capabilities go. Landlock comes before any
 * filter, which may not let it, and after all that is written. */
int linux_exec_drop_privileges(const struct linux_exec* what, const struct linux_identity* who,
    const struct linux_exec_kept* kept, struct cv_error* err)
{
    struct linux_caps             caps;
    const struct cv_spec_process* process = what->start->process;
    bool                          last    = process->no_new_privileges;
    int                           rc      = linux_caps_parse(&process->capabilities, &caps, err);
    if (rc == 0)
        rc = linux_caps_apply_bounding(&caps, err);
    if (rc == 0 && last && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        rc = cv_error_errno(err, errno, "forbid new privileges", NULL);
    if (rc == 0)
        rc = linux_landlock_restrict(kept->landlock, err);
    if (rc == 0 && !last)
        rc = linux_exec_filters(what, kept->status, err);
    if (rc == 0)
        rc = linux_caps_keep(err);
    if (rc == 0)
        rc = become(who, err);
    if (rc == 0)
        rc = linux_caps_apply(&caps, err);
    return rc;
}

int linux_exec_restrict(const struct linux_holding* holding, struct cv_error* err)
{
    const struct linux_exec_kept kept = { -1, -1 };
    const struct linux_exec*     what = holding->what;
    int                          rc   = holding->is_user ? 0 : linux_exec_attributes(what, err);
    if (rc == 0 && !holding->is_user)
        rc = linux_exec_drop_privileges(what, holding->who, &kept, err);
    if (rc == 0 && what->start->process->no_new_privileges)
        rc = linux_exec_filters(what, kept.status, err);
    return rc;
}
