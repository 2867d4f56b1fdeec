/*
 * containerv: throw-away containers for build steps, the same calls on Linux and on Windows.
 *
 *     struct containerv_options* opts = containerv_options_new();
 *     containerv_options_set_caps(opts, CV_CAP_FILESYSTEM | CV_CAP_PROCESS_CONTROL);
 *     struct containerv_container* container;
 *     containerv_create("/path/to/rootfs", opts, &container);
 *     process_handle_t pid;
 *     containerv_spawn(container, "/bin/sh", NULL, &pid);
 *     containerv_destroy(container);
 *     containerv_options_delete(opts);
 */
#ifndef CHEF_CONTAINERV_H
#define CHEF_CONTAINERV_H

#include <chef/containerv/container.h>
#include <chef/containerv/copy.h>
#include <chef/containerv/error.h>
#include <chef/containerv/options.h>
#include <chef/containerv/platform.h>
#include <chef/containerv/policy.h>
#include <chef/containerv/reconcile.h>
#include <chef/containerv/snapshot.h>
#include <chef/containerv/supervised.h>
#include <chef/containerv/visibility.h>

#endif
