/*
 * Where a container's things are on the host: run folder (dies with the boot, holds the lock) and home in the state folder (upper, work).
 * Names are claimed by an exclusive mkdir; who holds the lock of a run folder owns the container; a free lock means a dead owner.
 *
 * A home with a state.json is kept, whoever dies and whatever boots: that of a supervised container, which has a run folder only while
 * somebody holds it. Only linux_home_remove() takes it away, and until then nobody else gets its id.
 */
#ifndef CV_LINUX_HOME_H
#define CV_LINUX_HOME_H

#include <stdbool.h>

#include <cv/error.h>

struct linux_home {
    char* run_dir;   /* /run/containerv */
    char* state_dir; /* /var/lib/containerv */
    char* id;
    int   lock_fd; /* the container's lock */
    int   home_fd; /* containers/<id>; -1: it has none */
};

#define LINUX_HOME_INIT                                                                                                \
    {                                                                                                                  \
        .lock_fd = -1, .home_fd = -1                                                                                   \
    }

enum linux_home_mode {
    LINUX_HOME_NONE, /* nothing to be put in it: on a disk that is busy a folder more can cost more than the rest of a create */
    LINUX_HOME_NEW,  /* an empty one; it is kept from the moment that a state.json is in it */
    LINUX_HOME_KEPT, /* one that is kept, as it was left */
};

/*
 * Claim the id. CV_ERR_EXISTS when a living owner has it, or a home that is kept; what dead ones left is swept first, as
 * far as it can be: that of the same id always, all of it when somebody may have died since the last time (deaths.h). LINUX_HOME_KEPT: CV_ERR_NOT_FOUND, CV_ERR_STATE when somebody holds it.
 */
int linux_home_claim(const char* id, enum linux_home_mode mode, struct linux_home* home_out, struct cv_error* err);

/* Give the id back: the home is moved away and deleted by a child in the background. When that fails the run folder stays, for a sweep. */
int  linux_home_remove(struct linux_home* home, struct cv_error* err);
int  linux_home_leave(struct linux_home* home, struct cv_error* err); /* the same, and the home stays: it is kept */
void linux_home_release(struct linux_home* home);                     /* memory and descriptors only */

/*
 * For a reconciler: the folders and, until it is released, the lock of all claims and sweeps; sweep all of the dead container `id`, unless
 * its lock is held; begin the deletion of all trash, and of run folders that
 * were being deleted. *base_out is released as a home is.
 */
struct cv_lock;
int linux_home_begin(struct linux_home* base_out, struct cv_lock** lock_out, struct cv_error* err);
int linux_home_sweep(const struct linux_home* base, const char* id, struct cv_error* err);
int linux_home_sweep_trash(const struct linux_home* base, struct cv_error* err);

/* Open the run folder of a container. CV_ERR_NOT_FOUND when there is none of that id. */
int linux_home_open_run(const char* run_dir, const char* id, int* fd_out, struct cv_error* err);

#endif
