#include "linux/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/idrange-plan.h"
#include "linux/mountinfo.h"

#include <cv/banned.h>

/* --- ids ----------------------------------------------------------------------------------------------------------------------- */

/* Empty when it can't be read: then nobody is in it. */
static void read_text(const char* path, char** text_out, size_t* length_out)
{
    if (cv_file_read(path, LINUX_SUBIDS_FILE_MAX, text_out, length_out, NULL) == 0)
        return;
    *text_out   = NULL;
    *length_out = 0;
}

static void read_subids(const char* path, const struct linux_rights* rights, struct linux_subids* subids_out)
{
    CV_CLEANUP(cv_freep) char* text = NULL;
    size_t                     length;

    read_text(path, &text, &length);
    linux_subids_parse(
        text != NULL ? text : "", length, rights->name[0] != '\0' ? rights->name : NULL, rights->uid, subids_out);
}

/* Run as we are, whatever PATH says, and only when nobody but root could have put it there. */
static const char* trusted_program(const char* const* paths)
{
    struct stat info;

    for (; *paths != NULL; paths++)
        if (stat(*paths, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == 0 && (info.st_mode & 022) == 0
            && access(*paths, X_OK) == 0)
            return *paths;
    return NULL;
}

static enum linux_rights_single why_single(const struct linux_rights* rights)
{
    if (rights->uids.total == 0)
        return LINUX_SINGLE_NO_SUBUID;
    if (rights->gids.total == 0)
        return LINUX_SINGLE_NO_SUBGID;
    if (rights->newuidmap == NULL || rights->newgidmap == NULL)
        return LINUX_SINGLE_NO_PROGRAM;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? LINUX_SINGLE_NO_NEW_PRIVS : LINUX_SINGLE_NOT;
}

static void find_user(struct linux_rights* rights)
{
    static const char* const   uid_programs[] = { "/usr/bin/newuidmap", "/bin/newuidmap", "/usr/local/bin/newuidmap",
          NULL };
    static const char* const   gid_programs[] = { "/usr/bin/newgidmap", "/bin/newgidmap", "/usr/local/bin/newgidmap",
          NULL };
    CV_CLEANUP(cv_freep) char* passwd         = NULL;
    size_t                     length;

    read_text("/etc/passwd", &passwd, &length);
    if (passwd == NULL || !linux_subids_name(passwd, length, rights->uid, rights->name))
        rights->name[0] = '\0';
    read_subids("/etc/subuid", rights, &rights->uids);
    read_subids("/etc/subgid", rights, &rights->gids);
    rights->newuidmap = trusted_program(uid_programs);
    rights->newgidmap = trusted_program(gid_programs);
    rights->kind      = LINUX_RIGHTS_USER;
    rights->single    = why_single(rights);
    rights->ids       = rights->uids.total < rights->gids.total ? rights->uids.total + 1 : rights->gids.total + 1;
    if (rights->single != LINUX_SINGLE_NOT)
        rights->ids = 1;
}

static bool has_sys_admin(void)
{
    struct __user_cap_header_struct head    = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct   data[2] = { { 0 } };

    return syscall(SYS_capget, &head, data) == 0 && (data[0].effective >> CAP_SYS_ADMIN & 1) != 0;
}

static void find_root(
    struct linux_rights* rights, const char* uid_map, size_t uid_length, const char* gid_map, size_t gid_length)
{
    const uint64_t pool_end = (uint64_t)LINUX_IDRANGE_BASE + (uint64_t)LINUX_IDRANGE_SLOTS * LINUX_IDRANGE_SIZE;
    uint64_t       uids     = linux_idmap_reach(uid_map, uid_length, 0);
    uint64_t       gids     = linux_idmap_reach(gid_map, gid_length, 0);
    uint64_t       ids      = uids < gids ? uids : gids;
    bool           full     = has_sys_admin() && linux_idmap_reach(uid_map, uid_length, LINUX_IDRANGE_BASE) >= pool_end
                && linux_idmap_reach(gid_map, gid_length, LINUX_IDRANGE_BASE) >= pool_end;

    rights->kind   = full ? LINUX_RIGHTS_FULL : LINUX_RIGHTS_NESTED;
    rights->ids    = ids < LINUX_SUBIDS_IDS ? (uint32_t)ids : LINUX_SUBIDS_IDS;
    rights->single = rights->ids > 1 ? LINUX_SINGLE_NOT : LINUX_SINGLE_NESTED;
}

int linux_rights_find(struct linux_rights* rights_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* uid_map    = NULL;
    CV_CLEANUP(cv_freep) char* gid_map    = NULL;
    size_t                     uid_length = 0, gid_length = 0;
    int                        rc = 0;

    *rights_out = (struct linux_rights){ .uid = geteuid(), .gid = getegid() };
    if (rights_out->uid != 0) {
        find_user(rights_out);
        return 0;
    }
    rc = cv_file_read("/proc/self/uid_map", LINUX_SUBIDS_FILE_MAX, &uid_map, &uid_length, err);
    if (rc == 0)
        rc = cv_file_read("/proc/self/gid_map", LINUX_SUBIDS_FILE_MAX, &gid_map, &gid_length, err);
    if (rc < 0)
        return cv_error_wrap(err, "find which ids there are");
    find_root(rights_out, uid_map, uid_length, gid_map, gid_length);
    return 0;
}

static const struct {
    const char *text, *hint;
} singles[LINUX_SINGLE_COUNT] = {
    [LINUX_SINGLE_NOT]          = { "there are more ids than one", "" },
    [LINUX_SINGLE_NO_SUBUID]    = { "/etc/subuid gives this user no ids",
           "as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER" },
    [LINUX_SINGLE_NO_SUBGID]    = { "/etc/subgid gives this user no ids",
           "as root: usermod --add-subgids 100000-165535 USER" },
    [LINUX_SINGLE_NO_PROGRAM]   = { "newuidmap and newgidmap are not installed",
          "as root: apt-get install uidmap (elsewhere the package is called shadow-utils)" },
    [LINUX_SINGLE_NO_NEW_PRIVS] = { "no_new_privs is set, so that newuidmap can't work",
        "start the program without it (systemd: NoNewPrivileges=no)" },
    [LINUX_SINGLE_NESTED]       = { "the user namespace that this runs in has one id only",
              "give the container around more ids" },
};

const char* linux_rights_single_text(enum linux_rights_single single)
{
    return singles[single].text;
}

const char* linux_rights_single_hint(enum linux_rights_single single)
{
    return singles[single].hint;
}

/* --- cgroup -------------------------------------------------------------------------------------------------------------------- */

/* The path of our own group: the line "0::/path" of /proc/self/cgroup. */
static int own_group(char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc     = cv_file_read("/proc/self/cgroup", LINUX_SUBIDS_FILE_MAX, &text, &length, err);

    if (rc < 0)
        return rc;
    for (char* line = text; line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        *path_out                 = cv_strdup(line + 3, err);
        return *path_out != NULL ? 0 : CV_ERR_NO_MEMORY;
    }
    return cv_error_set(err, CV_ERR_UNSUPPORTED, "this process is in no cgroup of version 2");
}

/* Of a caller that was moved into a group of ours, it is the one above. */
static void leave_callers_group(char* group)
{
    char* last = strrchr(group, '/');

    if (last != NULL && strcmp(last + 1, LINUX_CALLERS_GROUP) == 0)
        last[last == group ? 1 : 0] = '\0';
}

/* The group's folder as far as this mount shows it: below the mount's own root. NULL: it doesn't. */
static char* folder_of(const struct mountinfo_entry* entry, const char* group, struct cv_error* err)
{
    size_t length = strcmp(entry->root, "/") == 0 ? 0 : strlen(entry->root);

    if (strncmp(group, entry->root, length) != 0 || (group[length] != '/' && group[length] != '\0'))
        return NULL;
    return cv_asprintf(err, "%s%s", entry->target, strcmp(group + length, "/") == 0 ? "" : group + length);
}

/* Writable as far as modes and mounts tell; the root of the tree is nobody's to be given. */
static int open_if_ours(const char* path)
{
    CV_CLEANUP(cv_handle_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0 || faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) < 0
        || faccessat(fd, "cgroup.type", F_OK, AT_EACCESS) < 0)
        return CV_HANDLE_NONE;
    return CV_STEAL_HANDLE(fd);
}

int linux_rights_cgroup(int* folder_fd_out, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(mountinfo_release) struct mountinfo info  = MOUNTINFO_INIT;
    CV_CLEANUP(cv_freep) char*                     group = NULL;
    const struct mountinfo_entry*                  entry = NULL;
    int                                            rc    = linux_mountinfo_read(&info, err);

    if (rc == 0)
        rc = own_group(&group, err);
    if (rc < 0)
        return rc;
    leave_callers_group(group);
    while ((entry = mountinfo_next(&info, entry, "cgroup2")) != NULL) {
        CV_CLEANUP(cv_freep) char* path = folder_of(entry, group, err);
        int                        fd   = path != NULL ? open_if_ours(path) : CV_HANDLE_NONE;

        if (fd < 0)
            continue;
        *folder_fd_out = fd;
        if (path_out != NULL)
            *path_out = CV_STEAL(path);
        return 0;
    }
    cv_error_set(
        err, CV_ERR_UNSUPPORTED, "no cgroup was delegated to this user: it may not make groups in '%s'", group);
    cv_error_step(err, "find a delegated cgroup");
    return cv_error_hint(err, "start the program by: systemd-run --user --scope -p Delegate=yes PROGRAM");
}
