/* Mutual exclusion between threads of one process, made statically: no init that can fail, nothing to free. Not
 * recursive. */
#ifndef CV_MUTEX_H
#define CV_MUTEX_H

#include <cv/native.h>

struct cv_mutex {
    cv_native_mutex native;
};

struct cv_once {
    cv_native_once native;
};

#define CV_MUTEX_INIT                                                                                                  \
    {                                                                                                                  \
        CV_NATIVE_MUTEX_INIT                                                                                           \
    }
#define CV_ONCE_INIT                                                                                                   \
    {                                                                                                                  \
        CV_NATIVE_ONCE_INIT                                                                                            \
    }

void cv_mutex_lock(struct cv_mutex* mutex);
void cv_mutex_unlock(struct cv_mutex* mutex);

/* For CV_CLEANUP: struct cv_mutex* CV_CLEANUP(cv_mutex_unlockp) held = &mutex; after cv_mutex_lock(). NULL holds
 * nothing. */
void cv_mutex_unlockp(struct cv_mutex** mutex);

/* The first call runs fn, all others wait until it is done. */
void cv_once(struct cv_once* once, void (*fn)(void));

#endif
