/*
 * What the security tests do inside a container, and the racing helper that they run beside it. Static: the roots of these tests have no
 * libraries. Each sub-command prints one line a fact, an outcome as the errno's name or "0".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FD_LIMIT = 4096, UNKNOWN_CALL = 9999 };

/* of the kernel's headers, which can't be included beside the C library's */
enum {
    CLONE_TREE        = 1,          /* OPEN_TREE_CLONE */
    RECURSIVE         = 0x8000,     /* AT_RECURSIVE */
    EMPTY_PATH        = 0x1000,     /* AT_EMPTY_PATH */
    MOVE_FROM_FD      = 0x00000004, /* MOVE_MOUNT_F_EMPTY_PATH */
    ATTRIBUTE_RDONLY  = 1,          /* MOUNT_ATTR_RDONLY */
    NUMBER_SETATTR    = 442,        /* the numbers of new calls are the same on every architecture */
    NUMBER_OPEN_TREE  = 428,
    NUMBER_MOVE_MOUNT = 429,
};

struct attributes {
    unsigned long long set, clear, propagation, userns;
};

static const char* outcome(long result)
{
    return result < 0 ? strerrorname_np(errno) : "0";
}

static int list_fds(char** arguments)
{
    (void)arguments;
    for (int fd = 0; fd < FD_LIMIT; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("%d\n", fd);
    return 0;
}

static int print_ids(char** arguments)
{
    (void)arguments;
    printf("%u %u %u %u\n", getuid(), geteuid(), getgid(), getegid());
    return 0;
}

/* FILE...: mode, owner and what device it is, without following. */
static int print_stat(char** arguments)
{
    struct stat st;

    for (; *arguments != NULL; arguments++) {
        if (lstat(*arguments, &st) < 0)
            printf("%s %s\n", *arguments, outcome(-1));
        else
            printf("%s %o %u %u %u:%u\n", *arguments, st.st_mode, st.st_uid, st.st_gid, major(st.st_rdev),
                minor(st.st_rdev));
    }
    return 0;
}

static int print_type(char** arguments)
{
    struct statfs fs;

    for (; *arguments != NULL; arguments++)
        printf("%s %lx\n", *arguments, statfs(*arguments, &fs) < 0 ? 0UL : (unsigned long)fs.f_type);
    return 0;
}

/* FILE...: can a byte of it be read? */
static int try_read(char** arguments)
{
    char byte;

    for (; *arguments != NULL; arguments++) {
        int  fd  = open(*arguments, O_RDONLY | O_CLOEXEC);
        long got = fd < 0 ? -1 : read(fd, &byte, 1);

        printf("%s %s\n", *arguments, got > 0 ? "READ" : got == 0 ? "EMPTY" : outcome(-1));
        close(fd);
    }
    return 0;
}

/* FILE...: opened for writing at once, and through a descriptor that was got without rights. */
static int try_write(char** arguments)
{
    char path[64];

    for (; *arguments != NULL; arguments++) {
        printf("%s %s\n", *arguments, outcome(open(*arguments, O_WRONLY | O_CLOEXEC)));
        snprintf(path, sizeof(path), "/proc/self/fd/%d", open(*arguments, O_PATH | O_CLOEXEC));
        printf("%s again %s\n", *arguments, outcome(open(path, O_WRONLY | O_CLOEXEC)));
    }
    return 0;
}

static int try_readlink(char** arguments)
{
    char text[64];

    for (; *arguments != NULL; arguments++)
        printf("%s %s\n", *arguments, outcome(readlink(*arguments, text, sizeof(text))));
    return 0;
}

/* DIR A B: exchange DIR/A and DIR/B until killed. */
static int swap(char** arguments)
{
    int dir_fd = open(arguments[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (dir_fd < 0 || arguments[1] == NULL || arguments[2] == NULL)
        return 1;
    puts("ready");
    fflush(stdout);
    for (;;)
        if (renameat2(dir_fd, arguments[1], dir_fd, arguments[2], RENAME_EXCHANGE) < 0 && errno != ENOENT)
            return 1;
}

/* Pushes a byte into the terminal's input: plain, with high bits that the kernel cuts off, and by the console's own call. */
static int push_input(char** arguments)
{
    char                byte     = 'x';
    const unsigned long number[] = { TIOCSTI, TIOCSTI | 1UL << 32, TIOCSTI | 0xffffffffUL << 32, TIOCLINUX,
        TIOCLINUX | 1UL << 32 };

    (void)arguments;
    for (size_t i = 0; i < sizeof(number) / sizeof(*number); i++)
        printf("%lx %s\n", number[i], outcome(syscall(SYS_ioctl, 0, number[i], &byte)));
    return 0;
}

struct call {
    const char* name;
    long        number;
    long        arguments[3];
};

/* Arguments that do no harm where a call is let through: each is refused by the kernel with another errno, or does nothing. */
static const struct call calls[] = {
    { "unshare-user", SYS_unshare, { CLONE_NEWUSER } },
    { "unshare-mount", SYS_unshare, { CLONE_NEWNS } },
    { "clone-user", SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
    { "clone-mount", SYS_clone, { CLONE_NEWNS | SIGCHLD } },
    { "clone3", SYS_clone3, { 0, 0 } },
    { "setns", SYS_setns, { -1, 0 } },
    { "mount", SYS_mount, { 0, 0, 0 } },
    { "umount2", SYS_umount2, { 0, 0 } },
    { "pivot_root", SYS_pivot_root, { 0, 0 } },
    { "open_tree", NUMBER_OPEN_TREE, { -1, 0, 0 } },
    { "move_mount", NUMBER_MOVE_MOUNT, { -1, 0, -1 } },
    { "fsopen", 430, { 0, 0 } },
    { "fsconfig", 431, { -1, 0 } },
    { "fsmount", 432, { -1, 0 } },
    { "fspick", 433, { -1, 0 } },
    { "mount_setattr", NUMBER_SETATTR, { -1, 0, 0 } },
    { "keyctl", SYS_keyctl, { -1, 0 } },
    { "add_key", SYS_add_key, { 0, 0 } },
    { "request_key", SYS_request_key, { 0, 0 } },
    { "bpf", SYS_bpf, { -1, 0, 0 } },
    { "perf_event_open", SYS_perf_event_open, { 0, -1, -1 } },
    { "userfaultfd", SYS_userfaultfd, { -1 } },
    { "io_uring_setup", 425, { 0, 0 } },
    { "io_uring_enter", 426, { -1, 0 } },
    { "io_uring_register", 427, { -1, 0 } },
    { "open_by_handle_at", SYS_open_by_handle_at, { -1, 0 } },
    { "kexec_load", SYS_kexec_load, { -1, -1 } },
    { "init_module", SYS_init_module, { 0, 0 } },
    { "finit_module", SYS_finit_module, { -1, 0 } },
    { "delete_module", SYS_delete_module, { 0, 0 } },
    { "reboot", SYS_reboot, { 0, 0 } },
    { "swapon", SYS_swapon, { 0, 0 } },
    { "swapoff", SYS_swapoff, { 0, 0 } },
    { "acct", SYS_acct, { -1 } },
    { "settimeofday", SYS_settimeofday, { -1, 0 } },
    { "clock_settime", SYS_clock_settime, { -1, 0 } },
    { "quotactl", SYS_quotactl, { -1, 0 } },
    { "syslog", SYS_syslog, { -1, 0 } },
    { "sethostname", SYS_sethostname, { 0, -1 } },
    { "unknown", UNKNOWN_CALL, { 0 } },
    { "unknown-large", 0x3fffffff, { 0 } },
    { "getpid", SYS_getpid, { 0 } },
};

static int try_calls(char** arguments)
{
    (void)arguments;
    for (const struct call* c = calls; c < calls + sizeof(calls) / sizeof(*calls); c++) {
        pid_t pid = fork();

        if (pid == 0) {
            long result = syscall(c->number, c->arguments[0], c->arguments[1], c->arguments[2], 0L, 0L);

            if (c->number == SYS_clone && result == 0)
                _exit(0); /* the copy, which would say it twice */
            printf("%s %s\n", c->name, outcome(result));
            fflush(stdout);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    return 0;
}

static int (*holds)(const char* path); /* what protects the path that is attacked still does */

/* Attempts at one protected path. `place` is an empty folder of our own, on a tmpfs. */
static long remount(const char* path, const char* place)
{
    (void)place;
    return mount("none", path, NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long remount_all(const char* path, const char* place)
{
    (void)place;
    return mount("none", path, NULL, MS_REMOUNT, NULL);
}

static long clear_read_only(const char* path, const char* place)
{
    struct attributes attributes = { .clear = ATTRIBUTE_RDONLY };

    (void)place;
    return syscall(NUMBER_SETATTR, AT_FDCWD, path, 0, &attributes, sizeof(attributes));
}

static long clear_read_only_below(const char* path, const char* place)
{
    struct attributes attributes = { .clear = ATTRIBUTE_RDONLY };

    (void)place;
    return syscall(NUMBER_SETATTR, AT_FDCWD, path, RECURSIVE, &attributes, sizeof(attributes));
}

static long unmount(const char* path, const char* place)
{
    (void)place;
    return umount2(path, 0);
}

static long detach(const char* path, const char* place)
{
    (void)place;
    return umount2(path, MNT_DETACH);
}

static long move_away(const char* path, const char* place)
{
    return mount(path, place, NULL, MS_MOVE, NULL);
}

/* A copy of it elsewhere, made writable. What the copy would let through is seen at the path too: it is the same file system. */
static long copy_writable(const char* path, const char* place)
{
    struct attributes attributes = { .clear = ATTRIBUTE_RDONLY };
    int               tree       = (int)syscall(NUMBER_OPEN_TREE, AT_FDCWD, path, CLONE_TREE | RECURSIVE | O_CLOEXEC);
    long              result     = -1;

    (void)place;
    if (tree >= 0 && syscall(NUMBER_SETATTR, tree, "", EMPTY_PATH, &attributes, sizeof(attributes)) == 0)
        result = openat(tree, "written", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(tree);
    return result;
}

/* The parent without what is mounted in it shows what a mask hides; of a path that isn't a mount itself it shows no more than before. */
static long uncover(const char* path, const char* place)
{
    char parent[256], shown[512], *slash;
    long result;

    snprintf(parent, sizeof(parent), "%s", path);
    slash                                   = strrchr(parent, '/');
    slash[slash == parent && slash[1] != 0] = '\0';
    if (mount(parent, place, NULL, MS_BIND, NULL) < 0)
        return -1;
    snprintf(shown, sizeof(shown), "%s%s", place, strrchr(path, '/'));
    result = holds(shown) ? -1 : 0;
    umount2(place, MNT_DETACH);
    errno = EEXIST;
    return result;
}

static long own_namespace(const char* path, const char* place)
{
    return unshare(CLONE_NEWNS) == 0 ? detach(path, place) : -1;
}

static long own_user_namespace(const char* path, const char* place)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return -1;
    return remount(path, place) == 0 ? 0 : detach(path, place);
}

/* A bind over it hides it, which harms nobody; what counts is that it is there again, and as before, afterwards. */
static long cover(const char* path, const char* place)
{
    char        source[256];
    struct stat st;

    if (stat(path, &st) < 0)
        return -1;
    snprintf(source, sizeof(source), "%s%s", place, S_ISDIR(st.st_mode) ? "" : ".file");
    if (mount(source, path, NULL, MS_BIND, NULL) < 0)
        return -1;
    return umount2(path, MNT_DETACH) == 0 ? 0 : -1;
}

static const struct {
    const char* name;
    long (*make)(const char* path, const char* place);
    int may_succeed;
} attempts[] = {
    { "remount", remount, 0 },
    { "remount-all", remount_all, 0 },
    { "clear-read-only", clear_read_only, 0 },
    { "clear-read-only-below", clear_read_only_below, 0 },
    { "unmount", unmount, 0 },
    { "detach", detach, 0 },
    { "move-away", move_away, 0 },
    { "copy-writable", copy_writable, 0 },
    { "uncover", uncover, 0 },
    { "own-namespace", own_namespace, 0 },
    { "own-user-namespace", own_user_namespace, 0 },
    { "cover", cover, 1 },
};

static int holds_nothing(const char* path)
{
    char           byte;
    struct stat    st;
    struct dirent* entry;
    DIR*           folder;
    int            count = 0, fd;

    if (stat(path, &st) < 0)
        return 0;
    if (!S_ISDIR(st.st_mode)) {
        fd    = open(path, O_RDONLY | O_CLOEXEC);
        count = fd >= 0 && read(fd, &byte, 1) > 0;
        close(fd);
        return count == 0;
    }
    folder = opendir(path);
    if (folder == NULL)
        return errno == EACCES;
    while ((entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count == 0;
}

static int is_read_only(const char* path)
{
    struct statvfs fs;
    struct stat    st;
    char           name[256];

    if (stat(path, &st) < 0 || statvfs(path, &fs) < 0 || !(fs.f_flag & ST_RDONLY))
        return 0;
    snprintf(name, sizeof(name), "%s/written", path);
    return open(S_ISDIR(st.st_mode) ? name : path, O_WRONLY | O_CLOEXEC | (S_ISDIR(st.st_mode) ? O_CREAT : 0), 0600)
           < 0;
}

static void attack(const char* path, const char* place)
{
    if (!holds(path)) {
        printf("%s before BROKEN\n", path);
        return;
    }
    for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
        int   status = 0;
        pid_t pid    = fork(); /* of its own, so that one that leaves the namespaces changes nothing for the next */

        if (pid == 0) {
            long        result = attempts[i].make(path, place);
            const char* name   = outcome(result);

            printf("%s %s %s ", path, attempts[i].name, name);
            fflush(stdout);
            _exit(!holds(path) || (result >= 0 && !attempts[i].may_succeed));
        }
        waitpid(pid, &status, 0);
        puts(status == 0 && holds(path) ? "held" : "BROKEN");
        fflush(stdout);
    }
}

/* PLACE masked PATH... read-only PATH...: what isn't there is left out. */
static int attack_all(char** arguments)
{
    const char* place = *arguments++;
    char        file[256];

    snprintf(file, sizeof(file), "%s.file", place);
    if (mkdir(place, 0700) < 0 || mknod(file, S_IFREG | 0600, 0) < 0 || mount("tmpfs", place, "tmpfs", 0, NULL) < 0) {
        printf("control %s\n", outcome(-1)); /* without the right to mount nothing below would mean anything */
        return 1;
    }
    printf("control 0\n");
    for (; *arguments != NULL; arguments++) {
        if (strcmp(*arguments, "masked") == 0)
            holds = holds_nothing;
        else if (strcmp(*arguments, "read-only") == 0)
            holds = is_read_only;
        else if (access(*arguments, F_OK) == 0)
            attack(*arguments, place);
        else
            printf("%s absent\n", *arguments);
        fflush(stdout);
    }
    return 0;
}

/* PLACE: a second procfs, which would have no masks. */
static int mount_proc(char** arguments)
{
    printf("proc %s\n", outcome(mount("proc", *arguments, "proc", 0, NULL)));
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) < 0) {
        printf("nested unshare %s\n", outcome(-1));
        return 0;
    }
    fflush(stdout);
    if (fork() == 0) {
        printf("nested %s\n", outcome(mount("proc", *arguments, "proc", 0, NULL)));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    return 0;
}

static struct sockaddr_in loopback(const char* port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)) };
    address.sin_addr.s_addr    = htonl(INADDR_LOOPBACK);
    return address;
}

static long try_tcp(int type, int protocol, const struct sockaddr_in* to, const char* how)
{
    int  fd     = socket(AF_INET, type, protocol);
    long result = fd;
    if (fd >= 0 && strcmp(how, "bind") == 0)
        result = bind(fd, (const struct sockaddr*)to, sizeof(*to));
    else if (fd >= 0 && strcmp(how, "connect") == 0)
        result = connect(fd, (const struct sockaddr*)to, sizeof(*to));
    else if (fd >= 0)
        result = sendto(fd, "x", 1, MSG_FASTOPEN, (const struct sockaddr*)to, sizeof(*to));
    int number = errno;
    if (fd >= 0)
        close(fd);
    errno = number;
    return result;
}

/* PORT: ways to reach a TCP port of our own network, where nobody listens. */
static int reach_port(char** arguments)
{
    enum { PROTOCOL_MPTCP = 262, PROTOCOL_SMC = 256, FAMILY_SMC = 43, NUMBER_IO_URING_SETUP = 425 };
    struct sockaddr_in to        = loopback(*arguments);
    char               ring[256] = { 0 };

    printf("bind %s\n", outcome(try_tcp(SOCK_STREAM, 0, &to, "bind")));
    printf("connect %s\n", outcome(try_tcp(SOCK_STREAM, 0, &to, "connect")));
    printf("fastopen %s\n", outcome(try_tcp(SOCK_STREAM, 0, &to, "fastopen")));
    printf("mptcp %s\n", outcome(try_tcp(SOCK_STREAM, PROTOCOL_MPTCP, &to, "connect")));
    printf("smc %s\n", outcome(try_tcp(SOCK_STREAM, PROTOCOL_SMC, &to, "connect")));
    printf("smc-family %s\n", outcome(socket(FAMILY_SMC, SOCK_STREAM, 0)));
    printf("io_uring %s\n", outcome(syscall(NUMBER_IO_URING_SETUP, 1, ring)));
    printf("udp %s\n", outcome(try_tcp(SOCK_DGRAM, 0, &to, "connect")));
    return 0;
}

static const struct {
    const char* name;
    int (*run)(char** arguments);
    int least; /* arguments */
} commands[] = {
    { "fds", list_fds, 0 },
    { "ids", print_ids, 0 },
    { "stat", print_stat, 1 },
    { "type", print_type, 1 },
    { "read", try_read, 1 },
    { "write", try_write, 1 },
    { "readlink", try_readlink, 1 },
    { "swap", swap, 3 },
    { "push-input", push_input, 0 },
    { "calls", try_calls, 0 },
    { "attack", attack_all, 2 },
    { "mount-proc", mount_proc, 1 },
    { "tcp", reach_port, 1 },
};

int main(int argc, char** argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].least)
            return commands[i].run(argv + 2);
    return 2;
}
