/* The checks of a Linux host. Each looks at the thing itself where that is possible without leaving anything behind. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chef/containerv.h>
#include <cv/file.h>
#include <cv/folders.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "doctor-linux.h"
#include "linux/idrange-plan.h"
#include "linux/rights.h"
#include "rootfs/host.h"

#include <cv/banned.h>

enum { PROC_FILE_MAX = 1 << 20, TEXT_MAX = 256 };

/* A small file of the kernel as text; NULL when it can't be read. */
static char* read_text(const char* path)
{
    char*  text   = NULL;
    size_t length = 0;

    return cv_file_read(path, PROC_FILE_MAX, &text, &length, NULL) == 0 ? text : NULL;
}

static bool has_word(const char* text, const char* word)
{
    size_t length = strlen(word);

    while (text != NULL && (text = strstr(text, word)) != NULL) {
        if (strchr(" \t\n", text[length]) != NULL)
            return true;
        text += length;
    }
    return false;
}

static void check_kernel(struct doctor_finding* found)
{
    struct utsname name;
    unsigned       major = 0, minor = 0;

    if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2) {
        doctor_set(found, DOCTOR_FAIL, NULL, "the kernel's version can't be read");
        return;
    }
    if (major > 6 || (major == 6 && minor >= 1))
        doctor_set(found, DOCTOR_OK, NULL, "Linux %s, %s", name.release, name.machine);
    else if (major == 6 || (major == 5 && minor >= 12))
        doctor_set(
            found, DOCTOR_WARN, "use Linux 6.1 or later", "Linux %s is older than what is tested (6.1)", name.release);
    else
        doctor_set(found, DOCTOR_FAIL, "use Linux 6.1 or later", "Linux %s lacks idmapped mounts (5.12)", name.release);
}

static const struct {
    const char* name;
    const char* without;
    unsigned    number;
    bool        needed;
} capabilities[] = {
    { "SYS_ADMIN", "no mount, no namespace", CAP_SYS_ADMIN, true },
    { "SETUID", "no user ids", CAP_SETUID, true },
    { "SETGID", "no group ids", CAP_SETGID, true },
    { "CHOWN", "no owners", CAP_CHOWN, true },
    { "DAC_OVERRIDE", "no access to root folders", CAP_DAC_OVERRIDE, true },
    { "FOWNER", "no modes", CAP_FOWNER, true },
    { "SYS_CHROOT", "no root folder", CAP_SYS_CHROOT, true },
    { "KILL", "no signals to containers", CAP_KILL, true },
    { "SETPCAP", "no dropping of capabilities", CAP_SETPCAP, true },
    { "NET_ADMIN", "no loopback device", CAP_NET_ADMIN, true },
    { "MKNOD", "no --device", CAP_MKNOD, false },
    { "SYS_RESOURCE", "hard --ulimit can't be raised", CAP_SYS_RESOURCE, false },
    { "SYS_PTRACE", "processes of others can't be looked at", CAP_SYS_PTRACE, false },
};

static void check_capabilities(struct doctor_finding* found)
{
    CV_CLEANUP(cv_freep) char* status = read_text("/proc/self/status");
    const char*                line   = status != NULL ? strstr(status, "CapEff:") : NULL;
    uint64_t                   have;
    char                       missing[TEXT_MAX] = "";
    enum doctor_level          level             = DOCTOR_OK;

    if (doctor_rights()->kind == LINUX_RIGHTS_USER) {
        doctor_set(found, DOCTOR_OK, NULL, "not needed: a user has them in the user namespace of his containers");
        return;
    }
    if (line == NULL || sscanf(line, "CapEff: %" SCNx64, &have) != 1) {
        doctor_set(found, DOCTOR_FAIL, "mount /proc", "/proc/self/status has no capabilities");
        return;
    }
    for (size_t i = 0; i < CV_ARRAY_LEN(capabilities); i++) {
        size_t used = strlen(missing);

        if ((have >> capabilities[i].number & 1) != 0)
            continue;
        level = capabilities[i].needed ? DOCTOR_FAIL : level == DOCTOR_OK ? DOCTOR_WARN : level;
        (void)snprintf(missing + used, sizeof(missing) - used, "%s%s (%s)", used != 0 ? ", " : "", capabilities[i].name,
            capabilities[i].without);
    }
    if (level == DOCTOR_OK)
        doctor_set(found, level, NULL, "all that are needed");
    else
        doctor_set(found, level,
            "run cvctl as the host's root, or give them to the container or service that it runs in", "missing: %s",
            missing);
}

static void check_namespaces(struct doctor_finding* found)
{
    static const char* const kinds[]           = { "pid", "mnt", "net", "ipc", "uts", "user", "cgroup", "time" };
    char                     missing[TEXT_MAX] = "";
    bool                     only_time         = true;

    for (size_t i = 0; i < CV_ARRAY_LEN(kinds); i++) {
        char   path[64];
        size_t used = strlen(missing);

        (void)cv_snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
        if (access(path, F_OK) == 0)
            continue;
        only_time = only_time && strcmp(kinds[i], "time") == 0;
        (void)snprintf(missing + used, sizeof(missing) - used, " %s", kinds[i]);
    }
    if (missing[0] == '\0')
        doctor_set(found, DOCTOR_OK, NULL, "pid mnt net ipc uts user cgroup time");
    else
        doctor_set(found, only_time ? DOCTOR_WARN : DOCTOR_FAIL, "use a kernel that is built with them", "missing:%s",
            missing);
}

static bool is_filesystem(const char* path, unsigned long magic)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == magic;
}

static bool is_cgroup2(const char* path)
{
    return is_filesystem(path, CGROUP2_SUPER_MAGIC);
}

/* A hybrid host may have the controller mounted by itself, as version 1. */
static bool has_v1(const char* controller)
{
    char path[64];

    (void)cv_snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", controller);
    return is_filesystem(path, CGROUP_SUPER_MAGIC);
}

static void check_cgroup(struct doctor_finding* found)
{
    bool pure   = is_cgroup2("/sys/fs/cgroup");
    bool hybrid = !pure && is_cgroup2("/sys/fs/cgroup/unified");
    CV_CLEANUP(cv_freep)
    char* have = read_text(pure ? "/sys/fs/cgroup/cgroup.controllers" : "/sys/fs/cgroup/unified/cgroup.controllers");
    static const char* const wanted[]          = { "memory", "pids", "cpu" };
    char                     missing[TEXT_MAX] = "";

    if (doctor_not_roots(found, "what root may limit by them is not a user's to limit: see delegation"))
        return;
    for (size_t i = 0; i < CV_ARRAY_LEN(wanted); i++)
        if (!has_word(have, wanted[i]) && !(hybrid && has_v1(wanted[i])))
            (void)snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing), " %s", wanted[i]);
    if (!pure && !hybrid)
        doctor_set(found, DOCTOR_WARN, "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
            "no cgroup v2: no pause, no limits, and killing goes process by process");
    else if (missing[0] == '\0')
        doctor_set(found, DOCTOR_OK, NULL, "%s: limits of memory, pids and cpu can be set%s",
            pure ? "v2" : "hybrid (v2 and v1)",
            has_word(have, "pids") ? "" : "; without --pids-limit an rlimit bounds each user's processes");
    else
        doctor_set(found, DOCTOR_WARN,
            hybrid ? "boot with systemd.unified_cgroup_hierarchy=1"
                   : "give this cgroup the controllers (cgroup.subtree_control)",
            "%s, without controllers for%s: cvctl run refuses limits of these", pure ? "v2" : "hybrid", missing);
}

static void check_overlay(struct doctor_finding* found)
{
    CV_CLEANUP(cv_freep) char* list = read_text("/proc/filesystems");

    if (has_word(list, "overlay"))
        doctor_set(found, DOCTOR_OK, NULL, "the kernel has it");
    else
        doctor_set(found, DOCTOR_FAIL, "modprobe overlay",
            "not in /proc/filesystems: no layers, no --debian, no --rootfs DIR:O");
}

static void check_seccomp(struct doctor_finding* found)
{
    CV_CLEANUP(cv_freep) char* actions = read_text("/proc/sys/kernel/seccomp/actions_avail");

    if (prctl(PR_GET_SECCOMP) < 0 || !has_word(actions, "errno"))
        doctor_set(found, DOCTOR_FAIL, "use a kernel with CONFIG_SECCOMP_FILTER", "no system call filters");
    else
        doctor_set(found, DOCTOR_OK, NULL, "the kernel can filter system calls");
}

/* Old kernels have less; what a policy asks for and they lack fails the create. */
static void check_landlock(struct doctor_finding* found)
{
    enum { CREATE_VERSION = 1, ABI_PATHS = 3, ABI_TCP = 4 };
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

    if (abi >= ABI_TCP)
        doctor_set(found, DOCTOR_OK, NULL, "ABI %ld", abi);
    else if (abi >= ABI_PATHS)
        doctor_set(found, DOCTOR_WARN, "use Linux 6.7 or later", "ABI %ld: no --landlock-tcp", abi);
    else if (abi > 0)
        doctor_set(found, DOCTOR_WARN, "use Linux 6.7 or later",
            "ABI %ld: no --landlock-tcp, and --landlock-path only with '/' writable", abi);
    else
        doctor_set(found, DOCTOR_WARN, "use a kernel with CONFIG_SECURITY_LANDLOCK, and 'landlock' in lsm=",
            "not there: no --landlock-path, no --landlock-tcp");
}

static bool poke(const char* path, const char* text)
{
    int  fd   = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

/* The user namespace of a process, after it got its maps. -1 with errno. */
static int open_user_namespace(pid_t process)
{
    static const struct {
        const char *file, *map;
    } maps[] = { { "uid_map", "0 100000 65536" }, { "gid_map", "0 100000 65536" } };
    char path[64];

    for (size_t i = 0; i < CV_ARRAY_LEN(maps); i++) {
        (void)cv_snprintf(path, sizeof(path), "/proc/%d/%s", (int)process, maps[i].file);
        if (!poke(path, maps[i].map))
            return -1;
    }
    (void)cv_snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)process);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* A user namespace with maps, held by a child that does nothing else and is gone on return. A descriptor, or -1 with errno. */
static int make_user_namespace(void)
{
    int   ready[2], fd = -1, saved;
    char  byte = 0;
    pid_t child;

    if (pipe2(ready, O_CLOEXEC) < 0)
        return -1;
    child = fork();
    if (child == 0) {
        byte = unshare(CLONE_NEWUSER) == 0;
        _exit(write(ready[1], &byte, 1) == 1 && pause() < 0 ? 0 : 1);
    }
    close(ready[1]);
    if (child > 0 && read(ready[0], &byte, 1) == 1 && byte == 1)
        fd = open_user_namespace(child);
    saved = errno;
    close(ready[0]);
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    errno = saved;
    return fd;
}

/* Whether a detached clone of the folder's mount can be idmapped. 0, or errno. Nothing is attached anywhere. */
static int try_idmap(const char* folder)
{
    struct mount_attr attr  = { .attr_set = MOUNT_ATTR_IDMAP };
    int               users = make_user_namespace();
    int               tree = -1, failed = 0;

    if (users < 0)
        return errno != 0 ? errno : EPERM;
    tree = (int)syscall(SYS_open_tree, AT_FDCWD, folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        failed = errno;
    attr.userns_fd = (uint64_t)users;
    if (tree >= 0 && syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        failed = errno;
    if (tree >= 0)
        close(tree);
    close(users);
    return failed;
}

static int make_folder(const char* path, struct doctor_finding* found)
{
    struct cv_error err = CV_ERROR_INIT;

    if (cv_folder_make(path, geteuid() == 0 ? 0755 : 0700, &err) == 0 && access(path, W_OK | X_OK) == 0)
        return 0;
    doctor_set(found, DOCTOR_FAIL, "run as root, or choose folders with CONTAINERV_STATE_DIR and CONTAINERV_RUN_DIR",
        "'%s': %s", path, err.code != CV_OK ? err.text : "can't be written");
    return -1;
}

static void check_idmap(struct doctor_finding* found)
{
    CV_CLEANUP(cv_freep) char* state = NULL;
    int                        failed;

    if (doctor_not_roots(found, "not used without root's rights: files are used as they are"))
        return;
    if (cv_folders_state(&state, NULL) < 0 || make_folder(state, found) < 0)
        return;
    failed = try_idmap(state);
    if (failed == 0)
        doctor_set(found, DOCTOR_OK, NULL, "on the filesystem of '%s'", state);
    else
        doctor_set(found, DOCTOR_FAIL, "put the state folder (CONTAINERV_STATE_DIR) on ext4, xfs, btrfs or tmpfs",
            "the filesystem of '%s' can't do it: %s", state, strerror(failed));
}

static void check_folders(struct doctor_finding* found)
{
    CV_CLEANUP(cv_freep) char* state = NULL;
    CV_CLEANUP(cv_freep) char* run   = NULL;
    struct cv_error            err   = CV_ERROR_INIT;

    if (cv_folders_state(&state, &err) < 0 || cv_folders_run(&run, &err) < 0) {
        doctor_set(found, DOCTOR_FAIL, err.hint, "%s", err.text);
        return;
    }
    if (make_folder(state, found) == 0 && make_folder(run, found) == 0)
        doctor_set(found, DOCTOR_OK, NULL, "'%s' and '%s' can be written", state, run);
}

/* A slot is taken while somebody holds a lock on its file. */
static unsigned taken_slots(const char* folder)
{
    unsigned taken = 0;

    for (unsigned slot = 0; slot < LINUX_IDRANGE_SLOTS; slot++) {
        char path[4096];
        int  fd;

        if (cv_snprintf(path, sizeof(path), "%s/%u", folder, slot) != 0)
            break;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            continue;
        taken += flock(fd, LOCK_SH | LOCK_NB) < 0;
        close(fd);
    }
    return taken;
}

static void check_ids(struct doctor_finding* found)
{
    CV_CLEANUP(cv_freep) char* run    = NULL;
    CV_CLEANUP(cv_freep) char* folder = NULL;
    unsigned                   taken;

    if (doctor_not_roots(found, "not used without root's rights: see sub-ids"))
        return;
    if (cv_folders_run(&run, NULL) < 0 || (folder = cv_path_join(run, "ids", NULL)) == NULL) {
        doctor_set(found, DOCTOR_FAIL, NULL, "no run folder");
        return;
    }
    taken = taken_slots(folder);
    if (taken < LINUX_IDRANGE_SLOTS)
        doctor_set(found, DOCTOR_OK, NULL, "%u of %u ranges are free, from id %u",
            (unsigned)LINUX_IDRANGE_SLOTS - taken, (unsigned)LINUX_IDRANGE_SLOTS, (unsigned)LINUX_IDRANGE_BASE);
    else
        doctor_set(found, DOCTOR_FAIL, "end some containers", "all %u ranges are taken", taken);
}

static void check_tools(struct doctor_finding* found)
{
    if (cvd_tool_exists("mmdebstrap"))
        doctor_set(found, DOCTOR_OK, NULL, "mmdebstrap");
    else if (cvd_tool_exists("debootstrap"))
        doctor_set(found, DOCTOR_OK, NULL, "debootstrap (mmdebstrap is quicker and takes all apt sources)");
    else
        doctor_set(found, DOCTOR_WARN, "apt-get install mmdebstrap", "neither mmdebstrap nor debootstrap: no --debian");
}

static void check_backend(struct doctor_finding* found)
{
    if (containerv_probe(NULL) == 0)
        doctor_set(found, DOCTOR_OK, NULL, "the library can isolate here");
    else
        doctor_set(found, DOCTOR_FAIL, containerv_error_last()->hint, "%s", containerv_error_last()->text);
}

const struct doctor_check doctor_checks[] = {
    { "kernel", check_kernel },
    { "rights", doctor_check_rights },
    { "capabilities", check_capabilities },
    { "namespaces", check_namespaces },
    { "user namespaces", doctor_check_user_namespaces },
    { "sub-ids", doctor_check_subids },
    { "cgroups", check_cgroup },
    { "delegation", doctor_check_delegation },
    { "overlayfs", check_overlay },
    { "folders", check_folders },
    { "idmapped mounts", check_idmap },
    { "seccomp", check_seccomp },
    { "landlock", check_landlock },
    { "id ranges", check_ids },
    { "root makers", check_tools },
    { "back end", check_backend },
    { NULL, NULL },
};
