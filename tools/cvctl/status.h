/* What is known of a container, in words. Pure. */
#ifndef CVCTL_STATUS_H
#define CVCTL_STATUS_H

#include <stdint.h>

#include <chef/containerv/supervised.h>

enum { CVCTL_STATUS_SIZE = 96 };

const char* cvctl_state_name(uint32_t state);   /* "running" */
const char* cvctl_reason_name(uint32_t reason); /* "out-of-memory" */
const char* cvctl_health_name(uint32_t health); /* "healthy"; "none" */
const char* cvctl_event_name(uint32_t kind);    /* "started" */
uint32_t    cvctl_event_kind(const char* name); /* 0: there is none */
uint32_t    cvctl_state_of(const char* name);   /* 0: there is none */
const char* cvctl_stream_name(uint32_t stream); /* "stdout" */

/* "Up 5 minutes (healthy)", "Exited (137, out of memory) 2 hours ago", "Created". */
void cvctl_status_print(const struct containerv_info* info, int64_t now_ns, char text[CVCTL_STATUS_SIZE]);

#endif
