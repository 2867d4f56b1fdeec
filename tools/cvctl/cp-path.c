#include "cp-path.h"

#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/str.h>

#include <cv/banned.h>

void cvctl_cp_path_release(struct cvctl_cp_path* path)
{
    free(path->container);
    free(path->path);
    path->container = path->path = NULL;
}

static int refuse(const char* text, const char* why, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_INVALID, "'%s': %s", text, why);
    cv_error_step(err, "read the paths");
    return cv_error_object(err, "%s", text);
}

static int take_host(const char* text, struct cvctl_cp_path* path_out, struct cv_error* err)
{
    path_out->archive = strcmp(text, "-") == 0;
    path_out->path    = cv_strdup(text, err);
    return path_out->path != NULL ? 0 : CV_ERR_NO_MEMORY;
}

int cvctl_cp_path_parse(const char* text, struct cvctl_cp_path* path_out, struct cv_error* err)
{
    const char* colon = strchr(text, ':');
    const char* slash = strchr(text, '/');
    *path_out         = (struct cvctl_cp_path){ NULL };
    if (text[0] == '\0')
        return refuse(text, "a path is empty", err);
    if (text[0] == '.' || cv_path_is_absolute(text) || colon == NULL || (slash != NULL && slash < colon))
        return take_host(text, path_out, err);
    if (colon == text)
        return refuse(text, "there is no container's name before the colon", err);
    if (colon[1] == '\0')
        return refuse(text, "there is no path behind the colon", err);
    path_out->container = cv_asprintf(err, "%.*s", (int)(colon - text), text);
    path_out->path      = cv_asprintf(err, "%s%s", colon[1] == '/' ? "" : "/", colon + 1);
    return path_out->container != NULL && path_out->path != NULL ? 0 : CV_ERR_NO_MEMORY;
}

int cvctl_cp_paths_check(
    const struct cvctl_cp_path* source, const struct cvctl_cp_path* destination, struct cv_error* err)
{
    if ((source->container == NULL) != (destination->container == NULL))
        return 0;
    if (source->container != NULL)
        cv_error_set(err, CV_ERR_INVALID, "copying from one container to another is not supported");
    else
        cv_error_set(err, CV_ERR_INVALID, "neither '%s' nor '%s' is in a container", source->path, destination->path);
    cv_error_step(err, "read the paths");
    return cv_error_hint(err, "one of the two must be CONTAINER:PATH, the other a path of the host");
}
