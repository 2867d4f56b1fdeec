#include "mountopts.h"

#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

#define ATIME (CV_MOUNT_ATTR_NOATIME | CV_MOUNT_ATTR_RELATIME | CV_MOUNT_ATTR_STRICTATIME)

enum action {
    ACT_ATTR,
    ACT_PROPAGATION,
    ACT_BIND,
    ACT_IDMAP,
    ACT_CHOWN,
    ACT_COPY_UP,
    ACT_REMOUNT,
    ACT_NOTHING,
    ACT_DATA
};

struct word {
    const char* name;
    enum action action;
    uint32_t    set, clear; /* ACT_ATTR: bits; others: `set` is the value */
    bool        recursive;
};

/* An attribute's words: on, off, and both recursively. */
#define ATTR(on, off, bit)                                                                                             \
    { on, ACT_ATTR, bit, 0, false }, { off, ACT_ATTR, 0, bit, false }, { "r" on, ACT_ATTR, bit, 0, true },             \
    {                                                                                                                  \
        "r" off, ACT_ATTR, 0, bit, true                                                                                \
    }
#define ATIME_ATTR(on, off, bit)                                                                                       \
    { on, ACT_ATTR, bit, ATIME & ~(bit), false }, { off, ACT_ATTR, 0, bit, false },                                    \
        { "r" on, ACT_ATTR, bit, ATIME & ~(bit), true },                                                               \
    {                                                                                                                  \
        "r" off, ACT_ATTR, 0, bit, true                                                                                \
    }
#define PROPAGATION(name, value)                                                                                       \
    { name, ACT_PROPAGATION, value, 0, false },                                                                        \
    {                                                                                                                  \
        "r" name, ACT_PROPAGATION, value, 0, true                                                                      \
    }

static const struct word words_known[] = {
    ATTR("ro", "rw", CV_MOUNT_ATTR_RDONLY),
    ATTR("nosuid", "suid", CV_MOUNT_ATTR_NOSUID),
    ATTR("nodev", "dev", CV_MOUNT_ATTR_NODEV),
    ATTR("noexec", "exec", CV_MOUNT_ATTR_NOEXEC),
    ATTR("nosymfollow", "symfollow", CV_MOUNT_ATTR_NOSYMFOLLOW),
    ATTR("nodiratime", "diratime", CV_MOUNT_ATTR_NODIRATIME),
    ATIME_ATTR("noatime", "atime", CV_MOUNT_ATTR_NOATIME),
    ATIME_ATTR("relatime", "norelatime", CV_MOUNT_ATTR_RELATIME),
    ATIME_ATTR("strictatime", "nostrictatime", CV_MOUNT_ATTR_STRICTATIME),
    PROPAGATION("private", CV_MOUNT_PROPAGATION_PRIVATE),
    PROPAGATION("slave", CV_MOUNT_PROPAGATION_SLAVE),
    PROPAGATION("shared", CV_MOUNT_PROPAGATION_SHARED),
    PROPAGATION("unbindable", CV_MOUNT_PROPAGATION_UNBINDABLE),
    { "bind", ACT_BIND, 1, 0, false },
    { "rbind", ACT_BIND, 1, 0, true },
    { "idmap", ACT_IDMAP, CV_MOUNT_IDMAP_ON, 0, false },
    { "ridmap", ACT_IDMAP, CV_MOUNT_IDMAP_RECURSIVE, 0, true },
    { "x-containerv.idmap=off", ACT_IDMAP, CV_MOUNT_IDMAP_RAW, 0, false },
    { "x-containerv.chown", ACT_CHOWN, 1, 0, false },
    /* Flags of the filesystem, not of the mount: fsconfig() takes them as data. */
    { "sync", ACT_DATA, 0, 0, false },
    { "async", ACT_DATA, 0, 0, false },
    { "dirsync", ACT_DATA, 0, 0, false },
    { "lazytime", ACT_DATA, 0, 0, false },
    { "nolazytime", ACT_DATA, 0, 0, false },
    { "silent", ACT_DATA, 0, 0, false },
    { "mand", ACT_DATA, 0, 0, false },
    { "iversion", ACT_DATA, 0, 0, false },
    { "tmpcopyup", ACT_COPY_UP, 1, 0, false },
    { "remount", ACT_REMOUNT, 1, 0, false },
    /* What is so anyway. */
    { "defaults", ACT_NOTHING, 0, 0, false },
    { "loud", ACT_NOTHING, 0, 0, false },
    { "nomand", ACT_NOTHING, 0, 0, false },
    { "noiversion", ACT_NOTHING, 0, 0, false },
};

static const struct word* find(const char* name)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(words_known); i++)
        if (strcmp(words_known[i].name, name) == 0)
            return &words_known[i];
    return NULL;
}

static void apply_attr(const struct word* word, uint32_t* set, uint32_t* clear)
{
    *set   = (*set & ~word->clear) | word->set;
    *clear = (*clear & ~word->set) | word->clear;
}

static int set_idmap(struct cv_mount_options* options, uint32_t value, struct cv_error* err)
{
    if (options->idmap != CV_MOUNT_IDMAP_DEFAULT && options->idmap != (enum cv_mount_idmap)value)
        return cv_error_set(err, CV_ERR_INVALID, "only one of idmap, ridmap and x-containerv.idmap=off can be given");
    options->idmap = (enum cv_mount_idmap)value;
    return 0;
}

static int add_data(struct cv_mount_options* options, const char* text, struct cv_error* err)
{
    if (text[0] == '\0' || text[0] == '=')
        return cv_error_set(err, CV_ERR_INVALID, "option '%s' has no name", text);
    if (strchr(text, ',') != NULL)
        return cv_error_set(err, CV_ERR_INVALID, "option '%.200s' has a comma: give the options one by one", text);
    return cv_strv_append(&options->data, text) < 0 ? cv_error_no_memory(err) : 0;
}

static int apply(struct cv_mount_options* options, const struct word* word, const char* text, struct cv_error* err)
{
    switch (word->action) {
    case ACT_ATTR:
        apply_attr(word, word->recursive ? &options->rec_set : &options->set,
            word->recursive ? &options->rec_clear : &options->clear);
        return 0;
    case ACT_PROPAGATION:
        options->propagation           = (enum cv_mount_propagation)word->set;
        options->propagation_recursive = word->recursive;
        return 0;
    case ACT_BIND:
        options->bind           = true;
        options->bind_recursive = word->recursive;
        return 0;
    case ACT_IDMAP:
        return set_idmap(options, word->set, err);
    case ACT_CHOWN:
        options->chown = true;
        return 0;
    case ACT_COPY_UP:
        options->copy_up = true;
        return 0;
    case ACT_REMOUNT:
        options->remount = true;
        return 0;
    case ACT_NOTHING:
        return 0;
    case ACT_DATA:
        return add_data(options, text, err);
    }
    return cv_error_set(err, CV_ERR_INTERNAL, "option '%s' has no action", text);
}

static int parse_word(struct cv_mount_options* options, const char* text, struct cv_error* err)
{
    const struct word* word = find(text);
    if (word != NULL)
        return apply(options, word, text, err);
    if (cv_str_starts_with(text, "x-containerv."))
        return cv_error_set(err, CV_ERR_INVALID,
            "option '%.200s' is not known (expected x-containerv.idmap=off or x-containerv.chown)", text);
    return add_data(options, text, err);
}

static int check_whole(const struct cv_mount_options* options, const char* type, struct cv_error* err)
{
    if (options->copy_up && (options->bind || type == NULL || strcmp(type, "tmpfs") != 0))
        return cv_error_set(err, CV_ERR_INVALID, "option 'tmpcopyup' is for a tmpfs");
    if (options->remount && options->data.count > 0)
        return cv_error_set(err, CV_ERR_INVALID,
            "option '%.200s' is for a filesystem, 'remount' changes the mount alone", options->data.items[0]);
    if (options->bind && options->data.count > 0)
        return cv_error_set(err, CV_ERR_INVALID,
            "option '%.200s' is for a filesystem, it can't be given for a bind mount", options->data.items[0]);
    if (options->chown && !options->bind)
        return cv_error_set(err, CV_ERR_INVALID, "option 'x-containerv.chown' is for bind mounts");
    if (options->chown && options->idmap != CV_MOUNT_IDMAP_DEFAULT)
        return cv_error_set(
            err, CV_ERR_INVALID, "option 'x-containerv.chown' can't be given together with an idmap option");
    return 0;
}

int cv_mount_options_parse(
    const struct cv_strv* words, const char* type, struct cv_mount_options* options_out, struct cv_error* err)
{
    struct cv_mount_options options = { .bind = type != NULL && strcmp(type, "bind") == 0 };
    int                     rc      = 0;
    for (size_t i = 0; i < words->count && rc == 0; i++)
        rc = parse_word(&options, words->items[i], err);
    if (rc == 0)
        rc = check_whole(&options, type, err);
    if (rc < 0) {
        cv_mount_options_release(&options);
        return rc;
    }
    *options_out = options;
    return 0;
}

void cv_mount_options_release(struct cv_mount_options* options)
{
    cv_strv_release(&options->data);
    memset(options, 0, sizeof(*options));
}

const char* cv_mount_options_data(const struct cv_mount_options* options, const char* key)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < options->data.count; i++) {
        const char* item = options->data.items[i];
        if (strncmp(item, key, length) == 0 && (item[length] == '\0' || item[length] == '='))
            return item[length] == '=' ? item + length + 1 : "";
    }
    return NULL;
}

const char* cv_mount_options_word(size_t index)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(words_known); i++) {
        if (cv_str_starts_with(words_known[i].name, "x-containerv."))
            continue;
        if (index-- == 0)
            return words_known[i].name;
    }
    return NULL;
}
