#include "debootstrap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv/env.h>
#include <cv/file.h>
#include <cv/folders.h>
#include <cv/lock.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "host.h"
#include "plan.h"

#include <cv/banned.h>

enum { LOCK_LOOK_MS = 200 };

/* Everything about one root while it is made. */
struct job {
    struct cvd_rootfs_request request; /* with the architecture filled in */
    char *                    architecture, *folder, *name;
    char *                    final, *half, *log, *lock_path, *sources_file;
    struct cv_lock*           lock;
    struct cvd_sources        sources;
    struct cv_strv            apt_options, argv;
    const char*               tool; /* the chosen one's name */
};

static void job_release(struct job* job)
{
    char** texts[] = { &job->architecture, &job->folder, &job->name, &job->final, &job->half, &job->log,
        &job->lock_path, &job->sources_file };

    for (size_t i = 0; i < CV_ARRAY_LEN(texts); i++)
        free(*texts[i]);
    cv_lock_release(job->lock);
    cvd_sources_release(&job->sources);
    cv_strv_release(&job->apt_options);
    cv_strv_release(&job->argv);
}

static void tell(const struct job* job, const char* what)
{
    CV_CLEANUP(cv_freep) char* line = NULL;

    if (job->request.progress == NULL)
        return;
    line = cv_asprintf(NULL, "root '%s': %s", job->name, what);
    if (line != NULL)
        job->request.progress(job->request.context, line);
}

static int fill_architecture(struct job* job, struct cv_error* err)
{
    static const char* const argv[] = { "dpkg", "--print-architecture", NULL };

    if (job->request.architecture != NULL)
        return 0;
    if (cvd_tool_output(argv, &job->architecture, err) < 0) {
        cv_error_hint(err, "give the architecture: --arch amd64");
        return cv_error_wrap(err, "find the host's architecture");
    }
    job->architecture[strcspn(job->architecture, "\n")] = '\0';
    job->request.architecture                           = job->architecture;
    return 0;
}

static int name_files(struct job* job, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* state = NULL;
    const char*                n     = NULL;

    if (cv_folders_state(&state, err) < 0 || cvd_rootfs_name(&job->request, &job->name, err) < 0)
        return err->code;
    n = job->name;
    if ((job->folder = cv_path_join(state, "rootfs", err)) == NULL
        || (job->final = cv_path_join(job->folder, n, err)) == NULL
        || (job->half = cv_asprintf(err, "%s/.%s.half", job->folder, n)) == NULL
        || (job->log = cv_asprintf(err, "%s/%s.log", job->folder, n)) == NULL
        || (job->lock_path = cv_asprintf(err, "%s/%s.lock", job->folder, n)) == NULL
        || (job->sources_file = cv_asprintf(err, "%s/.%s.sources", job->folder, n)) == NULL)
        return err->code;
    if (cv_folder_make(job->folder, job->request.user_namespace ? 0700 : 0755, err) < 0)
        return cv_error_wrap(err, "make the cache of roots");
    return 0;
}

static int cancelled(const struct job* job, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_STATE, "making the root '%s' was cancelled", job->name);
    return cv_error_step(err, "make the root");
}

/* A lock can't be waited for beside a handle: look again now and then, so that Ctrl-C works meanwhile. */
static int take_lock(struct job* job, struct cv_error* err)
{
    int rc = cv_lock_acquire(job->lock_path, 0, &job->lock, err);

    if (rc == CV_ERR_STATE)
        tell(job, "somebody else is making it, waiting");
    while (rc == CV_ERR_STATE) {
        if (cvd_tool_cancelled(job->request.cancel, LOCK_LOOK_MS))
            return cancelled(job, err);
        rc = cv_lock_acquire(job->lock_path, 0, &job->lock, err);
    }
    return rc;
}

/* CONTAINERV_APT_DIR: another apt configuration than the host's, for tests and for hosts that keep several. */
static int read_apt(struct job* job, struct cv_error* err)
{
    static const char* const   dump_argv[] = { "apt-config", "dump", "--format", "%F \"%v\";%n", NULL };
    CV_CLEANUP(cv_freep) char* folder      = NULL;
    CV_CLEANUP(cv_freep) char* dump        = NULL;

    if (cv_env_get_secure("CONTAINERV_APT_DIR", &folder, err) < 0
        || cvd_apt_read_sources(folder != NULL ? folder : "/etc/apt", &job->sources, err) < 0)
        return cv_error_wrap(err, "read the host's apt configuration");
    if (!cvd_tool_exists(dump_argv[0]))
        return 0; /* a host with debootstrap alone */
    if (cvd_tool_output(dump_argv, &dump, err) < 0)
        return cv_error_wrap(err, "read the host's apt configuration");
    return cvd_rootfs_apt_options(dump, &job->apt_options, err);
}

static int plan_mmdebstrap(struct job* job, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = NULL;

    if (cvd_sources_for_suite(&job->sources, job->request.suite, &text, err) < 0
        || cv_file_write(job->sources_file, text, strlen(text), 0644, 0, err) < 0)
        return err->code;
    return cvd_rootfs_mmdebstrap(&job->request, job->half, job->sources_file, &job->apt_options, &job->argv, err);
}

static int plan_debootstrap(struct job* job, struct cv_error* err)
{
    const char *mirror = NULL, *keyring = NULL;

    if (cvd_sources_mirror(&job->sources, job->request.suite, &mirror, &keyring, err) < 0)
        return err->code;
    return cvd_rootfs_debootstrap(&job->request, job->half, mirror, keyring, &job->argv, err);
}

static int plan(struct job* job, struct cv_error* err)
{
    static const struct {
        const char* tool;
        int (*plan)(struct job* job, struct cv_error* err);
    } tools[] = { { "mmdebstrap", plan_mmdebstrap }, { "debootstrap", plan_debootstrap } };

    for (size_t i = 0; i < (job->request.user_namespace ? 1 : CV_ARRAY_LEN(tools));
         i++) { /* only the first makes no nodes */
        if (!cvd_tool_exists(tools[i].tool))
            continue;
        job->tool = tools[i].tool;
        return read_apt(job, err) < 0 ? err->code : tools[i].plan(job, err);
    }
    cv_error_set(err, CV_ERR_NOT_FOUND, "%s",
        job->request.user_namespace ? "mmdebstrap is not installed"
                                    : "neither mmdebstrap nor debootstrap is installed");
    cv_error_step(err, "choose the tool that makes roots");
    return cv_error_hint(err, "apt-get install mmdebstrap");
}

/* A tool that says 0 and left no system behind has failed too. */
static int check_root(const struct job* job, struct cv_error* err)
{
    static const char* const needed[] = { "etc", "usr/bin", "var/lib/dpkg/status" };

    for (size_t i = 0; i < CV_ARRAY_LEN(needed); i++) {
        CV_CLEANUP(cv_freep) char* path = cv_path_join(job->half, needed[i], err);

        if (path == NULL)
            return err->code;
        if (!cv_path_exists(path)) {
            cv_error_set(err, CV_ERR_SYSTEM, "'%s' said that it was done, but '%s' is missing", job->tool, needed[i]);
            cv_error_step(err, "check the new root");
            return cv_error_object(err, "%s", needed[i]);
        }
    }
    return 0;
}

static int run_tool(struct job* job, struct cv_error* err)
{
    struct cvd_tool tool = { .name = job->tool,
        .argv                      = (const char* const*)job->argv.items,
        .log                       = job->log,
        .cancel                    = job->request.cancel,
        .held                      = cv_lock_handle(job->lock),
        .progress                  = job->request.progress,
        .context                   = job->request.context };

    if (cv_file_write(job->log, "", 0, 0644, 0, err) < 0 || cvd_tool_run(&tool, err) < 0 || check_root(job, err) < 0) {
        if (err->hint[0] == '\0')
            cv_error_hint(err, "the log is '%s'", job->log);
        return err->code;
    }
    if (rename(job->half, job->final) < 0)
        return cv_error_errno(err, errno, "put the new root in its place", job->final);
    return 0;
}

/* Files of sub-ids are theirs, who removes them has to be their root. */
static int remove_half(const struct job* job, struct cv_error* err)
{
    struct cv_strv             argv   = { 0 };
    CV_CLEANUP(cv_freep) char* output = NULL;
    int                        rc     = 0;

    if (!job->request.user_namespace || !cv_path_exists(job->half))
        return cv_tree_remove(job->half, err);
    rc = cvd_rootfs_remove(&job->request, job->half, &argv, err);
    if (rc == 0)
        rc = cvd_tool_output((const char* const*)argv.items, &output, err);
    cv_strv_release(&argv);
    return rc;
}

/* Nobody else is at it (we hold the lock): what lies there is left from one that was killed. */
static int make(struct job* job, struct cv_error* err)
{
    struct cv_error ignored = CV_ERROR_INIT;
    int             rc;

    if (remove_half(job, err) < 0)
        return cv_error_wrap(err, "remove what an earlier try left");
    rc = plan(job, err);
    if (rc == 0) {
        tell(job, "is not in the cache, making it");
        rc = run_tool(job, err);
    }
    (void)cv_file_remove(job->sources_file, &ignored);
    if (rc < 0 && remove_half(job, &ignored) < 0)
        cv_error_hint(err, "what is left of it in '%s' could not be removed: %s", job->half, ignored.text);
    return rc;
}

static int find_or_make(struct job* job, struct cv_error* err)
{
    if (cv_path_is_folder(job->final))
        return 0;
    if (take_lock(job, err) < 0)
        return err->code;
    return cv_path_is_folder(job->final) ? 0 : make(job, err);
}

int cvd_rootfs_make(const struct cvd_rootfs_request* request, char** path_out, struct cv_error* err)
{
    struct job job = { .request = *request };
    int        rc  = fill_architecture(&job, err);

    if (rc == 0)
        rc = cvd_rootfs_check(&job.request, err);
    if (rc == 0)
        rc = name_files(&job, err);
    if (rc == 0)
        rc = find_or_make(&job, err);
    if (rc == 0)
        *path_out = CV_STEAL(job.final);
    else
        cv_error_wrap(err, "make a root of '%s'", request->suite != NULL ? request->suite : "");
    job_release(&job);
    return rc;
}
