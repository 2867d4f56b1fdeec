#include "linux/client-hear.h"

#include <cv/banned.h>

static int tick(void* context, struct cv_error* err)
{
    const struct linux_hear* hear = context;
    return hear->moved(hear->context, 0, 0, err);
}

static int may_not_say(const struct linux_hear* hear, struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_PROTOCOL, "%s says what it may not say", hear->who);
}

static int take(const struct linux_hear* hear, const struct copy_frame* frame, bool* done, struct cv_error* err)
{
    switch (frame->kind) {
    case COPY_FAILED:
        return hear->failed != NULL ? hear->failed(hear->context, frame->path, &frame->error, err)
                                    : may_not_say(hear, err);
    case COPY_CHANGE:
        return hear->changed != NULL ? hear->changed(hear->context, frame->change, frame->path, err)
                                     : may_not_say(hear, err);
    case COPY_COUNT:
        return hear->moved(hear->context, frame->entries, frame->size, err);
    case COPY_DONE:
        *done = true;
        return 0;
    case COPY_FATAL:
        *done = true;
        if (err != NULL)
            *err = frame->error;
        return frame->error.code;
    default:
        return may_not_say(hear, err);
    }
}

int linux_client_hear(
    struct copy_stream* stream, const struct linux_hear* hear, bool* last_word_out, struct cv_error* err)
{
    struct copy_frame frame;
    bool              done = false;
    int               rc   = 0;
    stream->tick           = tick;
    stream->context        = (void*)(uintptr_t)hear;
    while (rc == 0 && !done) {
        rc = copy_stream_get(stream, &frame, err);
        if (rc == 0)
            rc = take(hear, &frame, &done, err);
    }
    *last_word_out = done;
    return rc;
}
