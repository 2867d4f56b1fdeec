/*
 * A lock that processes take on a file (flock, LockFileEx). The system gives it back when the holder dies, in
 * whatever way. The file itself has no meaning, is made when missing (for its owner only) and is never removed:
 * removing it would make two locks of one name.
 *
 * One lock object belongs to one open file: two acquires in one process exclude each other like those of two
 * processes.
 */
#ifndef CV_LOCK_H
#define CV_LOCK_H

#include <cv/error.h>
#include <cv/handle.h>
#include <cv/macros.h>

enum cv_lock_flags {
    CV_LOCK_WAIT   = 1 << 0, /* block until it is free; without it CV_ERR_STATE when
                            somebody holds it */
    CV_LOCK_SHARED = 1 << 1, /* a reader's lock: many of them, or one that is not shared */
};

struct cv_lock;

/* CV_ERR_STATE: held by somebody else. Otherwise system errors of opening the file. The last component must be no
 * symbolic link. */
int cv_lock_acquire(const char* path, unsigned flags, struct cv_lock** lock_out, struct cv_error* err);

/* The open file, to hand it to a process that goes on holding the lock (POSIX). Borrowed. */
containerv_handle_t cv_lock_handle(const struct cv_lock* lock);

/* Give it back and free it. NULL is fine. Returns NULL. */
struct cv_lock* cv_lock_release(struct cv_lock* lock);

CV_DEFINE_CLEANUP(struct cv_lock, cv_lock_release)

#endif
