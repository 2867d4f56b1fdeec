#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/str.h>

#include "crash.h"

enum { FILE_MAX = 65536 };

/* One line of /proc/PID/status; "" when it is gone. */
static void read_status(pid_t pid, const char* field, char value_out[128])
{
    char   path[64];
    char*  text   = NULL;
    size_t length = 0;
    cv_snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    value_out[0] = '\0';
    if (cv_file_read(path, FILE_MAX, &text, &length, NULL) < 0)
        return;
    const char* line = strstr(text, field);
    if (line != NULL)
        cv_snprintf(value_out, 128, "%.*s", (int)strcspn(line + strlen(field), "\n"), line + strlen(field));
    free(text);
}

static pid_t each_child(pid_t parent, bool (*is_wanted)(pid_t pid))
{
    char   path[64];
    char*  text   = NULL;
    size_t length = 0;
    pid_t  found  = 0;
    cv_snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    if (cv_file_read(path, FILE_MAX, &text, &length, NULL) < 0)
        return 0;
    for (char *at = text, *next; found == 0 && strtol(at, &next, 10) > 0; at = next)
        if (is_wanted((pid_t)strtol(at, NULL, 10)))
            found = (pid_t)strtol(at, NULL, 10);
    free(text);
    return found;
}

static bool has_ended(pid_t pid)
{
    char state[128];
    read_status(pid, "State:\t", state);
    return state[0] == 'Z' || state[0] == 'X';
}

static bool is_supervisor(pid_t pid)
{
    char name[128];
    read_status(pid, "Name:\t", name);
    return strcmp(name, "cv-supervisor") == 0 && !has_ended(pid);
}

/* First in a PID namespace of its own. */
static bool is_init(pid_t pid)
{
    char        numbers[128];
    const char* last;
    read_status(pid, "NSpid:\t", numbers);
    last = strrchr(numbers, '\t');
    return last != NULL && strcmp(last, "\t1") == 0;
}

pid_t crash_supervisor(void)
{
    return each_child(getpid(), is_supervisor);
}

pid_t crash_init(void)
{
    pid_t supervisor = crash_supervisor();
    return supervisor != 0 ? each_child(supervisor, is_init) : 0;
}

void crash_reap_orphans(void)
{
    for (pid_t pid; (pid = each_child(getpid(), has_ended)) != 0;)
        waitpid(pid, NULL, __WALL);
}
