#include "id-prefix.h"

#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

enum { HINT_IDS = 4 };

static int not_found(const char* text, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_NOT_FOUND, "there is no container '%s'", text);
    cv_error_step(err, "find the container");
    cv_error_object(err, "%s", text);
    return cv_error_hint(err, "'cvctl ps -a' lists them");
}

static int ambiguous(const struct cv_strv* ids, const char* text, size_t count, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str some  = { 0 };
    size_t                                   named = 0;

    for (size_t i = 0; i < ids->count && named < HINT_IDS; i++)
        if (cv_str_starts_with(ids->items[i], text))
            cv_str_printf(&some, "%s%s", named++ == 0 ? "" : ", ", ids->items[i]);
    cv_error_set(err, CV_ERR_INVALID, "'%s' is the beginning of %zu ids", text, count);
    cv_error_step(err, "find the container");
    cv_error_object(err, "%s", text);
    return cv_error_hint(err, "%s%s", some.text != NULL ? some.text : "", count > HINT_IDS ? ", ..." : "");
}

int cvctl_id_prefix(const struct cv_strv* ids, const char* text, const char** id_out, struct cv_error* err)
{
    const char* found = NULL;
    size_t      count = 0;

    for (size_t i = 0; i < ids->count && text[0] != '\0'; i++) {
        if (strcmp(ids->items[i], text) == 0) {
            *id_out = ids->items[i];
            return 0;
        }
        if (!cv_str_starts_with(ids->items[i], text))
            continue;
        found = ids->items[i];
        count++;
    }
    if (count != 1)
        return count == 0 ? not_found(text, err) : ambiguous(ids, text, count, err);
    *id_out = found;
    return 0;
}
