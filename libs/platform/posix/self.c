/*
 * The kernel's list of mappings knows the absolute path of the file behind an address, also when the library was
 * found by a relative path and the program has changed its folder since, and in static programs; dladdr() knows
 * neither.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cv/self.h>
#include <cv/str.h>

#include <cv/banned.h>

static void fclosep(FILE** file)
{
    if (*file != NULL)
        fclose(*file);
}

/*
 * "start-end perms offset device inode   path": true when the address lies in it and the path is a file that is
 * still there (the kernel writes " (deleted)" behind one that is not). No inode is compared: overlayfs shows another
 * one here than stat() does.
 */
static bool line_matches(const char* line, uintptr_t address, const char** path_out)
{
    uintptr_t   start, end;
    int         path_at = 0;
    struct stat info;

    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %*s %n", &start, &end, &path_at) != 2)
        return false;
    if (path_at == 0 || address < start || address >= end || line[path_at] != '/')
        return false;
    *path_out = line + path_at;
    return stat(*path_out, &info) == 0;
}

int cv_self_path(const void* address, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(fclosep) FILE*  maps = fopen("/proc/self/maps", "re");
    CV_CLEANUP(cv_freep) char* line = NULL;
    size_t                     size = 0;
    ssize_t                    length;
    const char*                path;
    char*                      copy;

    if (maps == NULL)
        return cv_error_errno(err, errno, "open", "/proc/self/maps");
    while ((length = getline(&line, &size, maps)) > 0) {
        line[length - 1] = '\0';
        if (!line_matches(line, (uintptr_t)address, &path))
            continue;
        copy = cv_strdup(path, err);
        if (copy == NULL)
            return CV_ERR_NO_MEMORY;
        *path_out = copy;
        return 0;
    }
    return cv_error_set(err, CV_ERR_NOT_FOUND, "the file that the running code came from is not there any more");
}
