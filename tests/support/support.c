#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/env.h>
#include <cv/file.h>
#include <cv/random.h>
#include <cv/self.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { PATHS = 8, PATH_SIZE = 1024 };

static char folder[PATH_SIZE];

static void give_up(const char* what, const struct cv_error* err)
{
    fprintf(stderr, "test support: %s: %s\n", what, err->text);
    exit(1);
}

const char* cv_test_folder_make(void)
{
    CV_CLEANUP(cv_freep) char* base = NULL;
    char                       digits[17];
    struct cv_error            err = CV_ERROR_INIT;

    if (cv_env_get("TMPDIR", &base, &err) < 0 || (base == NULL && cv_env_get("TEMP", &base, &err) < 0))
        give_up("find the folder for temporary files", &err);
    if (cv_random_hex(digits, 16, &err) < 0)
        give_up("make a name", &err);
    if (cv_snprintf(folder, sizeof(folder), "%s/cv-test-%s", base != NULL ? base : "/tmp", digits) < 0)
        give_up("make a name", &err);
    if (cv_folder_make(folder, 0700, &err) < 0)
        give_up("make the test's folder", &err);
    return folder;
}

void cv_test_folder_remove(void)
{
    struct cv_error err = CV_ERROR_INIT;
    if (folder[0] != '\0' && cv_tree_remove(folder, &err) < 0)
        give_up("remove the test's folder", &err);
    folder[0] = '\0';
}

int cv_test_setup(void** state)
{
    (void)state;
    cv_test_folder_make();
    return 0;
}

int cv_test_teardown(void** state)
{
    (void)state;
    cv_test_folder_remove();
    return 0;
}

const char* cv_test_path(const char* name)
{
    static char     paths[PATHS][PATH_SIZE];
    static unsigned next;
    char*           path = paths[next++ % PATHS];

    if (cv_snprintf(path, PATH_SIZE, "%s/%s", folder, name) < 0) {
        fprintf(stderr, "test support: the path of '%s' is too long\n", name);
        exit(1);
    }
    return path;
}

/* All programs of the tests are in one folder. */
const char* cv_test_helper(void)
{
    static char                path[PATH_SIZE];
    CV_CLEANUP(cv_freep) char* self = NULL;
    struct cv_error            err  = CV_ERROR_INIT;
    char*                      at;

    if (cv_self_path((const void*)(uintptr_t)cv_test_helper, &self, &err) < 0)
        give_up("find the test program", &err);
    at = self + strlen(self);
    while (at > self && at[-1] != '/' && at[-1] != '\\')
        at--;
    *at = '\0';
    if (cv_snprintf(path, sizeof(path), "%scv-test-helper%s", self, CV_TEST_EXE_SUFFIX) < 0)
        give_up("find cv-test-helper", &err);
    return path;
}
