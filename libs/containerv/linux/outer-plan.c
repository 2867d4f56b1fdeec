#include "linux/outer-plan.h"

#include <errno.h>
#include <string.h>

#include <cv/macros.h>

#include <cv/banned.h>

#define ANY_NUMBER 0

#define UNFILTERED                                                                                                     \
    "the container around filters system calls: run it with --security-opt seccomp=unconfined (docker, podman, cvctl)"
#define UNMASKED                                                                                                       \
    "the container around masks parts of /proc: run it with --security-opt systempaths=unconfined (docker) or "        \
    "unmask=ALL (podman, cvctl)"
#define UNCONFINED "an AppArmor profile forbids it: run the container around with --security-opt apparmor=unconfined"
#define ON_VOLUME                                                                                                      \
    "the container around is on an overlay itself: give it a volume or tmpfs for /var/lib/containerv, or point "       \
    "CONTAINERV_STATE_DIR to one"
#define WITH_DEVICE "the container around lacks the device: run it with --device"

/* The first row that fits counts. */
static const struct {
    enum linux_outer_step step;
    int                   number;
    unsigned              fact; /* 0: whatever the facts are */
    const char*           advice;
} rows[] = {
    { LINUX_OUTER_NAMESPACE, ENOSYS, LINUX_OUTER_SECCOMP, UNFILTERED },
    { LINUX_OUTER_NAMESPACE, EPERM, LINUX_OUTER_SECCOMP, UNFILTERED },
    { LINUX_OUTER_NAMESPACE, EACCES, LINUX_OUTER_APPARMOR, UNCONFINED },
    { LINUX_OUTER_NAMESPACE, EPERM, LINUX_OUTER_APPARMOR, UNCONFINED },
    { LINUX_OUTER_MOUNT, EPERM, LINUX_OUTER_SECCOMP, UNFILTERED },
    { LINUX_OUTER_MOUNT, ENOSYS, LINUX_OUTER_SECCOMP, UNFILTERED },
    { LINUX_OUTER_MOUNT, EACCES, LINUX_OUTER_APPARMOR, UNCONFINED },
    { LINUX_OUTER_PROC, EPERM, LINUX_OUTER_MASKED, UNMASKED },
    { LINUX_OUTER_PROC, EPERM, LINUX_OUTER_SECCOMP, UNFILTERED },
    { LINUX_OUTER_PROC, ENOSYS, LINUX_OUTER_SECCOMP, UNFILTERED },
    { LINUX_OUTER_UPPER, ANY_NUMBER, LINUX_OUTER_OVERLAY, ON_VOLUME },
    { LINUX_OUTER_DEVICE, ENOENT, 0, WITH_DEVICE },
};

const char* linux_outer_advice(unsigned facts, enum linux_outer_step step, int number)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        if (rows[i].step == step && (rows[i].number == number || rows[i].number == ANY_NUMBER)
            && (facts & rows[i].fact) == rows[i].fact)
            return facts != 0 ? rows[i].advice : NULL;
    return NULL;
}

/* --- facts --------------------------------------------------------------------------------------------------------------------- */

static bool has_filter(const char* status)
{
    const char* line = strstr(status, "\nSeccomp:");

    return line != NULL && strspn(line + strlen("\nSeccomp:"), " \t") > 0
           && line[strlen("\nSeccomp:") + strspn(line + strlen("\nSeccomp:"), " \t")] == '2';
}

/* The start of a field of a line, separated by single blanks; NULL: it has not so many. */
static const char* field(const char* line, unsigned number)
{
    while (number-- > 0) {
        line += strcspn(line, " \n");
        if (*line != ' ')
            return NULL;
        line++;
    }
    return line;
}

static bool starts(const char* text, const char* with)
{
    return text != NULL && strncmp(text, with, strlen(with)) == 0;
}

static unsigned facts_of_mount(const char* line)
{
    const char* target = field(line, 4);
    const char* type   = strstr(line, " - ");
    const char* end    = strchr(line, '\n');

    if (type == NULL || (end != NULL && type > end))
        return 0;
    type += strlen(" - ");
    if (starts(target, "/ ") && starts(type, "overlay "))
        return LINUX_OUTER_OVERLAY;
    if (starts(target, "/proc/") && !starts(target, "/proc/sys/fs/binfmt_misc "))
        return LINUX_OUTER_MASKED;
    return 0;
}

unsigned linux_outer_facts(const char* status, const char* mountinfo, const char* profile)
{
    unsigned facts = status != NULL && has_filter(status) ? LINUX_OUTER_SECCOMP : 0;
    unsigned roots = 0;

    while (mountinfo != NULL && *mountinfo != '\0') {
        unsigned found = facts_of_mount(mountinfo);

        if (starts(field(mountinfo, 4), "/ ")) /* the last one on it is what is seen */
            roots = found & LINUX_OUTER_OVERLAY;
        facts |= found & ~LINUX_OUTER_OVERLAY;
        mountinfo += strcspn(mountinfo, "\n");
        mountinfo += *mountinfo == '\n';
    }
    if (profile != NULL && profile[0] != '\0' && !starts(profile, "unconfined"))
        facts |= LINUX_OUTER_APPARMOR;
    return facts | roots;
}
