/* What this library and its back ends are. */
#include <stdlib.h>

#include "core.h"

#include <cv/banned.h>

enum { NAMES_MAX = 8 };

static const char*    names[NAMES_MAX + 1];
static struct cv_once names_once = CV_ONCE_INIT;

static void fill_names(void)
{
    for (size_t i = 0; cv_backends[i] != NULL && i < NAMES_MAX; i++)
        names[i] = cv_backends[i]->name;
}

const char* const* containerv_backends(void)
{
    cv_once(&names_once, fill_names);
    return names;
}

int containerv_features(const char* name, uint64_t* features_out)
{
    struct cv_error          err     = CV_ERROR_INIT;
    const struct cv_backend* backend = NULL;
    int                      rc      = 0;
    if (features_out == NULL)
        rc = cv_error_set(&err, CV_ERR_INVALID, "features_out is NULL");
    else if ((rc = cv_backend_choose(name, &backend, &err)) == 0)
        *features_out = backend->features & ~(backend->withheld != NULL ? backend->withheld() : 0);
    return cv_publish(&err, rc, "ask for the features");
}

int containerv_probe(const char* name)
{
    struct cv_error          err     = CV_ERROR_INIT;
    const struct cv_backend* backend = NULL;
    int                      rc      = cv_backend_choose(name, &backend, &err);
    if (rc == 0 && backend->probe != NULL && (rc = backend->probe(&err)) < 0)
        cv_error_wrap(&err, "the %s back end can't run here", backend->name);
    return cv_publish(&err, rc, "look whether the back end can run here");
}

const char* containerv_version(void)
{
    return CV_VERSION;
}

void containerv_free(void* memory)
{
    free(memory);
}
