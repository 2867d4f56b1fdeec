#include "capnames.h"

#include <stddef.h>
#include <string.h>

static const char* const names[CV_CAPABILITY_COUNT] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

const char* cv_capability_name(unsigned number)
{
    return number < CV_CAPABILITY_COUNT ? names[number] : NULL;
}

int cv_capability_number(const char* name)
{
    for (int i = 0; i < CV_CAPABILITY_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

int cv_capability_number_loose(const char* name)
{
    char   upper[32] = "CAP_";
    size_t prefix = 4, length = strlen(name);
    if (length >= 4 && (name[0] | 0x20) == 'c' && (name[1] | 0x20) == 'a' && (name[2] | 0x20) == 'p' && name[3] == '_')
        prefix = 0;
    if (prefix + length >= sizeof(upper))
        return -1;
    for (size_t i = 0; i <= length; i++)
        upper[prefix + i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    return cv_capability_number(upper);
}
