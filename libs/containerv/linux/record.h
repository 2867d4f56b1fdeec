/*
 * state.json of a supervised container's folder: what is known of it, whether somebody holds it or not. Pure: text to struct and back,
 * from one field table. It carries a version; a newer one is refused (CV_ERR_PROTOCOL).
 */
#ifndef CV_LINUX_RECORD_H
#define CV_LINUX_RECORD_H

#include <stdbool.h>

#include <chef/containerv/supervised.h>
#include <cv/error.h>

#define LINUX_RECORD_FILE "state.json"
#define LINUX_RECORD_SPEC "config.json"

enum {
    LINUX_RECORD_MAX = 64 << 10, /* bytes of the file */
};

/* *text_out is malloc'ed, ends with NUL. Without `has_exit`, `exit` is not written. What of `error` is not UTF-8 becomes '?'. */
int linux_record_print(const struct containerv_info* info, char** text_out, size_t* length_out, struct cv_error* err);
int linux_record_parse(const char* text, size_t length, struct containerv_info* info_out, struct cv_error* err);

/* What is true of a container whose supervisor has ended without writing its end down: it has stopped, and how its run ended is lost (if it
 * was going to be started again, how the run before ended is known, and `error` tells the rest). False: nothing changes. */
bool linux_record_lost(struct containerv_info* info, int64_t now_ns);

/* record-file.c: the file itself, in the container's folder; written whole, by rename, and on the disk when it tells an end. Readers need no
 * lock; whoever writes holds the container's. CV_ERR_PROTOCOL: of a newer version; CV_ERR_INVALID: damaged. */
int linux_record_write(int home_fd, const struct containerv_info* info, struct cv_error* err);
int linux_record_read(int home_fd, struct containerv_info* info_out, struct cv_error* err); /* CV_ERR_NOT_FOUND */

#endif
