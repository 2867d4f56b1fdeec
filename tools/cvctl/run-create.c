/* A container from the options of `cvctl run` and `cvctl create`: its root, its id, the container itself. */
#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>
#include <cv/random.h>
#include <cv/str.h>

#include "cvctl.h"
#include "rootfs/debootstrap.h"
#include "run.h"

#include <cv/banned.h>

enum { ID_DIGITS = 16 };

static void print_progress(void* context, const char* line)
{
    (void)context;
    fprintf(stderr, "cvctl: %s\n", line);
}

/* Without root's rights a distribution's files belong to sub-ids. */
static int check_ids(struct cvd_rootfs_request* request, struct cv_error* err)
{
    uint64_t features = 0;

    if (containerv_features(NULL, &features) < 0) {
        cvctl_last_error(err);
        return err->code;
    }
    request->user_namespace = (features & CV_FEATURE_OWN_IDS) == 0;
    if (!request->user_namespace || (features & CV_FEATURE_USERS) != 0)
        return 0;
    cv_error_set(
        err, CV_ERR_PERMISSION, "a distribution's root has files of several users, and this user has one id only");
    cv_error_step(err, "choose the tool that makes roots");
    return cv_error_hint(err, "see 'sub-ids' of 'cvctl doctor', or take --rootfs");
}

/* The absolute root folder: the one that was named, or the cached one of a distribution. */
static int find_root(const struct cvctl_run_options* options, char** root_out, struct cv_error* err)
{
    struct cvd_rootfs_request request = {
        .distribution = "debian",
        .suite        = options->debian,
        .architecture = options->arch,
        .include      = (const char* const*)options->include.items,
        .cancel       = cvctl_signals_handle(),
        .progress     = options->json ? NULL : print_progress,
    };

    if (options->debian != NULL)
        return check_ids(&request, err) < 0 ? err->code : cvd_rootfs_make(&request, root_out, err);
    *root_out = cv_path_absolute(options->rootfs, err);
    return *root_out == NULL ? err->code : 0;
}

/* The id is in the file before the program runs, so with a file it is chosen here, as the library would. */
static int choose_id(struct cvctl_run_options* options, struct cv_error* err)
{
    char id[ID_DIGITS + 1];

    if (options->cidfile == NULL || options->name != NULL)
        return 0;
    if (cv_random_hex(id, ID_DIGITS, err) < 0)
        return err->code;
    options->name = cvctl_run_keep(options, id, ID_DIGITS, err);
    return options->name == NULL ? err->code : 0;
}

/* docker's rule: the file must be new, and it is gone again when there was no container. */
static int write_id(const struct cvctl_run_options* options, struct cv_error* err)
{
    if (options->cidfile == NULL
        || cv_file_write(options->cidfile, options->name, strlen(options->name), 0644, CV_FILE_EXCLUSIVE, err) == 0)
        return 0;
    return cv_error_wrap(err, "write the container's id");
}

/* Stopped before the program ran: nothing is left of it, and the code says by which signal. */
static int failed(const struct cv_error* err, int (*print)(const struct cv_error* err))
{
    return cvctl_signals_stop() != 0 ? CVCTL_EXIT_SIGNAL + cvctl_signals_stop() : print(err);
}

/* All that can be refused before there is a container. */
static int prepare(struct cvctl_run_options* options, const char* root, struct containerv_options** made_out,
    const char** rootfs_out, containerv_handle_t* terminal, struct cv_error* err)
{
    if (choose_id(options, err) < 0 || cvctl_run_build(options, root, made_out, rootfs_out, err) < 0)
        return err->code;
    if (cvctl_session_command(options, *made_out, terminal, err) == 0 && write_id(options, err) == 0)
        return 0;
    containerv_options_delete(*made_out);
    return err->code;
}

static int create(struct cvctl_run_options* options, const char* root, struct containerv_container** container_out,
    containerv_handle_t* terminal)
{
    struct containerv_options* made   = NULL;
    const char*                rootfs = NULL;
    struct cv_error            err    = CV_ERROR_INIT;
    int                        rc;

    if (prepare(options, root, &made, &rootfs, terminal, &err) < 0)
        return cvctl_print_error(&err);
    rc = containerv_create(rootfs, made, container_out);
    if (rc != 0)
        cvctl_last_error(&err);
    containerv_options_delete(made);
    if (rc == 0)
        return 0;
    if (options->cidfile != NULL)
        (void)cv_file_remove(options->cidfile, NULL);
    return failed(&err, cvctl_start_failed);
}

int cvctl_run_create(
    struct cvctl_run_options* options, struct containerv_container** container_out, containerv_handle_t* terminal)
{
    CV_CLEANUP(cv_freep) char* root = NULL;
    struct cv_error            err  = CV_ERROR_INIT;

    if (cvctl_signals_catch(&err) < 0)
        return cvctl_print_error(&err);
    if (find_root(options, &root, &err) < 0)
        return failed(&err, cvctl_print_error);
    return create(options, root, container_out, terminal);
}

int cvctl_run_detached(struct cvctl_run_options* options)
{
    struct containerv_container* container = NULL;
    containerv_handle_t          none      = CV_HANDLE_NONE;
    int                          code      = cvctl_run_create(options, &container, &none);

    if (code != 0)
        return code;
    (void)printf("%s\n", containerv_id(container));
    (void)containerv_close(container);
    return cvctl_finish_output();
}
