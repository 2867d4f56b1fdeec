/*
 * Who "user:group" is, by the text of a passwd and a group file. Pure; strict about what people type, patient with what files hold: a
 * line that is malformed is passed over, as the C library does.
 */
#ifndef CV_LINUX_USERS_PARSE_H
#define CV_LINUX_USERS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>
#include <cv/strv.h>

#define LINUX_USERS_FILE_MAX   (1u << 20) /* bytes of a passwd or group file */
#define LINUX_USERS_LINES_MAX  65536u
#define LINUX_USERS_NAME_MAX   256u                 /* bytes of a name or number */
#define LINUX_USERS_GROUPS_MAX 65536u               /* the kernel's NGROUPS_MAX */
#define LINUX_USERS_ID_MAX     UINT32_C(4294967294) /* 4294967295 means "leave it" to the kernel */

/* A name or a number; a text that is all digits is a number. */
struct linux_user_word {
    bool     numeric;
    uint32_t id;
    char     name[LINUX_USERS_NAME_MAX + 1]; /* "" when numeric */
};

struct linux_user_request {
    struct linux_user_word user;
    bool                   group_given;
    struct linux_user_word group;
};

/* Owns its lists. */
struct linux_identity {
    uint32_t  uid, gid;
    uint32_t* groups; /* supplementary, without repetitions; NULL when none */
    size_t    group_count;
    char*     home; /* an absolute path; "/" when the files don't say */
};

void linux_identity_release(struct linux_identity* identity);

/*
 * "user", "uid", "user:group", "uid:gid", mixed. Nothing else: a number is decimal and whole, 0 to LINUX_USERS_ID_MAX, with no sign, blank
 * or needless zero in front; a name starts with none of "-+~" and no digit, is no longer than LINUX_USERS_NAME_MAX and has no blank, control
 * character, slash, comma or colon. CV_ERR_INVALID otherwise.
 */
int linux_users_parse(const char* text, struct linux_user_request* request_out, struct cv_error* err);

/* True when an answer needs the files: a name is in it. */
bool linux_users_need_files(const struct linux_user_request* request, const struct cv_strv* extra_groups);

/*
 * Resolve with the text of the two files (NULL and 0: there is none). The first line of a name or a number counts.
 *  - a name that the file doesn't have is CV_ERR_NOT_FOUND; a number need not be in the file
 *  - the group: as given, else that of the user's line, else 0
 *  - the supplementary groups: those whose lines list the user's name, unless a group was given, and `extra_groups` (may be NULL)
 * CV_ERR_LIMIT for a file over its limits, unless only numbers were asked for (then the files count as empty), or too many groups.
 */
int linux_users_resolve_text(const struct linux_user_request* request, const struct cv_strv* extra_groups,
    const char* passwd, size_t passwd_length, const char* group, size_t group_length,
    struct linux_identity* identity_out, struct cv_error* err);

#endif
