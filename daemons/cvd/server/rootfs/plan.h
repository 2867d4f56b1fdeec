/* What is decided about a root before anything runs: its name, and the tool's arguments. Pure. */
#ifndef CVD_ROOTFS_PLAN_H
#define CVD_ROOTFS_PLAN_H

#include <cv/error.h>
#include <cv/strv.h>

#include "debootstrap.h"

enum { CVD_ROOTFS_NAME_MAX = 64, CVD_ROOTFS_PACKAGES_MAX = 1024 };

/* Check the names of a request, whose architecture must be filled in. */
int cvd_rootfs_check(const struct cvd_rootfs_request* request, struct cv_error* err);

/* "debian-bookworm-amd64", with "-0123456789abcdef" when there are packages (in whatever order). malloc'ed. */
int cvd_rootfs_name(const struct cvd_rootfs_request* request, char** name_out, struct cv_error* err);

/* Both run in mount and PID namespaces of their own. mmdebstrap: all apt sources from a file, apt options ("Acquire::http::Proxy \"...\";") one by one. */
int cvd_rootfs_mmdebstrap(const struct cvd_rootfs_request* request, const char* folder, const char* sources_file,
    const struct cv_strv* apt_options, struct cv_strv* argv, struct cv_error* err);

/* Remove what the tool has left; as who made it. */
int cvd_rootfs_remove(
    const struct cvd_rootfs_request* request, const char* folder, struct cv_strv* argv, struct cv_error* err);

/* debootstrap: one mirror. */
int cvd_rootfs_debootstrap(const struct cvd_rootfs_request* request, const char* folder, const char* mirror,
    const char* keyring, struct cv_strv* argv, struct cv_error* err);

/* Of `apt-config dump` lines 'Name "value";' those that a root needs to reach the mirrors as the host does. */
int cvd_rootfs_apt_options(const char* dump, struct cv_strv* options, struct cv_error* err);

#endif
