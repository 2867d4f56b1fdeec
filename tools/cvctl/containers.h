/* Containers as the commands name them: by an id or the beginning of one, several in a command, each failure told. */
#ifndef CVCTL_CONTAINERS_H
#define CVCTL_CONTAINERS_H

#include <stdbool.h>

#include <chef/containerv.h>
#include <cv/strv.h>
#include <jansson.h>

#include "cvctl.h"

enum { CVCTL_EXIT_FAILED = 1 /* one of the containers that were named could not be dealt with; it was told */ };

/* The ids of all containers of this user, sorted. */
int cvctl_containers_list(struct cv_strv* ids, struct cv_error* err);

/* Reach the container with this id, or the only one whose id begins so. */
int cvctl_container_open(const char* text, struct containerv_container** container_out, struct cv_error* err);

/* There is no container with this id any more. */
bool cvctl_container_gone(const char* id);

/* What is done with one of them. Fills err and returns less than 0 when it fails. */
typedef int (*cvctl_container_fn)(struct containerv_container* container, void* context, struct cv_error* err);

/*
 * For each of argv[first..argc): open, do, close. All are tried. With `print` the name is printed as it was typed, after a success.
 * Returns the exit code: 0, CVCTL_EXIT_FAILED, or CVCTL_EXIT_OURS when none was named.
 */
int cvctl_containers_each(const struct cvctl_command* command, int argc, char** argv, int first, cvctl_container_fn fn,
    void* context, bool print);

/* The same for commands that destroy it: fn has freed the handle, however it went. */
int cvctl_containers_consume(
    const struct cvctl_command* command, int argc, char** argv, int first, cvctl_container_fn fn, void* context);

/* There are at least `min` arguments and at most `max`, else the error is printed and *exit_out is 125. */
bool cvctl_arguments_check(const struct cvctl_command* command, int argc, int first, int min, int max, int* exit_out);

/* containerv_error_last() in err, with what was being done in front. Returns its code. */
int cvctl_library_failed(struct cv_error* err, const char* doing, const char* id);

#define CVCTL_EXTENSION "org.containerv" /* ours in a specification */

/*
 * The container's specification; NULL with err. Its numbers are reals: they go up to 2^64 - 1, where a number of jansson's does not. The
 * second is its text, "{...}", malloc'ed.
 */
json_t* cvctl_container_config(struct containerv_container* container, struct cv_error* err);
char*   cvctl_container_config_text(struct containerv_container* container, bool redact, struct cv_error* err);

/* One object a line; frees it, also NULL (out of memory). */
int cvctl_json_line(json_t* object, struct cv_error* err);

/* All of struct containerv_info. */
json_t* cvctl_json_info(const char* id, const struct containerv_info* info);

json_t* cvctl_json_exit(const struct containerv_exit* end); /* code, signal, reason, times, what it used */
json_t* cvctl_json_time(int64_t ns);                        /* text, null for 0 */
json_t* cvctl_json_text(const void* data, size_t length);   /* a string, or {"base64":...} of what is no UTF-8 */

#endif
