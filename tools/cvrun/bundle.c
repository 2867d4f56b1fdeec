#include "bundle.h"

#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>

#include "exec-process.h"

#include <cv/banned.h>

static int check(const struct cv_spec* spec, struct cv_error* err)
{
    if (spec->ext.set)
        return cv_error_set(err, CV_ERR_UNSUPPORTED,
            "the object '" CV_SPEC_EXTENSION "' is not for an OCI runtime: it belongs to containerv's own interfaces");
    if (!spec->process.set || spec->process.args.count == 0)
        return cv_error_set(err, CV_ERR_INVALID, "process.args: there is no program to run");
    if (!spec->root.set || spec->root.path == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "root.path: there is no root folder");
    return cv_spec_validate(spec, err);
}

/* OCI: "The path is either an absolute path or a relative path to the bundle." */
static int make_absolute(const char* bundle, char** path, struct cv_error* err)
{
    char* absolute;

    if (*path == NULL || **path == '\0' || **path == '/')
        return 0;
    absolute = cv_path_join(bundle, *path, err);
    if (absolute == NULL)
        return err->code;
    free(*path);
    *path = absolute;
    return 0;
}

static bool is_bind(const struct cv_spec_mount* mount)
{
    return (mount->type != NULL && strcmp(mount->type, "bind") == 0) || cv_strv_contains(&mount->options, "bind")
           || cv_strv_contains(&mount->options, "rbind");
}

static int resolve(const char* bundle, struct cv_spec* spec, struct cv_error* err)
{
    if (make_absolute(bundle, &spec->root.path, err) < 0)
        return err->code;
    for (size_t i = 0; i < spec->mounts.count; i++)
        if (is_bind(&spec->mounts.items[i]) && make_absolute(bundle, &spec->mounts.items[i].source, err) < 0)
            return err->code;
    return 0;
}

int cvrun_config_parse(const char* bundle, const char* path, const char* text, size_t length, struct cv_spec** spec_out,
    struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = NULL;

    if (cv_spec_parse(text, length, &spec, err) < 0)
        return cv_error_wrap(err, "%s", path);
    cvrun_process_fit(&spec->process);
    if (resolve(bundle, spec, err) < 0 || check(spec, err) < 0)
        return cv_error_wrap(err, "%s", path);
    *spec_out = CV_STEAL(spec);
    return 0;
}

int cvrun_resources_parse(
    const char* path, const char* text, size_t length, struct cv_spec_resources* resources_out, struct cv_error* err)
{
    if (cv_spec_resources_parse(text, length, resources_out, err) < 0)
        return cv_error_wrap(err, "%s", path);
    return 0;
}
