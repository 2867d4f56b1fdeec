/*
 * Errors are values: the last parameter of a function that can fail, filled where the failure arises, given context on the way up.
 * Text lives inside the struct, so that an error needs no memory and no cleanup.
 *
 * A function returns 0 or the (negative) code; `err` may be NULL. After a success its content is undefined.
 */
#ifndef CV_ERROR_H
#define CV_ERROR_H

#include <stdint.h>

#include <chef/containerv/error.h>
#include <cv/macros.h>

enum {
    CV_ERROR_STEP_MAX   = 256,
    CV_ERROR_OBJECT_MAX = 512,
    CV_ERROR_HINT_MAX   = 384,
    CV_ERROR_TEXT_MAX   = 1024, /* the context chain and the reason, cut at the end when longer */
};

struct cv_error {
    int     code;   /* enum containerv_error_code */
    int     domain; /* enum containerv_error_domain */
    int64_t number; /* in that domain */
    char    step[CV_ERROR_STEP_MAX];
    char    object[CV_ERROR_OBJECT_MAX];
    char    hint[CV_ERROR_HINT_MAX];
    char    text[CV_ERROR_TEXT_MAX];
};

#define CV_ERROR_INIT                                                                                                  \
    {                                                                                                                  \
        .code = CV_OK                                                                                                  \
    }

/* Refuse by ourselves: fill in code and text, clear the rest. Returns code. */
int cv_error_set(struct cv_error* err, int code, const char* format, ...) CV_PRINTF(3, 4);

/*
 * A system call failed. `number` is errno (POSIX) in domain CV_DOMAIN_ERRNO. The code is the nearest of containerv's for that number
 * (ENOENT: NOT_FOUND, EEXIST: EXISTS, EPERM/EACCES: PERMISSION, ENOMEM: NO_MEMORY, else SYSTEM). `step` is a literal such as "open
 * the root folder"; `object` what it was done on, may be NULL. The text becomes "step 'object': reason (ENAME)". Returns the code.
 */
int cv_error_errno(struct cv_error* err, int number, const char* step, const char* object);

/* The same for Windows' GetLastError() and for HRESULTs. Their texts come from the platform library. */
int cv_error_win32(struct cv_error* err, uint32_t number, const char* step, const char* object);
int cv_error_hresult(struct cv_error* err, uint32_t number, const char* step, const char* object);

int cv_error_no_memory(struct cv_error* err); /* needs no memory itself */

/* The back end can't do it: "'pause' is not supported by the X back end". Returns CV_ERR_UNSUPPORTED. */
int cv_error_unsupported(struct cv_error* err, const char* what, const char* backend);

/* Put "context: " before the text (printf style); keep code, number, step and hint. Returns err's code (CV_ERR_INTERNAL if NULL). */
int cv_error_wrap(struct cv_error* err, const char* format, ...) CV_PRINTF(2, 3);

/* Set the step, the object, or the hint of an error that is already filled in. Each returns err's code. */
int cv_error_step(struct cv_error* err, const char* format, ...) CV_PRINTF(2, 3);
int cv_error_object(struct cv_error* err, const char* format, ...) CV_PRINTF(2, 3);
int cv_error_hint(struct cv_error* err, const char* format, ...) CV_PRINTF(2, 3);

/* clang's analyzer doesn't look into other files: tell it that each of these returns less than 0, or it follows ways that don't exist. */
#if defined(__clang_analyzer__) && !defined(CV_ERROR_DEFINITIONS)
static inline int cv_error_below_0(int code)
{
    if (code >= 0)
        __builtin_unreachable();
    return code;
}
#define cv_error_set(...)         cv_error_below_0(cv_error_set(__VA_ARGS__))
#define cv_error_errno(...)       cv_error_below_0(cv_error_errno(__VA_ARGS__))
#define cv_error_no_memory(...)   cv_error_below_0(cv_error_no_memory(__VA_ARGS__))
#define cv_error_unsupported(...) cv_error_below_0(cv_error_unsupported(__VA_ARGS__))
#define cv_error_wrap(...)        cv_error_below_0(cv_error_wrap(__VA_ARGS__))
#define cv_error_object(...)      cv_error_below_0(cv_error_object(__VA_ARGS__))
#define cv_error_hint(...)        cv_error_below_0(cv_error_hint(__VA_ARGS__))
#endif

/* Tables made from CV_ERROR_CODES. */
const char* cv_error_code_text(int code);
const char* cv_error_code_name(int code);
int         cv_error_code_errno(int code); /* nearest errno; 0 for CV_OK */
int         cv_error_code_grpc(int code);

/* Name and text of a number in a domain: "ENOENT"/"No such file or directory". `buffer` is used where no static text exists. */
const char* cv_error_number_name(int domain, int64_t number);
const char* cv_error_number_text(int domain, int64_t number, char* buffer, unsigned buffer_size);

#endif
