#include "linux/archive-name.h"

#include <string.h>

#include <cv/banned.h>

static int refuse(int code, const char* text, const char* why, struct cv_error* err)
{
    cv_error_set(err, code, "'%.200s' %s", text, why);
    cv_error_step(err, "read the archive");
    return cv_error_object(err, "%.200s", text);
}

int archive_name_clean(const char* text, char* name_out, struct cv_error* err)
{
    size_t used = 0, depth = 0;
    if (text[0] == '/')
        return refuse(CV_ERR_INVALID, text, "is absolute: not unpacked", err);
    for (const char* at = text + strspn(text, "/"); *at != '\0'; at += strspn(at, "/")) {
        size_t length = strcspn(at, "/");
        if (length == 2 && memcmp(at, "..", 2) == 0)
            return refuse(CV_ERR_INVALID, text, "leads out of where it is unpacked", err);
        if (length > COPY_NAME_MAX || used + length + 1 > COPY_PATH_MAX || ++depth >= COPY_DEPTH_MAX)
            return refuse(CV_ERR_LIMIT, text, "is too long or too deep", err);
        if (length > 1 || *at != '.') {
            if (used > 0)
                name_out[used++] = '/';
            memcpy(name_out + used, at, length);
            used += length;
        }
        at += length;
    }
    name_out[used] = '\0';
    return 0;
}
