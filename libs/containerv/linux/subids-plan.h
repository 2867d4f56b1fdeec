/*
 * Which ids a user may map besides his own: the text of passwd, subuid and subgid, and what newuidmap is asked for. Also what a user
 * namespace maps, by the text of /proc/PID/uid_map. Pure. Lines that are no entry give ids to nobody, as newuidmap sees it too.
 */
#ifndef CV_LINUX_SUBIDS_PLAN_H
#define CV_LINUX_SUBIDS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>
#include <cv/strv.h>

enum {
    LINUX_SUBIDS_RANGES   = 64,      /* of one user; the kernel takes 340 lines of a map */
    LINUX_SUBIDS_NAME_MAX = 256,     /* bytes of a user's name */
    LINUX_SUBIDS_FILE_MAX = 4 << 20, /* bytes of each file */
    LINUX_SUBIDS_IDS      = 1 << 16, /* ids of a container: 0 is the user, the rest come from the ranges */
};

struct linux_subids {
    struct linux_subids_range {
        uint32_t first, count;
    } ranges[LINUX_SUBIDS_RANGES];
    size_t                    count;
    uint32_t                  total;                      /* at most LINUX_SUBIDS_IDS - 1 */
    struct linux_subids_range given[LINUX_SUBIDS_RANGES]; /* all of them, however many ids that are */
    size_t                    given_count;
};

/* The name of the user in the text of a passwd file: of the first line with that number. False: there is none. */
bool linux_subids_name(const char* passwd, size_t length, uint32_t uid, char name_out[LINUX_SUBIDS_NAME_MAX + 1]);

/* The user's entries ("name:first:count", or his number in place of the name). `name` may be NULL. */
void linux_subids_parse(
    const char* text, size_t length, const char* name, uint32_t uid, struct linux_subids* subids_out);

/* "PROGRAM PID 0 OWN 1 1 FIRST COUNT ...": inside, 0 is `own`, what follows are the ranges. Appends to argv. */
int linux_subids_command(const char* program, long pid, uint32_t own, const struct linux_subids* subids,
    struct cv_strv* argv, struct cv_error* err);

/* "PROGRAM PID OWN OWN 1 FIRST FIRST COUNT ...": each id is itself. Appends to argv. */
int linux_subids_identity_command(const char* program, long pid, uint32_t own, const struct linux_subids* subids,
    struct cv_strv* argv, struct cv_error* err);

/* The first id from `first` on that the text of a uid_map or gid_map doesn't map; `first` itself when it doesn't. Up to 2^32. */
uint64_t linux_idmap_reach(const char* text, size_t length, uint64_t first);

/*
 * For a namespace below the one with that map: each of the ids 0 to ids - 1 is itself. Line by line as the map is, since the kernel takes
 * no extent that lies in two of the map above. CV_ERR_LIMIT when it doesn't fit.
 */
int linux_idmap_identity(
    const char* text, size_t length, uint32_t ids, char* map_out, size_t size, struct cv_error* err);

#endif
