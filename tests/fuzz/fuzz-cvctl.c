/*
 * Any bytes as the arguments of `cvctl run`, with a NUL between, and each of them as one of `cvctl cp`; the value of --env-file is not
 * a path here but what the file holds.
 * Reading them never crashes or leaks; each refusal has a code and a text that names the option; what was taken is in its range.
 */
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>
#include <cv/random.h>
#include <cv/str.h>

#include "cp-path.h"
#include "fuzz.h"
#include "run-options.h"

enum { ARGS_MAX = 64, ROWS_MAX = 128 };

static char env_path[256];

static void remove_env_file(void)
{
    (void)cv_file_remove(env_path, NULL);
}

static void make_env_file(void)
{
    const char* folder = getenv("TMPDIR");
    char        unique[17];
    FUZZ_CHECK(cv_random_hex(unique, sizeof(unique) - 1, NULL) == 0);
    int rc = cv_snprintf(env_path, sizeof(env_path), "%s/cv-fuzz-env-%s", folder != NULL ? folder : "/tmp", unique);
    FUZZ_CHECK(rc == 0 && atexit(remove_env_file) == 0);
}

static CVCTL_SETTER(set_env_file)
{
    if (env_path[0] == '\0')
        make_env_file();
    FUZZ_CHECK(cv_file_write(env_path, value, strlen(value), 0, 0600, NULL) == 0);
    return cvctl_run_set_env_file(target, option, env_path, err);
}

static const struct cv_option* table(void)
{
    static struct cv_option rows[ROWS_MAX];
    for (size_t i = 0; cvctl_run_table[i].name != NULL; i++) {
        FUZZ_CHECK(i + 1 < ROWS_MAX);
        rows[i] = cvctl_run_table[i];
        if (rows[i].set == cvctl_run_set_env_file)
            rows[i].set = set_env_file;
    }
    return rows;
}

static void check_lists(const struct cvctl_run_options* options)
{
    for (size_t i = 0; i < options->env.count; i++)
        FUZZ_CHECK(strcspn(options->env.items[i], "=") > 0 && strchr(options->env.items[i], '=') != NULL);
    for (size_t i = 0; i < options->ulimit_count; i++)
        FUZZ_CHECK(options->ulimits[i].name != NULL && options->ulimits[i].soft <= options->ulimits[i].hard);
    for (size_t i = 0; i < options->device_count; i++)
        FUZZ_CHECK(options->devices[i].host[0] == '/');
    for (size_t i = 0; i < options->rule_count; i++)
        FUZZ_CHECK(options->rules[i].access != 0 && options->rules[i].port <= UINT16_MAX);
    for (size_t i = 0; i < options->limits.io_count; i++)
        FUZZ_CHECK(options->limits.io[i].path != NULL && options->limits.io[i].path[0] == '/');
}

static void check_mounts(const struct cvctl_run_options* options)
{
    for (size_t i = 0; i < options->mount_count; i++) {
        const struct containerv_mount* mount = &options->mounts[i];
        FUZZ_CHECK(mount->destination != NULL && mount->destination[0] == '/');
        FUZZ_CHECK(mount->kind == CV_MOUNT_TMPFS ? mount->source == NULL : cv_path_is_absolute(mount->source));
        FUZZ_CHECK(mount->kind == CV_MOUNT_TMPFS || (mount->size_bytes == 0 && mount->mode == 0));
        FUZZ_CHECK(mount->mode <= 07777);
    }
}

static void check_values(const struct cvctl_run_options* options)
{
    const struct containerv_limits* limits = &options->limits;
    FUZZ_CHECK(options->umask <= 0777 && options->timeout_ms >= 0);
    FUZZ_CHECK(limits->cpu_weight <= 10000 && limits->io_weight <= 1000);
    FUZZ_CHECK(limits->cpus == NULL || limits->cpus[0] != '\0');
    FUZZ_CHECK(options->rootfs == NULL || options->rootfs[0] != '\0');
    FUZZ_CHECK(options->network.mode != CV_NETWORK_VETH || options->network.host_address != NULL);
    FUZZ_CHECK(limits->io_count == 0 || limits->io == options->io);
}

static void parse(int argc, char** argv)
{
    struct cv_error          err   = CV_ERROR_INIT;
    bool                     help  = false;
    int                      first = 0;
    struct cvctl_run_options options;

    cvctl_run_options_init(&options);
    int rc = cv_options_parse(table(), argc, argv, &options, &help, &first, &err);
    FUZZ_CHECK(rc == 0 || (rc < 0 && err.text[0] != '\0' && err.step[0] != '\0'));
    check_mounts(&options); /* what was taken before a refusal too */
    check_lists(&options);
    check_values(&options);
    if (rc == 0 && !help) {
        FUZZ_CHECK(first >= 1 && first <= argc);
        rc = cvctl_run_options_check(&options, argc, argv, first, &err);
        FUZZ_CHECK(rc < 0 || (options.command != NULL && options.command[0] != NULL));
        FUZZ_CHECK(rc == 0 || (rc < 0 && err.text[0] != '\0'));
    }
    cvctl_run_options_release(&options);
}

static void parse_path(const char* text)
{
    struct cv_error      err  = CV_ERROR_INIT;
    struct cvctl_cp_path path = { NULL };
    int                  rc   = cvctl_cp_path_parse(text, &path, &err);

    FUZZ_CHECK(rc == 0 || (rc == CV_ERR_INVALID && err.text[0] != '\0'));
    if (rc == 0 && path.container != NULL) {
        FUZZ_CHECK(path.container[0] != '\0' && strpbrk(path.container, ":/") == NULL && path.path[0] == '/');
        FUZZ_CHECK(cv_str_starts_with(text, path.container) && text[strlen(path.container)] == ':');
    }
    FUZZ_CHECK(rc < 0 || path.container != NULL || strcmp(path.path, text) == 0);
    cvctl_cp_path_release(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    char  name[]             = "run";
    char* argv[ARGS_MAX + 2] = { name, NULL };
    char* text               = malloc(size + 1);
    int   argc               = 1;

    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    for (char* at = text; at <= text + size && argc <= ARGS_MAX; at += strlen(at) + 1)
        argv[argc++] = at;
    for (int i = 1; i < argc; i++)
        parse_path(argv[i]);
    parse(argc, argv);
    free(text);
    return 0;
}
