/* The last error of each thread. The only place where one outlives its call: inside, errors are handed on explicitly. */
#include <errno.h>
#include <stddef.h>

#include <cv/str.h>

#include "core.h"

#include <cv/banned.h>

static _Thread_local struct cv_error         last;
static _Thread_local struct containerv_error last_public;

int cv_publish(struct cv_error* err, int rc, const char* step)
{
    if (rc >= 0)
        return rc;
    last      = *err;
    last.code = rc;
    if (last.step[0] == '\0')
        cv_error_step(&last, "%s", step);
    if (last.text[0] == '\0') /* somebody returned a code and no story: the code's own text is better than none */
        cv_snprintf(last.text, sizeof(last.text), "%s: %s", step, cv_error_code_text(rc));
    errno = cv_error_code_errno(rc);
    return rc;
}

const struct containerv_error* containerv_error_last(void)
{
    last_public = (struct containerv_error){
        .size   = sizeof(last_public),
        .code   = last.code,
        .domain = last.domain,
        .number = last.number,
        .step   = last.step,
        .object = last.object,
        .hint   = last.hint,
        .text   = last.text,
    };
    return &last_public;
}

const char* containerv_error_text(int code)
{
    return cv_error_code_text(code);
}

const char* containerv_error_name(int code)
{
    return cv_error_code_name(code);
}
