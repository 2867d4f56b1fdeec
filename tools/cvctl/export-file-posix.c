#include "export-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/macros.h>
#include <cv/random.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { DIGITS = 12 };

int cvctl_export_file_open(const char* path, struct cvctl_export_file* file_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* temporary = NULL;
    char                       digits[DIGITS + 1];
    struct stat                info;
    int                        fd;

    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    } else {
        if (cv_random_hex(digits, DIGITS, err) < 0)
            return err->code;
        temporary = cv_asprintf(err, "%s.%s", path, digits);
        if (temporary == NULL)
            return CV_ERR_NO_MEMORY;
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    if (fd < 0)
        return cv_error_errno(err, errno, "open the archive", path);
    *file_out = (struct cvctl_export_file){ .handle = fd, .path = path, .temporary = CV_STEAL(temporary) };
    return 0;
}

int cvctl_export_file_close(struct cvctl_export_file* file, bool failed, struct cv_error* err)
{
    int rc = 0;

    if (close(file->handle) < 0 && !failed)
        rc = cv_error_errno(err, errno, "write the archive", file->path);
    if (file->temporary != NULL && rc == 0 && !failed && rename(file->temporary, file->path) < 0)
        rc = cv_error_errno(err, errno, "put the archive in its place", file->path);
    if (file->temporary != NULL && (rc < 0 || failed))
        unlink(file->temporary);
    free(file->temporary);
    return rc;
}
