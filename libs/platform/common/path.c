#include <string.h>

#include <cv/file.h>
#include <cv/str.h>

#include <cv/banned.h>

/* Both separators are taken as one at the end of `a`: Windows knows both, and on POSIX a doubled '/' does no harm. */
char* cv_path_join(const char* a, const char* b, struct cv_error* err)
{
    size_t length = strlen(a);

    if (length == 0 || b[0] == '\0' || cv_path_is_absolute(b)) {
        cv_error_set(err, CV_ERR_INVALID, "can't join the paths '%s' and '%s'", a, b);
        return NULL;
    }
    return cv_asprintf(err, "%s%s%s", a, a[length - 1] == '/' ? "" : "/", b);
}
