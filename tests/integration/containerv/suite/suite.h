/*
 * What the programs of the neutral suite share. They use the public API only, so that they run for every back end: the one that
 * CONTAINERV_BACKEND names, on the root folder CV_SUITE_ROOTFS.
 */
#ifndef SUITE_H
#define SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <chef/containerv.h>

enum { OUTPUT_MAX = 8192 };

/* Check a call: it succeeds, or it fails with a code and an error that has a step and a text. */
#define OK(call)              suite_ok(call, #call)
#define FAILS(expected, call) suite_fails(expected, call, #call)
void suite_ok(int rc, const char* call);
void suite_fails(int expected, int rc, const char* call);

/* Skip the running test, with the reason, unless the back end has the feature. */
#define NEED(feature) suite_need(feature, #feature)
void suite_need(uint64_t feature, const char* name);

const char* suite_rootfs(void);

/* A container with these options (NULL: none), which are deleted. Each test destroys what it made. */
struct containerv_container* suite_container(struct containerv_options* options);

/* Run `sh -c script`, keep what it prints (both streams) in output (OUTPUT_MAX bytes, without the last new line), return its exit code. */
int suite_run(struct containerv_container* container, const char* script, char* output);

/* The same with more options; its argv, stdio, exit_out and WAIT flag are set here. */
int suite_run_with(
    struct containerv_container* container, const char* script, struct containerv_spawn_options* options, char* output);

/* The script prints exactly this and ends with 0. */
#define PRINTS(expected, container, script) suite_prints(expected, container, script)
void suite_prints(const char* expected, struct containerv_container* container, const char* script);

/* Make a container with the options, run the script, check what it prints, destroy it. */
void suite_prints_once(const char* expected, struct containerv_options* options, const char* script);

/* A container with the script as its command, run to its end: what it printed, and the exit record. */
void suite_command(
    struct containerv_options* options, const char* script, char* output, struct containerv_exit* exit_out);

/* All that comes out of the handle until its end, which is then closed. */
void suite_read_all(containerv_handle_t handle, char* output);

#endif
