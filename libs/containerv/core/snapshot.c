/* What a container has changed. */
#include <chef/containerv/snapshot.h>
#include <cv/clock.h>

#include "core.h"

#include <cv/banned.h>

enum { PROGRESS_MS = 100 };

struct snapshot {
    int (*each)(const struct containerv_change* change, void* context);
    void*                            context;
    struct containerv_commit_options options;
    struct containerv_copy_progress  progress;
    int64_t                          told_ms;
};

static int refuse(struct cv_error* err, const char* object, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", object, text);
    return cv_error_object(err, "%s", object);
}

static int cancelled(struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_CANCELLED, "it was stopped by the caller");
}

static int changed(void* context, char change, const char* path, struct cv_error* err)
{
    struct snapshot*         snapshot = context;
    struct containerv_change told     = { .size = sizeof(told), .path = path };
    told.kind = change == 'A' ? CV_CHANGE_ADDED : change == 'D' ? CV_CHANGE_DELETED : CV_CHANGE_CHANGED;
    return snapshot->each == NULL || snapshot->each(&told, snapshot->context) == 0 ? 0 : cancelled(err);
}

static int moved(void* context, uint64_t entries, uint64_t bytes, struct cv_error* err)
{
    struct snapshot* snapshot = context;
    int64_t          now_ms   = cv_clock_monotonic_ms();
    snapshot->progress.entries += entries;
    snapshot->progress.bytes += bytes;
    if (snapshot->options.on_progress == NULL || now_ms - snapshot->told_ms < PROGRESS_MS)
        return 0;
    snapshot->told_ms = now_ms;
    return snapshot->options.on_progress(&snapshot->progress, snapshot->options.context) == 0 ? 0 : cancelled(err);
}

/* Not under the lock: others may use the container meanwhile. */
static int run(
    struct containerv_container* container, struct cv_snapshot_request* request, const char* what, struct cv_error* err)
{
    if (container->backend->snapshot == NULL || (container->backend->features & CV_FEATURE_SNAPSHOT) == 0)
        return cv_error_unsupported(err, what, container->backend->name);
    request->changed = changed;
    request->moved   = moved;
    return container->backend->snapshot(container->instance, request, err);
}

static int diff(struct containerv_container* container, struct snapshot* snapshot, struct cv_error* err)
{
    struct cv_snapshot_request request = { .context = snapshot };
    if (container == NULL)
        return refuse(err, "container", "is NULL");
    return snapshot->each != NULL ? run(container, &request, "diff", err) : refuse(err, "each", "is NULL");
}

int containerv_diff(struct containerv_container* container,
    int (*each)(const struct containerv_change* change, void* context), void* context)
{
    struct snapshot snapshot = { .each = each, .context = context, .progress = { .size = sizeof(snapshot.progress) } };
    struct cv_error err      = CV_ERROR_INIT;
    return cv_publish(&err, diff(container, &snapshot, &err), "tell the changes");
}

static int commit(struct containerv_container* container, const char* folder,
    const struct containerv_commit_options* given, struct cv_error* err)
{
    struct snapshot snapshot = { .options = { .size = sizeof(snapshot.options) },
        .progress                         = { .size = sizeof(snapshot.progress) } };
    int             rc       = 0;
    if (container == NULL)
        return refuse(err, "container", "is NULL");
    if (folder == NULL || folder[0] == '\0')
        return refuse(err, "folder", "is empty");
    if (given != NULL)
        rc = cv_sized_in(&snapshot.options, sizeof(snapshot.options), given, "containerv_commit_options", err);
    if (rc == 0 && (snapshot.options.flags & ~(uint32_t)CV_COMMIT_NO_PAUSE) != 0)
        rc = refuse(err, "flags", "has a bit that this version of the library does not know");
    if (rc < 0)
        return rc;
    struct cv_snapshot_request request = {
        .folder = folder, .pause = (snapshot.options.flags & CV_COMMIT_NO_PAUSE) == 0, .context = &snapshot
    };
    return run(container, &request, "commit", err);
}

int containerv_commit(
    struct containerv_container* container, const char* folder, const struct containerv_commit_options* options)
{
    struct cv_error err = CV_ERROR_INIT;
    return cv_publish(&err, commit(container, folder, options, &err), "make a layer");
}
