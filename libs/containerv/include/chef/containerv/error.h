/*
 * Errors of containerv. Every call returns 0 or one of these negative codes, sets errno to the nearest value, and leaves the whole
 * story in containerv_error_last() of the calling thread. The list below is the only place where a code is defined: the enum, the
 * texts, the nearest errno, gRPC's status and the documentation come from it.
 */
#ifndef CHEF_CONTAINERV_ERROR_H
#define CHEF_CONTAINERV_ERROR_H

#include <stdint.h>

#include <chef/containerv/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/*        name                 value  errno          gRPC status  text                                                     */
#define CV_ERROR_CODES(X)                                                                                              \
    X(CV_ERR_INTERNAL, 1, EIO, 13, "internal error")                                                                   \
    X(CV_ERR_NOT_FOUND, 2, ENOENT, 5, "no such object")                                                                \
    X(CV_ERR_EXISTS, 3, EEXIST, 6, "already exists")                                                                   \
    X(CV_ERR_UNSUPPORTED, 4, ENOTSUP, 12, "not supported by this back end")                                            \
    X(CV_ERR_INVALID, 5, EINVAL, 3, "invalid argument")                                                                \
    X(CV_ERR_NO_MEMORY, 6, ENOMEM, 8, "out of memory")                                                                 \
    X(CV_ERR_STATE, 7, EBUSY, 9, "not possible in this state")                                                         \
    X(CV_ERR_PERMISSION, 8, EPERM, 7, "permission denied")                                                             \
    X(CV_ERR_TIMEOUT, 9, ETIMEDOUT, 4, "timed out")                                                                    \
    X(CV_ERR_LIMIT, 10, EAGAIN, 8, "a limit was reached")                                                              \
    X(CV_ERR_SYSTEM, 11, EIO, 13, "a system call failed")                                                              \
    X(CV_ERR_LOST, 12, EPIPE, 14, "the container was lost")                                                            \
    X(CV_ERR_NOT_EXECUTABLE, 13, EACCES, 9, "not executable")                                                          \
    X(CV_ERR_PROTOCOL, 14, EPROTO, 13, "malformed message")                                                            \
    X(CV_ERR_CANCELLED, 15, ECANCELED, 1, "stopped by the caller")

#define CV_ERROR_ENUM(name, value, error_number, grpc, text) name = -(value),
enum containerv_error_code { CV_OK = 0, CV_ERROR_CODES(CV_ERROR_ENUM) CV_ERR_MAX_ = -1000 };
#undef CV_ERROR_ENUM

/** Whose numbers containerv_error.number is counted in. */
enum containerv_error_domain {
    CV_DOMAIN_NONE    = 0, /**< no system code: containerv refused by itself */
    CV_DOMAIN_ERRNO   = 1, /**< errno of a POSIX system */
    CV_DOMAIN_WIN32   = 2, /**< GetLastError() */
    CV_DOMAIN_HRESULT = 3  /**< HRESULT of Windows' host services */
};

/** What went wrong in the last failed call of this thread. All strings are owned by the library, never NULL. */
struct containerv_error {
    uint32_t    size;   /**< sizeof(struct containerv_error) of the library */
    int32_t     code;   /**< enum containerv_error_code */
    int32_t     domain; /**< enum containerv_error_domain */
    int64_t     number; /**< the system's own number in `domain`, else 0 */
    const char* step;   /**< the step that failed: "open the root folder" */
    const char* object; /**< on what: a path, an id, a name */
    const char* hint;   /**< what the user can do, or "" */
    const char* text;   /**< everything in one line for people */
};

/**
 * The last error of the calling thread.
 *
 * @return Never NULL. Valid until the next containerv call of this thread. `code` is CV_OK if no call of this thread has failed.
 *
 * Thread-safe; each thread has its own. Since 0.1.
 */
CV_PUBLIC const struct containerv_error* containerv_error_last(void);

/**
 * The fixed text of an error code: containerv_error_text(CV_ERR_STATE) is "not possible in this state".
 *
 * @return Static text; "unknown error" for a number that is no code. Thread-safe. Since 0.1.
 */
CV_PUBLIC const char* containerv_error_text(int code);

/** The name of an error code as it stands in the header: "CV_ERR_STATE". Static text, "CV_ERR_UNKNOWN" for others. Since 0.1. */
CV_PUBLIC const char* containerv_error_name(int code);

#ifdef __cplusplus
}
#endif

#endif
