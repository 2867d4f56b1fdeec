#include "linux/copy-plan.h"

#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "linux/copy-format.h"

#include <cv/banned.h>

enum { SPECIAL_BITS = 06000, MODE_BITS = 07777 };

void copy_path_release(struct copy_path* path)
{
    free(path->parent);
    free(path->name);
    path->parent = path->name = NULL;
}

static char* part(const char* text, size_t length, struct cv_error* err)
{
    struct cv_str copy;
    cv_str_init(&copy);
    cv_str_append_bytes(&copy, text, length);
    return cv_str_steal(&copy, err);
}

static bool has_long_name(const char* path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        if (length > COPY_NAME_MAX)
            return true;
        path += length + strspn(path + length, "/");
    }
    return false;
}

int copy_path_parse(const char* path, struct copy_path* path_out, struct cv_error* err)
{
    size_t length = strlen(path), start;
    *path_out     = (struct copy_path){ NULL };
    if (length == 0)
        return cv_error_set(err, CV_ERR_INVALID, "a path is empty");
    if (length > COPY_PATH_MAX || has_long_name(path))
        return cv_error_set(err, CV_ERR_INVALID, "the path '%.64s...' is too long", path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
        path_out->slash = true;
    }
    for (start = length; start > 0 && path[start - 1] != '/';)
        start--;
    if (copy_name_is_proper(path + start, length - start)) {
        path_out->name = part(path + start, length - start, err);
        while (start > 1 && path[start - 1] == '/')
            start--;
        path_out->parent = start > 0 ? part(path, start, err) : cv_strdup(".", err);
    } else {
        path_out->contents = path_out->slash = true;
        path_out->name                       = cv_strdup("", err);
        path_out->parent                     = part(path, length, err);
    }
    return path_out->name != NULL && path_out->parent != NULL ? 0 : cv_error_no_memory(err);
}

static int not_a_folder(struct cv_error* err)
{
    cv_error_set(err, CV_ERR_INVALID, "the destination is there and is no folder");
    return cv_error_hint(err, "name a folder, or a path that does not exist yet");
}

int copy_place_choose(bool source_is_folder, bool source_contents, const struct copy_path* destination,
    enum copy_found found, enum copy_place* place_out, struct cv_error* err)
{
    if (found == COPY_FOUND_FOLDER) {
        *place_out = source_contents ? COPY_PLACE_MERGE : COPY_PLACE_BELOW;
        return 0;
    }
    if (found == COPY_FOUND_OTHER && (source_is_folder || destination->slash))
        return not_a_folder(err);
    if (found == COPY_FOUND_NOTHING && (destination->name[0] == '\0' || (destination->slash && !source_is_folder))) {
        cv_error_set(err, CV_ERR_NOT_FOUND, "the destination folder does not exist");
        return cv_error_hint(err, "make it first, or leave out the slash at the end to name the copy itself");
    }
    *place_out = COPY_PLACE_AS;
    return 0;
}

unsigned copy_mode(unsigned mode, bool to_host, bool owners_kept, bool setuid_asked)
{
    bool keep = setuid_asked || (!to_host && owners_kept);
    return mode & (keep ? (unsigned)MODE_BITS : (unsigned)(MODE_BITS & ~SPECIAL_BITS));
}
