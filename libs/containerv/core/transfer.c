/* Copies between host and container. */
#include <string.h>

#include <cv/clock.h>
#include <cv/str.h>

#include "core.h"

#include <cv/banned.h>

enum { STALL_MS = 60000, PROGRESS_MS = 100 };

/* What happens while a copy runs, for the caller. */
struct transfer {
    const struct containerv_copy_options* options;
    struct containerv_copy_progress       progress;
    int64_t                               told_ms;
    uint64_t                              failures;
    struct cv_error                       first; /* of the paths that failed */
};

static int refuse(struct cv_error* err, const char* object, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", object, text);
    return cv_error_object(err, "%s", object);
}

static int cancelled(struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_CANCELLED, "the copy was stopped by the caller");
}

static int failed(void* context, const char* path, const struct cv_error* failure, struct cv_error* err)
{
    struct transfer*        transfer = context;
    struct containerv_error shown    = {
           .size   = sizeof(shown),
           .code   = failure->code,
           .domain = failure->domain,
           .number = failure->number,
           .step   = failure->step,
           .object = failure->object,
           .hint   = failure->hint,
           .text   = failure->text,
    };
    if (transfer->failures++ == 0)
        transfer->first = *failure;
    if (transfer->options->on_error == NULL)
        return 0;
    return transfer->options->on_error(path, &shown, transfer->options->context) == 0 ? 0 : cancelled(err);
}

static int moved(void* context, uint64_t entries, uint64_t bytes, struct cv_error* err)
{
    struct transfer* transfer = context;
    int64_t          now_ms;
    transfer->progress.entries += entries;
    transfer->progress.bytes += bytes;
    if (transfer->options->on_progress == NULL)
        return 0;
    now_ms = cv_clock_monotonic_ms();
    if (now_ms - transfer->told_ms < PROGRESS_MS)
        return 0;
    transfer->told_ms = now_ms;
    return transfer->options->on_progress(&transfer->progress, transfer->options->context) == 0 ? 0 : cancelled(err);
}

static int check_flags(uint32_t flags, struct cv_error* err)
{
    const uint32_t both  = CV_COPY_OWNERS | CV_COPY_NO_OWNERS;
    const uint32_t known = both | CV_COPY_SETUID | CV_COPY_FOLLOW | CV_COPY_ONE_FILESYSTEM;
    if ((flags & ~known) != 0)
        return refuse(err, "flags", "has a bit that this version of the library does not know");
    if ((flags & both) == both)
        return refuse(err, "flags", "asks for owners to be kept and not to be kept");
    return 0;
}

static int take_options(
    const struct containerv_copy_options* given, struct containerv_copy_options* options, struct cv_error* err)
{
    int rc = given != NULL ? cv_sized_in(options, sizeof(*options), given, "containerv_copy_options", err) : 0;
    if (rc == 0)
        rc = check_flags(options->flags, err);
    if (options->max_bytes == 0)
        options->max_bytes = UINT64_MAX;
    if (options->max_entries == 0)
        options->max_entries = CV_COPY_MAX_ENTRIES;
    if (options->stall_ms == 0)
        options->stall_ms = STALL_MS;
    return rc;
}

static int check_paths(const char* host_path, const char* container_path, struct cv_error* err)
{
    if (host_path == NULL || host_path[0] == '\0')
        return refuse(err, "host path", "is empty");
    if (container_path == NULL || container_path[0] != '/')
        return refuse(err, "container path", "is not absolute");
    return 0;
}

static int can_copy(struct containerv_container* container, struct cv_error* err)
{
    if (container->backend->copy == NULL || (container->backend->features & CV_FEATURE_COPY) == 0)
        return cv_error_unsupported(err, "copy", container->backend->name);
    /* a supervised one has its files also while it does not run */
    unsigned also = container->spec->ext.supervision.set ? 1u << CV_STATE_STOPPED : 0;
    int      rc = cv_container_in_state(container, 1u << CV_STATE_CREATED | 1u << CV_STATE_RUNNING | also, "copy", err);
    return rc == CV_ERR_STATE
               ? cv_error_hint(err, "only a container that runs and is not paused can be copied to and from")
               : rc;
}

/* All went as far as it could: the first failure is the call's, with how many there were. */
static int conclude(const struct transfer* transfer, int rc, struct cv_error* err)
{
    if (rc < 0 || transfer->failures == 0)
        return rc;
    *err = transfer->first;
    if (transfer->failures > 1)
        cv_error_wrap(err, "%llu paths failed, the first", (unsigned long long)transfer->failures);
    return err->code;
}

/* Not under the lock: others may use the container meanwhile. */
static int copy(struct containerv_container* container, enum containerv_copy_direction direction, const char* source,
    const char* destination, const struct containerv_copy_options* given, struct cv_error* err)
{
    struct containerv_copy_options options = { .size = sizeof(options) };
    struct transfer        transfer        = { .options = &options, .progress = { .size = sizeof(transfer.progress) } };
    struct cv_copy_request request         = { .failed = failed, .moved = moved, .context = &transfer };
    if (container == NULL)
        return refuse(err, "container", "is NULL");
    if (direction != CV_COPY_TO_HOST && direction != CV_COPY_TO_CONTAINER)
        return refuse(err, "direction", "is neither CV_COPY_TO_HOST nor CV_COPY_TO_CONTAINER");
    request.to_host        = direction == CV_COPY_TO_HOST;
    request.host_path      = request.to_host ? destination : source;
    request.container_path = request.to_host ? source : destination;
    int rc                 = check_paths(request.host_path, request.container_path, err);
    if (rc == 0)
        rc = take_options(given, &options, err);
    if (rc == 0)
        rc = can_copy(container, err);
    if (rc < 0)
        return rc;
    request.flags       = options.flags;
    request.max_bytes   = options.max_bytes;
    request.max_entries = options.max_entries;
    request.stall_ms    = options.stall_ms;
    return conclude(&transfer, container->backend->copy(container->instance, &request, err), err);
}

int containerv_copy(struct containerv_container* container, enum containerv_copy_direction direction,
    const char* source, const char* destination, const struct containerv_copy_options* options)
{
    struct cv_error err = CV_ERROR_INIT;
    return cv_publish(&err, copy(container, direction, source, destination, options, &err), "copy");
}

/* Into what must be a folder: its content is what the archive's is merged with. */
static int take_archive(struct cv_copy_request* request, char** path_out, struct cv_error* err)
{
    if (request->container_path == NULL || request->container_path[0] != '/')
        return refuse(err, "path", "is not absolute");
    if (request->to_host)
        return 0;
    *path_out = cv_asprintf(err, "%s/.", request->container_path);
    if (*path_out == NULL)
        return CV_ERR_NO_MEMORY;
    request->container_path = *path_out;
    return 0;
}

static int archive(struct containerv_container* container, struct cv_copy_request* request,
    const struct containerv_copy_options* given, struct cv_error* err)
{
    struct containerv_copy_options options = { .size = sizeof(options) };
    struct transfer            transfer    = { .options = &options, .progress = { .size = sizeof(transfer.progress) } };
    CV_CLEANUP(cv_freep) char* path        = NULL;
    int                        rc          = take_archive(request, &path, err);
    if (rc == 0)
        rc = take_options(given, &options, err);
    if (rc == 0 && (container->backend->features & CV_FEATURE_ARCHIVE) == 0)
        rc = cv_error_unsupported(err, "archives", container->backend->name);
    if (rc == 0)
        rc = can_copy(container, err);
    if (rc < 0)
        return rc;
    request->failed      = failed;
    request->moved       = moved;
    request->context     = &transfer;
    request->flags       = options.flags;
    request->max_bytes   = options.max_bytes;
    request->max_entries = options.max_entries;
    request->stall_ms    = options.stall_ms;
    return conclude(&transfer, container->backend->copy(container->instance, request, err), err);
}

int containerv_archive(struct containerv_container* container, enum containerv_copy_direction direction,
    const char* path, containerv_handle_t stream, const struct containerv_copy_options* options)
{
    struct cv_error        err     = CV_ERROR_INIT;
    struct cv_copy_request request = {
        .to_host = direction == CV_COPY_TO_HOST, .container_path = path, .archive = true, .stream = stream
    };
    int rc;
    if (container == NULL)
        rc = refuse(&err, "container", "is NULL");
    else if (direction != CV_COPY_TO_HOST && direction != CV_COPY_TO_CONTAINER)
        rc = refuse(&err, "direction", "is neither CV_COPY_TO_HOST nor CV_COPY_TO_CONTAINER");
    else
        rc = archive(container, &request, options, &err);
    return cv_publish(&err, rc, "copy");
}

/* Each is tried; what is told is the first failure. */
static int copy_all(struct containerv_container* container, enum containerv_copy_direction direction,
    const char* const* sources, const char* const* destinations, size_t count, struct cv_error* err)
{
    struct cv_error one = CV_ERROR_INIT;
    int             rc  = 0;
    if (count > 0 && (sources == NULL || destinations == NULL))
        return refuse(err, "paths", "is NULL");
    for (size_t i = 0; i < count; i++) {
        int result = copy(container, direction, sources[i], destinations[i], NULL, &one);
        if (result < 0 && rc == 0) {
            rc   = result;
            *err = one;
        }
    }
    return rc;
}

int containerv_upload(struct containerv_container* container, const char* const* host_paths,
    const char* const* container_paths, size_t count)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = copy_all(container, CV_COPY_TO_CONTAINER, host_paths, container_paths, count, &err);
    return cv_publish(&err, rc, "upload");
}

int containerv_download(struct containerv_container* container, const char* const* container_paths,
    const char* const* host_paths, size_t count)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = copy_all(container, CV_COPY_TO_HOST, container_paths, host_paths, count, &err);
    return cv_publish(&err, rc, "download");
}
