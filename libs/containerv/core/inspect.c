/* A container's specification as text, whole or without what may be secret. */
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "core.h"

#include <cv/banned.h>

/* What its back end says, which knows of updates; what we know ourselves where that has none, or is gone. */
static int inspect(struct containerv_container* container, char** text_out, struct cv_error* err)
{
    size_t length = 0;
    int    rc = container->backend->inspect != NULL ? container->backend->inspect(container->instance, text_out, err)
                                                    : CV_ERR_LOST;
    return rc == CV_ERR_LOST ? cv_spec_print(container->spec, text_out, &length, err) : rc;
}

static int redact(struct cv_strv* environment, struct cv_error* err)
{
    for (size_t i = 0; i < environment->count; i++) {
        const char* item = environment->items[i];
        char*       text = cv_asprintf(err, "%.*s=***", (int)strcspn(item, "="), item);
        if (text == NULL)
            return CV_ERR_NO_MEMORY;
        free(environment->items[i]);
        environment->items[i] = text;
    }
    return 0;
}

static int inspect_redacted(struct containerv_container* container, char** text_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*                whole  = NULL;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec   = NULL;
    size_t                                    length = 0;
    int                                       rc     = inspect(container, &whole, err);
    if (rc == 0)
        rc = cv_spec_parse(whole, strlen(whole), &spec, err);
    if (rc == 0)
        rc = redact(&spec->process.env, err);
    return rc == 0 ? cv_spec_print(spec, text_out, &length, err) : rc;
}

typedef int (*inspect_fn)(struct containerv_container* container, char** text_out, struct cv_error* err);

static int print(struct containerv_container* container, char** text_out, inspect_fn fn)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = container != NULL && text_out != NULL
                              ? fn(container, text_out, &err)
                              : cv_error_set(&err, CV_ERR_INVALID, "container or text_out is NULL");
    return cv_publish(&err, rc, "print the specification");
}

int containerv_inspect(struct containerv_container* container, char** text_out)
{
    return print(container, text_out, inspect);
}

int containerv_inspect_redacted(struct containerv_container* container, char** text_out)
{
    return print(container, text_out, inspect_redacted);
}
