/*
 * Runs in a container and prints all that isolates it, one fact a line: two containers that print the same are isolated alike.
 *
 * Arguments: "mnt:[4026531840]" and the like, the host's namespaces; "stay", to go on running then.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { GATE_FD = 3 };

extern char** environ;

static void print_file(const char* path)
{
    char  line[4096];
    FILE* file = fopen(path, "re");

    if (file == NULL)
        printf("%s: %s\n", path, strerrorname_np(errno));
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        printf("%s: %s", path, line);
    if (file != NULL)
        fclose(file);
}

/* What of /proc/PID/status says what a process may do. Its own numbers differ each time. */
static void print_status(const char* path)
{
    static const char* const wanted[] = { "Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "SigCgt", "CapInh",
        "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters", "Speculation_Store_Bypass",
        "Threads" };
    char                     line[4096];
    FILE*                    file = fopen(path, "re");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
            if (strncmp(line, wanted[i], strlen(wanted[i])) == 0 && line[strlen(wanted[i])] == ':')
                printf("%s: %s", path, line);
    if (file != NULL)
        fclose(file);
}

static void print_own(void)
{
    int signal = -1;

    prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
    printf("dumpable %d keepcaps %d secure bits %d no new privileges %d death signal %d\n",
        prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), prctl(PR_GET_SECUREBITS, 0, 0, 0, 0),
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), signal);
    printf("policy %d I/O priority %ld personality %d\n", sched_getscheduler(0), syscall(SYS_ioprio_get, 1, 0),
        personality(0xffffffff));
    print_file("/proc/self/oom_score_adj");
    printf("leader of its session %d, of its group %d\n", getsid(0) == getpid(), getpgrp() == getpid());
    for (char** at = environ; *at != NULL; at++)
        printf("environment %s\n", *at);
}

/* Without the dumpable flag its files belong to nobody. */
static void print_pid1(void)
{
    struct stat st;
    char        text[64];

    printf("PID 1 belongs to %u\n", stat("/proc/1/mem", &st) < 0 ? ~0U : st.st_uid);
    printf("PID 1's root %s\n", readlink("/proc/1/root", text, sizeof(text)) < 0 ? strerrorname_np(errno) : "shown");
    printf("PID 1's memory %s\n", open("/proc/1/mem", O_RDONLY | O_CLOEXEC) < 0 ? strerrorname_np(errno) : "opened");
}

/* Which range of the host's ids it is differs. */
static void print_map(const char* path)
{
    unsigned inside, outside, count;
    FILE*    file = fopen(path, "re");

    while (file != NULL && fscanf(file, "%u %u %u", &inside, &outside, &count) == 3)
        printf("%s: %u %s %u\n", path, inside, outside == inside ? "same" : "mapped", count);
    if (file != NULL)
        fclose(file);
}

static void print_limits(void)
{
    struct rlimit limit;

    for (int i = 0; i < (int)RLIM_NLIMITS; i++)
        if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
            printf("limit %d %llx %llx\n", i, (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
}

/* "uid=" and "gid=" of a tmpfs are numbers of the host, from a range that differs each time. */
static void hide_ids(char* text)
{
    static const char* const names[] = { "uid=", "gid=" };

    for (size_t i = 0; i < 2; i++) {
        char* at = strstr(text, names[i]);
        if (at == NULL || strtoul(at + 4, NULL, 10) < 65536)
            continue;
        at += 4;
        memmove(at + 1, at + strspn(at, "0123456789"), strlen(at + strspn(at, "0123456789")) + 1);
        *at = 'N';
    }
}

/* Mount ids and numbers of devices differ; what is mounted from where, on what, how and with which propagation does not. */
static void print_mounts(void)
{
    char  line[8192];
    FILE* file = fopen("/proc/self/mountinfo", "re");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char* rest = line;
        for (int i = 0; i < 3 && rest != NULL; i++)
            rest = strchr(rest + 1, ' ');
        hide_ids(line);
        printf("mount%s", rest != NULL ? rest : " ?\n");
    }
    if (file != NULL)
        fclose(file);
}

static void print_namespaces(char** host)
{
    static const char* const names[] = { "mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time" };
    char                     path[64], link[64];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char* whose = "own";
        ssize_t     length;

        snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
        length                        = readlink(path, link, sizeof(link) - 1);
        link[length < 0 ? 0 : length] = '\0';
        for (char** at = host; *at != NULL; at++)
            if (strcmp(*at, link) == 0)
                whose = "the host's";
        printf("namespace %s %s\n", names[i], length < 0 ? strerrorname_np(errno) : whose);
    }
}

static int compare(const void* a, const void* b)
{
    return strcmp(*(char* const*)a, *(char* const*)b);
}

/* Names, kinds, modes and owners below a folder, sorted. */
static void print_folder(const char* path)
{
    char*          names[256];
    size_t         count  = 0;
    DIR*           folder = opendir(path);
    struct dirent* entry;

    while (folder != NULL && count < 256 && (entry = readdir(folder)) != NULL)
        names[count++] = strdup(entry->d_name);
    qsort(names, count, sizeof(*names), compare);
    for (size_t i = 0; i < count; i++) {
        struct stat st = { 0 };

        fstatat(dirfd(folder), names[i], &st, AT_SYMLINK_NOFOLLOW);
        printf("%s/%s %o %u %u %u:%u\n", path, names[i], st.st_mode, st.st_uid, st.st_gid, major(st.st_rdev),
            minor(st.st_rdev));
        free(names[i]);
    }
    if (folder != NULL)
        closedir(folder);
}

static void print_descriptors(void)
{
    for (int fd = 0; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("descriptor %d %x\n", fd, (unsigned)fcntl(fd, F_GETFL));
}

static void print_network(void)
{
    struct ifaddrs* all = NULL;
    char            text[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];

    getifaddrs(&all);
    for (const struct ifaddrs* at = all; at != NULL; at = at->ifa_next) {
        if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET)
            continue;
        inet_ntop(AF_INET, &((const struct sockaddr_in*)(const void*)at->ifa_addr)->sin_addr, text, sizeof(text));
        inet_ntop(AF_INET, &((const struct sockaddr_in*)(const void*)at->ifa_netmask)->sin_addr, mask, sizeof(mask));
        printf("address %s %x %s %s\n", at->ifa_name,
            at->ifa_flags & ~0x10040U /* running, carrier: a matter of time */, text, mask);
    }
    freeifaddrs(all);
    print_file("/proc/net/route");
}

static void print_places(void)
{
    char           path[4096];
    struct utsname uts;

    printf("folder %s\n", getcwd(path, sizeof(path)) != NULL ? path : strerrorname_np(errno));
    if (uname(&uts) == 0)
        printf("host %s domain %s\n", uts.nodename, uts.domainname);
    print_folder("/");
    print_folder("/given");
    print_folder("/dev");
    print_folder("/dev/pts");
    print_file("/etc/hosts");
    print_file("/etc/hostname");
    print_file("/etc/resolv.conf");
    printf("written %s\n", open("/written", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 ? strerrorname_np(errno) : "0");
}

int main(int argc, char** argv)
{
    char byte;
    while (read(GATE_FD, &byte, 1) > 0) {} /* whoever started us is done with that */
    print_descriptors();                   /* before there are more */
    print_status("/proc/self/status");
    print_status("/proc/1/status");
    print_own();
    print_pid1();
    print_map("/proc/self/uid_map");
    print_map("/proc/self/gid_map");
    print_file("/proc/self/setgroups");
    print_file("/proc/self/cgroup");
    print_file("/proc/self/oom_score_adj");
    print_file("/proc/self/attr/current");
    print_file("/proc/self/timens_offsets");
    print_limits();
    print_mounts();
    print_namespaces(argv + 1);
    print_network();
    print_places();
    puts("END");
    fflush(stdout);
    while (argc > 1 && strcmp(argv[argc - 1], "stay") == 0)
        pause();
    return 0;
}
