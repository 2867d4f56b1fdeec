/* What commands print about containers, as JSON and as tables. Pure; every text is malloc'ed and ends with a line's end, NULL with err. */
#ifndef CVRUN_DOCUMENT_H
#define CVRUN_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

#include "spec/spec.h"

struct containerv_stats;

/* Everything is borrowed. */
struct cvrun_state {
    const char *                id, *bundle, *rootfs, *status, *owner, *oci_version;
    int64_t                     pid; /* 0: it has stopped */
    int64_t                     created_ns;
    const struct cv_spec_pairs* annotations; /* may be NULL */
};

/* The state document of OCI with runc's rootfs, created and owner. */
char* cvrun_state_print(const struct cvrun_state* state, struct cv_error* err);

/* All of them: an array in one line, a table, or one id a line. */
char* cvrun_list_json(const struct cvrun_state* states, size_t count, struct cv_error* err);
char* cvrun_list_table(const struct cvrun_state* states, size_t count, struct cv_error* err);

char* cvrun_pids_json(const int64_t* pids, size_t count, struct cv_error* err);

/* The lines of `ps` whose column PID has one of `pids`, with the heads. CV_ERR_INVALID when there is no such column. */
char* cvrun_ps_filter(const char* ps, const int64_t* pids, size_t count, struct cv_error* err);

/* One event of runc's kind "stats", in one line. What is not known is left out. */
char* cvrun_stats_json(const char* id, const struct containerv_stats* stats, struct cv_error* err);

/* The other event: processes were killed for want of memory. */
char* cvrun_oom_json(const char* id, struct cv_error* err);

/* The name of a user by the text of a passwd file (NULL: there is none); else his number. */
char* cvrun_owner_name(const char* passwd, uint32_t uid, struct cv_error* err);

#endif
