#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "host.h"

#include <cv/banned.h>

static bool ends_with(const char* name, const char* tail)
{
    size_t a = strlen(name), b = strlen(tail);

    return a > b && strcmp(name + a - b, tail) == 0;
}

/* apt reads only files with these endings. */
static int is_source(const struct dirent* entry)
{
    return entry->d_name[0] != '.' && (ends_with(entry->d_name, ".list") || ends_with(entry->d_name, ".sources"));
}

static int read_file(const char* path, struct cvd_sources* sources, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = NULL;

    if (cv_file_read(path, CVD_SOURCES_FILE_MAX, &text, NULL, err) < 0)
        return err->code;
    if (cvd_sources_parse(sources, text, ends_with(path, ".sources"), err) < 0)
        return cv_error_wrap(err, "'%s'", path);
    return 0;
}

static int read_entry(const char* folder, const char* name, struct cvd_sources* sources, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_path_join(folder, name, err);

    return path == NULL ? err->code : read_file(path, sources, err);
}

static int read_folder(const char* folder, struct cvd_sources* sources, struct cv_error* err)
{
    struct dirent** entries = NULL;
    int             count   = scandir(folder, &entries, is_source, alphasort);
    int             rc      = 0;

    if (count < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "read the apt sources", folder);
    for (int i = 0; i < count; i++) {
        if (rc == 0)
            rc = read_entry(folder, entries[i]->d_name, sources, err);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int cvd_apt_read_sources(const char* folder, struct cvd_sources* sources, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* list  = cv_path_join(folder, "sources.list", err);
    CV_CLEANUP(cv_freep) char* parts = list != NULL ? cv_path_join(folder, "sources.list.d", err) : NULL;

    if (parts == NULL)
        return err->code;
    if (cv_path_exists(list) && read_file(list, sources, err) < 0)
        return err->code;
    return read_folder(parts, sources, err);
}
