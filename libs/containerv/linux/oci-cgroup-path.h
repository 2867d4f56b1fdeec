/*
 * Where an OCI container's cgroup is: from linux.cgroupsPath to a folder below the roots of the hierarchies, or to a unit of systemd. Pure.
 */
#ifndef CV_LINUX_OCI_CGROUP_PATH_H
#define CV_LINUX_OCI_CGROUP_PATH_H

#include <stdbool.h>

#include <cv/error.h>

enum {
    LINUX_OCI_CGROUP_PATH_MAX  = 4095,
    LINUX_OCI_CGROUP_PARTS_MAX = 64,
    LINUX_OCI_CGROUP_PART_MAX  = 255,
    LINUX_OCI_UNIT_MAX         = 255 /* systemd's */
};

/* Where containers are that were given no place. Not the folder of the guardian's containers: their names could be the same. */
#define LINUX_OCI_CGROUP_HOME "/cvrun"

/*
 * The folder: cgroupsPath as it is, also when it does not begin with '/', "." and ".." taken out without looking at any file; without one
 * `home` and the id below it. *path_out is malloc'ed and begins with '/'. CV_ERR_INVALID: it is the root, or has a control character;
 * CV_ERR_LIMIT.
 */
int linux_oci_cgroup_path(
    const char* cgroups_path, const char* home, const char* id, char** path_out, struct cv_error* err);

/* A path into the folder above and the last part, which points into it. */
int linux_oci_cgroup_split(const char* path, char** above_out, const char** leaf_out, struct cv_error* err);

struct linux_oci_unit {
    char* slice; /* "machine.slice" */
    char* name;  /* "libpod-1234.scope", or a slice */
};
void linux_oci_unit_release(struct linux_oci_unit* unit);

/*
 * The unit: cgroupsPath as "slice:prefix:name", the slice "" for the default one; without one "cvrun-<id>.scope" in it. `user`: systemd
 * of a user, which has another default. CV_ERR_INVALID for other forms and names that are none of a unit.
 */
int linux_oci_unit_parse(
    const char* cgroups_path, const char* id, bool user, struct linux_oci_unit* unit_out, struct cv_error* err);

/* Where systemd has a slice: "a-b.slice" is "/a.slice/a-b.slice", "-.slice" is "". *path_out is malloc'ed. CV_ERR_INVALID. */
int linux_oci_slice_path(const char* slice, char** path_out, struct cv_error* err);

#endif
