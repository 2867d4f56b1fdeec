/* What the written forms of records and of journal entries have in common. Pure. */
#ifndef CV_LINUX_RECORD_FIELDS_H
#define CV_LINUX_RECORD_FIELDS_H

#include <chef/containerv/container.h>

#include "spec/fields.h"

/* struct containerv_exit, and its members that a field table has no kind for. */
struct linux_exit_fields {
    struct containerv_exit exit;
    int64_t                code, signal;
};
extern const struct cv_table linux_exit_table;

struct linux_exit_fields linux_exit_store(const struct containerv_exit* exit);
struct containerv_exit   linux_exit_load(const struct linux_exit_fields* fields);

/* A text that was cut, or has a file's name in it, need not be UTF-8; JSON can't hold what is not, and nothing is lost by a '?'. */
void linux_make_utf8(char* text);

#endif
