/*
 * What this process may do as far as containers go, found by looking only: full rights, those of root in a user namespace, or those of
 * a plain user, with the ids that he was given besides his own. Used by the guardian, by its client for the feature bits, by doctor.
 */
#ifndef CV_LINUX_RIGHTS_H
#define CV_LINUX_RIGHTS_H

#include <stdbool.h>

#include <cv/error.h>

#include "linux/subids-plan.h"

enum linux_rights_kind {
    LINUX_RIGHTS_FULL,   /* root with CAP_SYS_ADMIN, and the ids of containers' ranges are there to be given */
    LINUX_RIGHTS_NESTED, /* root in a user namespace that has ids of its own only, or without that capability */
    LINUX_RIGHTS_USER,   /* not root */
};

/* Why a plain user's containers have his own id only. */
enum linux_rights_single {
    LINUX_SINGLE_NOT, /* they have more */
    LINUX_SINGLE_NO_SUBUID,
    LINUX_SINGLE_NO_SUBGID,
    LINUX_SINGLE_NO_PROGRAM,
    LINUX_SINGLE_NO_NEW_PRIVS,
    LINUX_SINGLE_NESTED, /* the user namespace around has no more */
    LINUX_SINGLE_COUNT
};

/* Below a delegated group: where its own processes move so that it can hand controllers on (delegated.h). */
#define LINUX_CALLERS_GROUP "containerv-callers"

struct linux_rights {
    enum linux_rights_kind   kind;
    enum linux_rights_single single;
    uint32_t                 uid, gid;                        /* effective */
    uint32_t                 ids;                             /* that a container has, from 0 on */
    char                     name[LINUX_SUBIDS_NAME_MAX + 1]; /* of the user, "" when passwd has none */
    struct linux_subids      uids, gids;                      /* of a plain user; what is unused of them, too */
    const char *             newuidmap, *newgidmap;           /* absolute, checked; NULL: not there */
};

int linux_rights_find(struct linux_rights* rights_out, struct cv_error* err);

/* The reason as text, and what to do about it ("" when nothing helps). */
const char* linux_rights_single_text(enum linux_rights_single single);
const char* linux_rights_single_hint(enum linux_rights_single single);

/*
 * The part of the cgroup version 2 tree that was given to us: the folder of our own group when we may make groups in it and move
 * processes from here into them. CV_ERR_UNSUPPORTED, with the fix, when there is none. *path_out (may be NULL) is malloc'ed.
 */
int linux_rights_cgroup(int* folder_fd_out, char** path_out, struct cv_error* err);

#endif
