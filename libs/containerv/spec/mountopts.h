/*
 * What the words in mounts[].options mean, as our own bits: pure, so that a mount plan can be made and tested on every system.
 *
 * Words of the kernel's and OCI's tables become bits, "x-containerv." words become ours, and every other word is data for the
 * filesystem ("size=64m"), in order, one "key" or "key=value" each, as fsconfig() takes them. A later word wins over an earlier one.
 * What the kernel makes of words of its own that only old ones know ("mand") is the kernel's business.
 */
#ifndef CV_SPEC_MOUNTOPTS_H
#define CV_SPEC_MOUNTOPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>
#include <cv/strv.h>

/* Attributes of one mount, or with "r" in front of all below it too. */
enum cv_mount_attr {
    CV_MOUNT_ATTR_RDONLY      = 1 << 0, /* ro, rro */
    CV_MOUNT_ATTR_NOSUID      = 1 << 1,
    CV_MOUNT_ATTR_NODEV       = 1 << 2,
    CV_MOUNT_ATTR_NOEXEC      = 1 << 3,
    CV_MOUNT_ATTR_NOSYMFOLLOW = 1 << 4,
    CV_MOUNT_ATTR_NODIRATIME  = 1 << 5,
    CV_MOUNT_ATTR_NOATIME     = 1 << 6, /* at most one of these three */
    CV_MOUNT_ATTR_RELATIME    = 1 << 7,
    CV_MOUNT_ATTR_STRICTATIME = 1 << 8,
};

enum cv_mount_propagation {
    CV_MOUNT_PROPAGATION_DEFAULT, /* no word was given */
    CV_MOUNT_PROPAGATION_PRIVATE,
    CV_MOUNT_PROPAGATION_SLAVE,
    CV_MOUNT_PROPAGATION_SHARED,
    CV_MOUNT_PROPAGATION_UNBINDABLE,
};

enum cv_mount_idmap {
    CV_MOUNT_IDMAP_DEFAULT,   /* as the container's other mounts */
    CV_MOUNT_IDMAP_RAW,       /* x-containerv.idmap=off */
    CV_MOUNT_IDMAP_ON,        /* idmap: must be, by the mount's own mappings, else by the container's */
    CV_MOUNT_IDMAP_RECURSIVE, /* ridmap */
};

struct cv_mount_options {
    uint32_t set, clear;         /* enum cv_mount_attr of this mount; never the same bit in both */
    uint32_t rec_set, rec_clear; /* of this mount and all below it (AT_RECURSIVE), applied after the others */
    bool     bind;               /* bind, rbind */
    bool     bind_recursive;     /* rbind */
    enum cv_mount_propagation propagation;
    bool                      propagation_recursive;
    enum cv_mount_idmap       idmap;
    bool                      chown;   /* x-containerv.chown */
    bool                      copy_up; /* tmpcopyup: a tmpfs begins with what it covers */
    bool                      remount; /* no new mount: the attributes of the one that is there */
    struct cv_strv            data;    /* for the filesystem; empty for a bind mount */
};

/*
 * Read the words. `type` is the mount's type, may be NULL; "bind" means the same as the word "bind" unless "rbind" is there.
 * *options_out is set on success only; release it. CV_ERR_INVALID (a word that contradicts, data for a bind mount).
 */
int cv_mount_options_parse(
    const struct cv_strv* words, const char* type, struct cv_mount_options* options_out, struct cv_error* err);

/* Free the content; all zero afterwards. */
void cv_mount_options_release(struct cv_mount_options* options);

/* The first of "key=VALUE" or "key" in the data: its VALUE ("" without one), NULL if there is none. Owned by options. */
const char* cv_mount_options_data(const struct cv_mount_options* options, const char* key);

/* Word number `index` of OCI's that is taken, NULL behind the last. Those of ours ("x-containerv.") are not told. Static. */
const char* cv_mount_options_word(size_t index);

#endif
