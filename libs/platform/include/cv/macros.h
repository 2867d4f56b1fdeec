/*
 * Ownership on the line: CV_CLEANUP(fn) runs fn(&variable) at the end of the scope, CV_STEAL(variable) takes the value out so that
 * the cleanup finds NULL. CV_DEFINE_CLEANUP(type, free_fn) makes free_fn##p(type**) for it.
 */
#ifndef CV_MACROS_H
#define CV_MACROS_H

#include <stddef.h>

#define CV_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CV_CLEANUP(fn)  __attribute__((cleanup(fn)))
#define CV_UNUSED       __attribute__((unused))
#define CV_NODISCARD    __attribute__((warn_unused_result))

/* C99's formats: to gcc for Windows, plain printf would mean Microsoft's. clang knows the one name only. */
#if defined(__clang__)
#define CV_PRINTF(fmt, at) __attribute__((format(printf, fmt, at)))
#else
#define CV_PRINTF(fmt, at) __attribute__((format(gnu_printf, fmt, at)))
#endif

#define CV_STEAL(pointer)                                                                                              \
    __extension__({                                                                                                    \
        __typeof__(pointer) cv_p_ = (pointer);                                                                         \
        (pointer)                 = NULL;                                                                              \
        cv_p_;                                                                                                         \
    })

#define CV_DEFINE_CLEANUP(type, free_fn)                                                                               \
    static inline CV_UNUSED void free_fn##p(type** object)                                                             \
    {                                                                                                                  \
        if (*object != NULL)                                                                                           \
            free_fn(*object);                                                                                          \
    }

/* for char* and other plain malloc'ed memory: CV_CLEANUP(cv_freep) char* text = ...; */
void cv_freep(void* pointer_to_pointer);

#endif
