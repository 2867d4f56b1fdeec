#include "linux/etc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/str.h>

#include "linux/fd.h"
#include "linux/inside.h"
#include "linux/place.h"
#include "linux/setup.h"
#include "linux/syscalls.h"
#include "spec/mountopts.h"

static const char* const names[LINUX_ETC_FILES] = { "hosts", "hostname", "resolv.conf" };

enum { ETC_MAX_BYTES = 1 << 20 };

static int copy_of_host(const char* path, struct cv_str* text, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* data = NULL;
    size_t                     length;
    int                        rc = cv_file_read(path, ETC_MAX_BYTES, &data, &length, err);
    if (rc == 0)
        cv_str_append_bytes(text, data, length);
    return rc == CV_ERR_NOT_FOUND ? 0 : rc;
}

static int hosts(const struct linux_setup* setup, struct cv_str* text, struct cv_error* err)
{
    const char* name = setup->spec->hostname != NULL ? setup->spec->hostname : "localhost";
    const char* own  = setup->net.mode == CV_SPEC_NETWORK_VETH ? setup->spec->ext.network.address : "127.0.1.1";
    if (cv_spec_namespace(setup->spec, "network") == NULL)
        return copy_of_host("/etc/hosts", text, err);
    cv_str_printf(text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n%s\t%s\n", own, name);
    return 0;
}

static int hostname(const struct linux_setup* setup, struct cv_str* text, struct cv_error* err)
{
    (void)err;
    if (setup->spec->hostname != NULL)
        cv_str_printf(text, "%s\n", setup->spec->hostname);
    return 0;
}

/* Without a network there is nobody to ask; with our own pair the host's servers may be out of reach, but are the only ones known. */
static int resolv_conf(const struct linux_setup* setup, struct cv_str* text, struct cv_error* err)
{
    if (setup->net.mode == CV_SPEC_NETWORK_NONE && cv_spec_namespace(setup->spec, "network") != NULL)
        return 0;
    return copy_of_host("/etc/resolv.conf", text, err);
}

static int (*const makers[LINUX_ETC_FILES])(
    const struct linux_setup*, struct cv_str*, struct cv_error*) = { hosts, hostname, resolv_conf };

static int make_folder(int* folder_out, struct cv_error* err)
{
    struct cv_mount_options options = { .set = CV_MOUNT_ATTR_NOSUID | CV_MOUNT_ATTR_NODEV | CV_MOUNT_ATTR_NOEXEC };
    char                    size[] = "size=4m", mode[] = "mode=0755";
    char*                   words[] = { size, mode, NULL };
    options.data.items              = words;
    options.data.count              = 2;
    int rc                          = linux_make_filesystem("tmpfs", &options, folder_out, err);
    /* attached over the host's /sys/fs/cgroup or the like of this namespace: gone with the host's root */
    if (rc == 0 && sys_move_mount(*folder_out, "", AT_FDCWD, "/dev/shm", MOVE_MOUNT_F_EMPTY_PATH) < 0
        && sys_move_mount(*folder_out, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        rc = cv_error_errno(err, errno, "attach a place for the files of /etc", NULL);
    return rc;
}

static int make_file(int folder_fd, int i, const struct linux_setup* setup, int* mount_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str text = { 0 };
    CV_CLEANUP(linux_fd_closep) int          fd   = -1;
    int                                      rc   = makers[i](setup, &text, err);
    if (rc < 0 || text.failed)
        return rc < 0 ? rc : cv_error_no_memory(err);
    if (text.length == 0)
        return 0;
    fd = openat(folder_fd, names[i], O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0 || write(fd, text.text, text.length) != (ssize_t)text.length || fchmod(fd, 0644) < 0)
        return cv_error_errno(err, errno, "write a file for /etc", names[i]);
    *mount_fd_out = sys_open_tree(folder_fd, names[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    return *mount_fd_out < 0 ? cv_error_errno(err, errno, "open a file for /etc", names[i]) : 0;
}

int linux_etc_prepare(struct linux_etc* etc, const struct linux_setup* setup, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int folder_fd = -1;
    int                             rc        = make_folder(&folder_fd, err);
    for (int i = 0; rc == 0 && i < LINUX_ETC_FILES; i++)
        rc = make_file(folder_fd, i, setup, &etc->mount_fds[i], err);
    return rc;
}

static bool mounted_by_caller(const struct cv_spec* spec, const char* path)
{
    for (size_t i = 0; i < spec->mounts.count; i++)
        if (strcmp(spec->mounts.items[i].destination, path) == 0
            || strcmp(spec->mounts.items[i].destination, "/etc") == 0)
            return true;
    return false;
}

/*
 * Roots made for machines have links here that lead nowhere in a container ("../run/systemd/resolve/stub-resolv.conf"): then what the
 * link names is made, inside the root like all else.
 */
static int open_place(int root_fd, const char* path, int* target_out, struct cv_error* err)
{
    char                            link[PATH_MAX];
    char                            leads_to[PATH_MAX + 8];
    CV_CLEANUP(linux_fd_closep) int etc_fd = -1;
    int                             rc     = inside_make(root_fd, path, false, target_out, err);
    if (rc == 0 || err->number != ELOOP || inside_open(root_fd, "/etc", &etc_fd, err) < 0)
        return rc;
    ssize_t length = readlinkat(etc_fd, path + strlen("/etc/"), link, sizeof(link) - 1);
    if (length < 0)
        return rc;
    link[length] = '\0';
    cv_snprintf(leads_to, sizeof(leads_to), "%s%s", link[0] == '/' ? "" : "/etc/", link);
    return inside_make(root_fd, leads_to, false, target_out, err);
}

int linux_etc_place(struct linux_etc* etc, const struct linux_setup* setup, struct cv_error* err)
{
    for (int i = 0; i < LINUX_ETC_FILES; i++) {
        char                            path[32];
        CV_CLEANUP(linux_fd_closep) int target_fd = -1;
        cv_snprintf(path, sizeof(path), "/etc/%s", names[i]);
        if (etc->mount_fds[i] < 0 || mounted_by_caller(setup->spec, path))
            continue;
        int rc = open_place(setup->root_fd, path, &target_fd, err);
        if (rc == 0)
            rc = linux_place(etc->mount_fds[i], target_fd, path, err);
        if (rc < 0 && (err->number == EACCES || err->number == EOVERFLOW))
            cv_error_hint(err, "the root's files are another user's: make it as the user who runs the program");
        if (rc < 0)
            return cv_error_wrap(err, "give the container its %s", path);
    }
    return 0;
}

void linux_etc_release(struct linux_etc* etc)
{
    for (int i = 0; i < LINUX_ETC_FILES; i++)
        linux_fd_closep(&etc->mount_fds[i]);
}
