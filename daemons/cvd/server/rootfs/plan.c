#include "plan.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

static bool name_is_good(const char* name, const char* also)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
    size_t            length    = strlen(name);

    if (length == 0 || length > CVD_ROOTFS_NAME_MAX || name[0] == '.' || name[0] == '-')
        return false;
    for (; *name != '\0'; name++)
        if (strchr(letters, *name) == NULL && strchr(also, *name) == NULL)
            return false;
    return true;
}

static int check_name(const char* kind, const char* name, const char* also, struct cv_error* err)
{
    if (name != NULL && name_is_good(name, also))
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "%s '%s' is not a name", kind, name != NULL ? name : "");
    cv_error_step(err, "check the root's names");
    cv_error_object(err, "%s", name != NULL ? name : "");
    return cv_error_hint(err, "1 to %d of a-z 0-9 . - %s, the first one a letter or digit", CVD_ROOTFS_NAME_MAX, also);
}

int cvd_rootfs_check(const struct cvd_rootfs_request* request, struct cv_error* err)
{
    size_t count = 0;

    if (request->distribution == NULL || strcmp(request->distribution, "debian") != 0) {
        cv_error_set(err, CV_ERR_UNSUPPORTED, "distribution '%s' is not supported",
            request->distribution != NULL ? request->distribution : "");
        return cv_error_hint(err, "supported: debian");
    }
    if (check_name("suite", request->suite, "", err) < 0
        || check_name("architecture", request->architecture, "", err) < 0)
        return err->code;
    for (; request->include != NULL && request->include[count] != NULL; count++)
        if (check_name("package", request->include[count], "+", err) < 0)
            return err->code;
    if (count > CVD_ROOTFS_PACKAGES_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "%zu packages are more than %d", count, CVD_ROOTFS_PACKAGES_MAX);
    return 0;
}

static int compare(const void* a, const void* b)
{
    return strcmp(*(char* const*)a, *(char* const*)b);
}

/* FNV-1a, 64 bit, over the sorted names. It tells sets of packages apart; nobody gains by making two alike: it is their own cache. */
static int hash_packages(const char* const* include, uint64_t* hash_out, struct cv_error* err)
{
    struct cv_strv sorted = { 0 };
    uint64_t       hash   = UINT64_C(0xcbf29ce484222325);

    if (cv_strv_append_all(&sorted, include) < 0) {
        cv_strv_release(&sorted);
        return cv_error_no_memory(err);
    }
    qsort(sorted.items, sorted.count, sizeof(char*), compare);
    for (size_t i = 0; i < sorted.count; i++) {
        if (i > 0 && strcmp(sorted.items[i], sorted.items[i - 1]) == 0)
            continue;
        for (const char* at = sorted.items[i];; at++) { /* the NUL as well: "ab","c" is not "a","bc" */
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
            if (*at == '\0')
                break;
        }
    }
    cv_strv_release(&sorted);
    *hash_out = hash;
    return 0;
}

int cvd_rootfs_name(const struct cvd_rootfs_request* request, char** name_out, struct cv_error* err)
{
    uint64_t hash = 0;
    char*    name;

    if (request->include == NULL || request->include[0] == NULL) {
        name = cv_asprintf(err, "%s-%s-%s", request->distribution, request->suite, request->architecture);
    } else {
        if (hash_packages(request->include, &hash, err) < 0)
            return err->code;
        name = cv_asprintf(
            err, "%s-%s-%s-%016" PRIx64, request->distribution, request->suite, request->architecture, hash);
    }
    if (name == NULL)
        return err->code;
    *name_out = name;
    return 0;
}

/* "--include=a,b"; NULL text when there are none. */
static int include_argument(const struct cvd_rootfs_request* request, struct cv_strv* argv, struct cv_error* err)
{
    struct cv_str text;
    char*         made;

    if (request->include == NULL || request->include[0] == NULL)
        return 0;
    cv_str_init(&text);
    cv_str_append(&text, "--include=");
    for (size_t i = 0; request->include[i] != NULL; i++)
        cv_str_printf(&text, "%s%s", i > 0 ? "," : "", request->include[i]);
    made = cv_str_steal(&text, err);
    if (made == NULL)
        return err->code;
    return cv_strv_append_steal(argv, made) < 0 ? cv_error_no_memory(err) : 0;
}

static int append_format(struct cv_strv* argv, struct cv_error* err, const char* prefix, const char* value)
{
    char* text = cv_asprintf(err, "%s%s", prefix, value);

    if (text == NULL)
        return err->code;
    return cv_strv_append_steal(argv, text) < 0 ? cv_error_no_memory(err) : 0;
}

static int append_all(struct cv_strv* argv, struct cv_error* err, const char* const* words)
{
    return cv_strv_append_all(argv, words) < 0 ? cv_error_no_memory(err) : 0;
}

/*
 * Both tools mount /proc, /sys and parts of /dev in the folder. In namespaces of their own those mounts are never on the host and end
 * with the tool, also when it is killed: whoever removes the folder afterwards must not find the host's /dev in it.
 */
static const char* const alone[] = { "unshare", "--mount", "--propagation", "private", "--pid", "--fork",
    "--kill-child", "--mount-proc", "--", NULL };

/* Inside, the user is root and his sub-ids follow: the owners that his containers have, too. */
static int append_alone(const struct cvd_rootfs_request* request, struct cv_strv* argv, struct cv_error* err)
{
    static const char* const users[] = { "unshare", "--user", "--map-root-user", "--map-auto", NULL };

    if (!request->user_namespace)
        return append_all(argv, err, alone);
    return append_all(argv, err, users) < 0 ? err->code : append_all(argv, err, alone + 1);
}

int cvd_rootfs_remove(
    const struct cvd_rootfs_request* request, const char* folder, struct cv_strv* argv, struct cv_error* err)
{
    const char* const tail[] = { "rm", "-rf", "--", folder, NULL };

    return append_alone(request, argv, err) < 0 ? err->code : append_all(argv, err, tail);
}

int cvd_rootfs_mmdebstrap(const struct cvd_rootfs_request* request, const char* folder, const char* sources_file,
    const struct cv_strv* apt_options, struct cv_strv* argv, struct cv_error* err)
{
    const char* const head[] = { "mmdebstrap", "--variant=minbase", "--format=directory", NULL };
    const char* const mode[] = { "--mode=root", NULL };
    const char* const tail[] = { request->suite, folder, sources_file, NULL };

    if (append_alone(request, argv, err) < 0 || append_all(argv, err, head) < 0
        || (request->user_namespace && append_all(argv, err, mode) < 0)
        || append_format(argv, err, "--architectures=", request->architecture) < 0)
        return err->code;
    for (size_t i = 0; i < apt_options->count; i++)
        if (append_format(argv, err, "--aptopt=", apt_options->items[i]) < 0)
            return err->code;
    if (include_argument(request, argv, err) < 0)
        return err->code;
    return append_all(argv, err, tail);
}

int cvd_rootfs_debootstrap(const struct cvd_rootfs_request* request, const char* folder, const char* mirror,
    const char* keyring, struct cv_strv* argv, struct cv_error* err)
{
    const char* const head[] = { "debootstrap", "--variant=minbase", NULL };
    const char* const tail[] = { request->suite, folder, mirror, NULL };

    if (append_all(argv, err, alone) < 0 || append_all(argv, err, head) < 0
        || append_format(argv, err, "--arch=", request->architecture) < 0)
        return err->code;
    if (keyring != NULL && append_format(argv, err, "--keyring=", keyring) < 0)
        return err->code;
    if (include_argument(request, argv, err) < 0)
        return err->code;
    return append_all(argv, err, tail);
}

int cvd_rootfs_apt_options(const char* dump, struct cv_strv* options, struct cv_error* err)
{
    static const char* const wanted[] = { "Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::ftp::Proxy",
        "Acquire::Retries", "Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::ForceIPv4",
        "Acquire::ForceIPv6" };

    while (*dump != '\0') {
        size_t length = strcspn(dump, "\n");

        for (size_t i = 0; i < CV_ARRAY_LEN(wanted); i++) {
            size_t name = strlen(wanted[i]);
            char*  line;

            /* also what is below it: "Acquire::http::Proxy::host" is a host's own proxy */
            if (strncmp(dump, wanted[i], name) != 0 || (dump[name] != ' ' && dump[name] != ':'))
                continue;
            if (length >= 4 && memcmp(dump + length - 4, " \"\";", 4) == 0)
                continue; /* empty is unset */
            line = strndup(dump, length);
            if (line == NULL || cv_strv_append_steal(options, line) < 0)
                return cv_error_no_memory(err);
        }
        dump += length + (dump[length] == '\n');
    }
    return 0;
}
