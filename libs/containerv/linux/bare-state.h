/*
 * What an OCI runtime keeps of a container: `<root>/<id>/state.json`, written once, when it is made; whether it runs is asked of the
 * kernel. And the state document of the OCI specification, for hooks.
 */
#ifndef CV_LINUX_BARE_STATE_H
#define CV_LINUX_BARE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>
#include <cv/macros.h>

#include "spec/spec.h"

#define LINUX_BARE_STATE  "state.json"
#define LINUX_BARE_CONFIG "config.json"
#define LINUX_BARE_SOCKET "start"
#define LINUX_BARE_LOCK   "lock"

enum { LINUX_BARE_STATE_VERSION = 1, LINUX_BARE_STATE_MAX = 64 * 1024 };

struct linux_bare_state {
    char*   bundle;
    char*   rootfs;
    char*   cgroup; /* NULL: none */
    int64_t pid;
    uint64_t
        pid_start; /* of /proc/PID/stat: in ticks since boot, so that another process of that number isn't taken for it */
    int64_t  created_ns;
    uint32_t owner;
    bool     systemd_cgroup, no_new_keyring;
};
void linux_bare_state_release(struct linux_bare_state* state);

/* The file's text. malloc'ed. */
int linux_bare_state_print(
    const struct linux_bare_state* state, char** text_out, size_t* length_out, struct cv_error* err);
/* CV_ERR_INVALID for what is none, CV_ERR_UNSUPPORTED for a newer version. */
int linux_bare_state_parse(const char* text, size_t length, struct linux_bare_state* state_out, struct cv_error* err);

/*
 * The state of the OCI specification, as hooks get it: `status` is "creating", "created", "running" or "stopped"; pid 0 is left out.
 * malloc'ed.
 */
int linux_bare_oci_state(const struct cv_spec* spec, const char* id, const char* status, pid_t pid, const char* bundle,
    char** text_out, struct cv_error* err);

/* Start time and state ('R', 'S', 'Z', ...) of /proc/PID/stat. CV_ERR_INVALID: it is no such text. */
int linux_bare_parse_stat(const char* stat, uint64_t* start_out, char* state_out, struct cv_error* err);

#endif
