#include "linux/process-info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "linux/process-parse.h"

#include <cv/banned.h>

enum { TEXT_MAX = 8192 }; /* of status; the others are shorter, or may be cut */

/* A file of a folder in /proc, with a NUL behind it. The number of bytes; 0: nothing. */
static size_t read_text(int folder, const char* name, char text[TEXT_MAX])
{
    CV_CLEANUP(cv_handle_closep) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t                          n;
    size_t                           length = 0;

    while (fd >= 0 && length < TEXT_MAX - 1) {
        n = read(fd, text + length, TEXT_MAX - 1 - length);
        if (n > 0)
            length += (size_t)n;
        else if (n == 0 || errno != EINTR)
            break;
    }
    text[length] = '\0';
    return length;
}

void linux_process_describe(struct containerv_process_info* info)
{
    CV_CLEANUP(cv_handle_closep) int folder = -1;
    char                             text[TEXT_MAX];
    long                             ticks = sysconf(_SC_CLK_TCK);
    size_t                           length;
    uint32_t                         uid;

    info->uid        = LINUX_PROCESS_ID_UNKNOWN;
    info->cpu_ns     = -1;
    info->command[0] = '\0';
    cv_snprintf(text, sizeof(text), "/proc/%lld", (long long)info->pid);
    folder = open(text, O_RDONLY | O_CLOEXEC | O_DIRECTORY); /* of this process, also if its number is used anew */
    if (folder < 0)
        return;
    if (read_text(folder, "stat", text) > 0)
        info->cpu_ns = linux_process_cpu_ns(text, ticks > 0 ? (unsigned)ticks : 0);
    if (read_text(folder, "status", text) > 0) {
        uid = linux_process_uid(text);
        if (uid != LINUX_PROCESS_ID_UNKNOWN && read_text(folder, "uid_map", text) > 0)
            info->uid = linux_process_id_inside(text, uid);
    }
    length = read_text(folder, "cmdline", text);
    linux_process_command(text, length, info->command, sizeof(info->command));
}
