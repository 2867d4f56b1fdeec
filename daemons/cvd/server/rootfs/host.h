/* What the making of a root does on the host: read apt's configuration, run the tool. Thin. */
#ifndef CVD_ROOTFS_HOST_H
#define CVD_ROOTFS_HOST_H

#include <stddef.h>

#include <cv/error.h>
#include <cv/handle.h>
#include <cv/strv.h>

#include "sources.h"

enum { CVD_TOOL_OUTPUT_MAX = 1 << 20 };

/* Read sources.list and sources.list.d of apt's folder ("/etc/apt"). */
int cvd_apt_read_sources(const char* folder, struct cvd_sources* sources, struct cv_error* err);

/* 1 when the program is found in PATH. */
int cvd_tool_exists(const char* name);

/* What a program writes to stdout, at most CVD_TOOL_OUTPUT_MAX bytes. It must end with 0. malloc'ed. */
int cvd_tool_output(const char* const* argv, char** output_out, struct cv_error* err);

struct cvd_tool {
    const char*         name; /* how errors call it: argv may begin with a wrapper */
    const char* const*  argv;
    const char*         log; /* path: what it writes is appended here */
    containerv_handle_t cancel;
    containerv_handle_t held; /* stays open in the tool, e.g. a lock; CV_HANDLE_NONE: none */
    void (*progress)(void* context, const char* line);
    void* context;
};

/*
 * Run it to its end and copy each line that it writes to `progress` and to the log. CV_ERR_STATE: cancelled, and then it and its
 * children have ended. CV_ERR_NOT_FOUND: no such program. CV_ERR_SYSTEM: it ended with another code than 0.
 */
int cvd_tool_run(const struct cvd_tool* tool, struct cv_error* err);

/* Wait at most timeout_ms for the cancel handle: 1 when it is readable. */
int cvd_tool_cancelled(containerv_handle_t cancel, int timeout_ms);

#endif
