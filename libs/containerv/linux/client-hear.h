/* Hearing who works for the caller, in the frames of a copy: cv-archive, and who does diff and commit. */
#ifndef CV_LINUX_CLIENT_HEAR_H
#define CV_LINUX_CLIENT_HEAR_H

#include <stdbool.h>

#include "linux/copy-stream.h"

struct linux_hear {
    const char* who; /* for an error */
    /* The caller's; < 0 with err filled ends it. NULL: that can't be told. */
    int (*failed)(void* context, const char* path, const struct cv_error* failure, struct cv_error* err);
    int (*changed)(void* context, char change, const char* path, struct cv_error* err);
    int (*moved)(void* context, uint64_t entries, uint64_t bytes, struct cv_error* err); /* never NULL */
    void* context;
};

/*
 * Until DONE or FATAL, whose error is ours, or until one of `hear` wants no more. *last_word_out, also after a failure: it was one of those
 * two. CV_ERR_LOST when the other has ended without. Takes the stream's tick and context.
 */
int linux_client_hear(
    struct copy_stream* stream, const struct linux_hear* hear, bool* last_word_out, struct cv_error* err);

#endif
