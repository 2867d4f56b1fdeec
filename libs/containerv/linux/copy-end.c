#include <stdlib.h>
#include <string.h>

#include "linux/copy.h"

#include <cv/banned.h>

static int tick(void* context, struct cv_error* err)
{
    return copy_end_count(context, 0, 0, err);
}

int copy_end_init(struct copy_end* end, struct copy_stream* stream, const struct copy_job* job, struct cv_error* err)
{
    *end = (struct copy_end){ .stream = stream, .job = job, .path = malloc(COPY_PATH_MAX + 1) };
    if (end->path == NULL)
        return cv_error_no_memory(err);
    end->filesystems.allow_fuse = job->on_host;
    end->path_length            = strnlen(job->path, COPY_PATH_MAX);
    memcpy(end->path, job->path, end->path_length);
    end->path[end->path_length] = '\0';
    if (end->path_length > 2 && strcmp(end->path + end->path_length - 2, "/.") == 0)
        copy_end_cut(end, end->path_length - 2); /* it says what is meant, not where that is */
    stream->context = end;
    stream->tick    = job->on_host ? tick : NULL;
    return 0;
}

void copy_end_release(struct copy_end* end)
{
    free(end->path);
    end->path = NULL;
}

bool copy_end_push(struct copy_end* end, const char* name)
{
    size_t length = strlen(name);
    bool   slash  = end->path_length > 0 && end->path[end->path_length - 1] != '/';
    if (length + (slash ? 1 : 0) > COPY_PATH_MAX - end->path_length)
        return false;
    if (slash)
        end->path[end->path_length++] = '/';
    memcpy(end->path + end->path_length, name, length + 1);
    end->path_length += length;
    return true;
}

void copy_end_cut(struct copy_end* end, size_t length)
{
    end->path_length  = length;
    end->path[length] = '\0';
}

int copy_end_report(struct copy_end* end, const struct cv_error* failure, struct cv_error* err)
{
    struct copy_frame frame = { .kind = COPY_FAILED, .path = end->path, .error = *failure };
    return end->job->on_host ? end->job->failed(end->job->context, end->path, failure, err)
                             : copy_stream_put(end->stream, &frame, err);
}

int copy_end_count(struct copy_end* end, uint64_t entries, uint64_t bytes, struct cv_error* err)
{
    end->entries += entries;
    end->bytes += bytes;
    if (!end->job->on_host)
        return 0;
    if (end->entries > end->job->max_entries)
        return cv_error_set(err, CV_ERR_LIMIT, "more than %llu files", (unsigned long long)end->job->max_entries);
    if (end->bytes > end->job->max_bytes)
        return cv_error_set(err, CV_ERR_LIMIT, "more than %llu bytes", (unsigned long long)end->job->max_bytes);
    return end->job->moved(end->job->context, entries, bytes, err);
}

int copy_end_other(struct copy_end* end, const struct copy_frame* frame, struct cv_error* err)
{
    if (frame->kind == COPY_FAILED && end->job->on_host)
        return end->job->failed(end->job->context, frame->path, &frame->error, err);
    if (frame->kind != COPY_FATAL)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy says what it may not say now");
    if (err != NULL)
        *err = frame->error;
    return frame->error.code;
}
