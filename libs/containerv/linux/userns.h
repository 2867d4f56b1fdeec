/* User namespaces: writing the maps of one, and making one only for its map, as idmapped mounts want it. */
#ifndef CV_LINUX_USERNS_H
#define CV_LINUX_USERNS_H

#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>

#include "spec/spec.h"

struct linux_idrange;

/* Map 0..size-1 of the process's user namespace to the range. */
int linux_userns_map(pid_t pid, const struct linux_idrange* range, struct cv_error* err);

/*
 * The map of a bind mount: `uid` and `gid`, the owner on disk, are the container's root; other ids of the first 65,536 are themselves
 * inside; root on disk, when it is not the owner, is nobody, so that nothing inside can make files of the host's root. Pure.
 */
int linux_userns_owner_map(uint32_t owner, const struct linux_idrange* range, char* text, size_t size);

/* A descriptor of a user namespace with that map. */
int linux_userns_for_owner(
    uint32_t uid, uint32_t gid, const struct linux_idrange* range, int* userns_fd_out, struct cv_error* err);

/* The same with given maps: ids on disk are `container_id`, ids that are seen `host_id`. */
int linux_userns_for_maps(
    const struct cv_spec_id_maps* uids, const struct cv_spec_id_maps* gids, int* userns_fd_out, struct cv_error* err);

#endif
