/* A vector of strings. items[count] is always NULL once something was added, so items can be handed to exec. */
#ifndef CV_STRV_H
#define CV_STRV_H

#include <stdbool.h>
#include <stddef.h>

struct cv_strv {
    char** items; /* NULL when empty */
    size_t count;
};

void cv_strv_init(struct cv_strv* v);
int  cv_strv_append(struct cv_strv* v, const char* s);               /* copies; 0 or CV_ERR_NO_MEMORY */
int  cv_strv_append_steal(struct cv_strv* v, char* s);               /* takes s, also on failure */
int  cv_strv_append_all(struct cv_strv* v, const char* const* list); /* list NULL-terminated, may be NULL */
int  cv_strv_copy(struct cv_strv* to, const struct cv_strv* from);   /* `to` must be empty */
bool cv_strv_equal(const struct cv_strv* a, const struct cv_strv* b);
bool cv_strv_contains(const struct cv_strv* v, const char* s);
void cv_strv_remove(struct cv_strv* v, const char* s); /* every equal one */
void cv_strv_release(struct cv_strv* v);

#endif
