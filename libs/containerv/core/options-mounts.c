/* The list of mounts: from flags to the words of a specification. */
#include <inttypes.h>
#include <string.h>

#include <cv/str.h>

#include "core.h"
#include "spec/fields.h"

#include <cv/banned.h>

enum { WORDS_MAX = 12 };

static int refuse(struct cv_error* err, size_t index, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "mounts[%zu]: %s", index, text);
    return cv_error_object(err, "mounts[%zu]", index);
}

static const struct {
    uint32_t    flag;
    bool        when; /* the word is for the flag being set, or not */
    const char *word, *recursive;
} flag_words[] = {
    { CV_MOUNT_READONLY, true, "ro", "rro" },
    { CV_MOUNT_EXEC_OFF, true, "noexec", "rnoexec" },
    { CV_MOUNT_SUID, false, "nosuid", "rnosuid" },
    { CV_MOUNT_DEV, false, "nodev", "rnodev" },
    { CV_MOUNT_IDMAP_OFF, true, "x-containerv.idmap=off", "x-containerv.idmap=off" },
    { CV_MOUNT_CHOWN, true, "x-containerv.chown", "x-containerv.chown" },
};

static int check(const struct containerv_mount* mount, size_t index, struct cv_error* err)
{
    const uint32_t bind_only = CV_MOUNT_IDMAP_OFF | CV_MOUNT_CHOWN | CV_MOUNT_NONRECURSIVE;
    if (mount->kind > CV_MOUNT_TMPFS)
        return refuse(err, index, "kind is no enum containerv_mount_kind");
    if ((mount->flags & ~(uint32_t)(CV_MOUNT_NONRECURSIVE * 2 - 1)) != 0)
        return refuse(err, index, "flags has unknown bits");
    if (mount->destination == NULL)
        return refuse(err, index, "destination is missing");
    if (mount->kind == CV_MOUNT_BIND && mount->source == NULL)
        return refuse(err, index, "source is missing");
    if (cv_check_absolute_any(mount->destination) != NULL)
        return refuse(err, index, "destination is not an absolute path");
    if (mount->kind == CV_MOUNT_BIND && cv_check_absolute_any(mount->source) != NULL)
        return refuse(err, index, "source is not an absolute path");
    if (mount->kind == CV_MOUNT_BIND && (mount->mode != 0 || mount->size_bytes != 0))
        return refuse(err, index, "mode and size_bytes are for a tmpfs");
    if (mount->kind == CV_MOUNT_TMPFS && (mount->source != NULL || (mount->flags & bind_only) != 0))
        return refuse(err, index, "source and flags of a bind mount are not for a tmpfs");
    if ((mount->flags & CV_MOUNT_IDMAP_OFF) != 0 && (mount->flags & CV_MOUNT_CHOWN) != 0)
        return refuse(err, index, "CV_MOUNT_IDMAP_OFF and CV_MOUNT_CHOWN exclude each other");
    if (mount->mode > 07777)
        return refuse(err, index, "mode is above 07777");
    if (mount->size_bytes > INT64_MAX)
        return refuse(err, index, "size_bytes is too large");
    return 0;
}

static int add(struct cv_spec* trial, const struct containerv_mount* mount, size_t index, struct cv_error* err)
{
    const char* words[WORDS_MAX] = { 0 };
    char        mode[24], size[40];
    size_t      count = 0;
    bool        bind = mount->kind == CV_MOUNT_BIND, recursive = bind && (mount->flags & CV_MOUNT_NONRECURSIVE) == 0;
    int         rc = check(mount, index, err);
    if (rc < 0)
        return rc;
    if (bind)
        words[count++] = recursive ? "rbind" : "bind";
    for (size_t i = 0; i < CV_ARRAY_LEN(flag_words); i++)
        if (((mount->flags & flag_words[i].flag) != 0) == flag_words[i].when)
            words[count++] = recursive ? flag_words[i].recursive : flag_words[i].word;
    cv_snprintf(mode, sizeof(mode), "mode=%" PRIo32, mount->mode != 0 ? mount->mode : (uint32_t)01777);
    cv_snprintf(size, sizeof(size), "size=%" PRIu64, mount->size_bytes);
    if (!bind)
        words[count++] = mode;
    if (mount->size_bytes != 0)
        words[count++] = size;
    return cv_spec_add_mount(
        trial, mount->destination, bind ? "bind" : "tmpfs", bind ? mount->source : "tmpfs", words, err);
}

/* The entries may be smaller or larger than ours: the first one's size is the step from one to the next. */
static int fill(struct cv_spec* trial, const struct containerv_mount* mounts, size_t count, struct cv_error* err)
{
    const unsigned char* bytes = (const unsigned char*)mounts;
    if (count > CV_SPEC_MAX_MOUNTS)
        return cv_error_set(err, CV_ERR_INVALID, "%zu mounts (at most %u are allowed)", count, CV_SPEC_MAX_MOUNTS);
    if (count > 0 && mounts->size % _Alignof(struct containerv_mount) != 0)
        return refuse(err, 0, "size is not sizeof(struct containerv_mount)");
    for (size_t i = 0; i < count; i++) {
        struct containerv_mount known;
        const void*             entry = bytes + i * mounts->size;
        int                     rc    = cv_sized_in(&known, sizeof(known), entry, "containerv_mount", err);
        if (rc == 0 && known.size != mounts->size)
            rc = refuse(err, i, "size differs from that of the first entry");
        if (rc == 0)
            rc = add(trial, &known, i, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int containerv_options_set_mounts(
    struct containerv_options* options, const struct containerv_mount* mounts, size_t count)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int rc = cv_trial_new(options, count > 0 ? (const void*)mounts : "", &trial, &err);
    if (rc == 0)
        rc = fill(trial, mounts, count, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0) {
        struct cv_spec_mounts old = options->draft->mounts;
        options->draft->mounts    = trial->mounts;
        trial->mounts             = old;
    }
    return cv_publish(&err, rc, "set the mounts");
}
