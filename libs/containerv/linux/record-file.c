#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/posix.h>

#include "linux/record.h"

#include <cv/banned.h>

/* What tells an end must be there after a power failure. What tells of a run is wrong then anyway. */
static unsigned how(const struct containerv_info* info)
{
    return info->state == CV_STATE_STOPPED || info->state == CV_STATE_RESTARTING ? (unsigned)CV_FILE_DURABLE : 0;
}

int linux_record_write(int home_fd, const struct containerv_info* info, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc     = linux_record_print(info, &text, &length, err);
    return rc == 0 ? cv_file_write_at(home_fd, LINUX_RECORD_FILE, text, length, 0600, how(info), err) : rc;
}

int linux_record_read(int home_fd, struct containerv_info* info_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc = cv_file_read_at(home_fd, LINUX_RECORD_FILE, LINUX_RECORD_MAX, &text, &length, err);
    return rc == 0 ? linux_record_parse(text, length, info_out, err) : rc;
}
