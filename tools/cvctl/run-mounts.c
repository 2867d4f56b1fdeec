/* -v, --mount and --tmpfs: three ways to write a mount, one table of its words. */
#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "run-options.h"

#include <cv/banned.h>

enum kinds { BIND = 1, TMPFS = 2, BOTH = BIND | TMPFS };

/* Words that set or clear a flag. Two words of one flag in one value contradict each other. */
struct word {
    const char* text;
    unsigned    kinds;
    uint32_t    flag;
    bool        on;
};

static const struct word words[] = {
    { "ro", BOTH, CV_MOUNT_READONLY, true },
    { "readonly", BOTH, CV_MOUNT_READONLY, true },
    { "rw", BOTH, CV_MOUNT_READONLY, false },
    { "noexec", BOTH, CV_MOUNT_EXEC_OFF, true },
    { "exec", BOTH, CV_MOUNT_EXEC_OFF, false },
    { "suid", BOTH, CV_MOUNT_SUID, true },
    { "nosuid", BOTH, CV_MOUNT_SUID, false },
    { "dev", BOTH, CV_MOUNT_DEV, true },
    { "nodev", BOTH, CV_MOUNT_DEV, false },
    { "idmap=off", BIND, CV_MOUNT_IDMAP_OFF, true },
    { "U", BIND, CV_MOUNT_CHOWN, true },
    { "bind-nonrecursive", BIND, CV_MOUNT_NONRECURSIVE, true },
};

/* One value while it is taken apart. */
struct parse {
    struct cvctl_run_options* options;
    struct containerv_mount   mount;
    uint32_t                  said; /* flags that a word was given for */
    bool                      kind_said;
};

#define ALLOWED_BIND  "allowed: ro rw exec noexec suid nosuid dev nodev idmap=off U bind-nonrecursive"
#define ALLOWED_TMPFS "allowed: size=BYTES mode=OCTAL ro rw exec noexec suid nosuid dev nodev"

static unsigned kind_bit(const struct parse* p)
{
    return p->mount.kind == CV_MOUNT_TMPFS ? TMPFS : BIND;
}

/* 1: it was one of the words, 0: it was not. */
static int take_word(struct parse* p, const char* text, struct cv_error* err)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(words); i++) {
        const struct word* word = &words[i];

        if (strcmp(text, word->text) != 0)
            continue;
        if ((word->kinds & kind_bit(p)) == 0)
            return cv_error_set(err, CV_ERR_INVALID, "'%s' is not for this type of mount", text);
        if ((p->said & word->flag) != 0 && ((p->mount.flags & word->flag) != 0) != word->on)
            return cv_error_set(err, CV_ERR_INVALID, "'%s' contradicts an earlier word", text);
        p->said |= word->flag;
        p->mount.flags = word->on ? p->mount.flags | word->flag : p->mount.flags & ~word->flag;
        return 1;
    }
    return 0;
}

static int take_size(struct parse* p, const char* text, struct cv_error* err)
{
    uint64_t bytes;

    if (p->mount.kind != CV_MOUNT_TMPFS)
        return cv_error_set(err, CV_ERR_INVALID, "a size is for tmpfs only");
    if (cv_parse_size(text, &bytes, err) < 0)
        return cv_error_wrap(err, "size '%s'", text);
    if (bytes == 0)
        return cv_error_set(err, CV_ERR_INVALID, "size '%s' is nothing", text);
    p->mount.size_bytes = bytes;
    return 0;
}

static int take_mode(struct parse* p, const char* text, struct cv_error* err)
{
    char*         end;
    unsigned long mode = strtoul(text, &end, 8);

    if (p->mount.kind != CV_MOUNT_TMPFS)
        return cv_error_set(err, CV_ERR_INVALID, "a mode is for tmpfs only");
    if (text[0] < '0' || text[0] > '7' || *end != '\0' || mode > 07777 || mode == 0) {
        cv_error_set(err, CV_ERR_INVALID, "mode '%s' is not an octal number", text);
        return cv_error_hint(err, "allowed: 1 to 7777, such as 1777");
    }
    p->mount.mode = (uint32_t)mode;
    return 0;
}

/* A word of -v and --tmpfs, or the tail of --mount's list. */
static int take_option(struct parse* p, const char* text, struct cv_error* err)
{
    int taken = take_word(p, text, err);

    if (taken != 0)
        return taken < 0 ? taken : 0;
    if (cv_str_starts_with(text, "size="))
        return take_size(p, text + 5, err);
    if (cv_str_starts_with(text, "mode="))
        return take_mode(p, text + 5, err);
    cv_error_set(err, CV_ERR_INVALID, "'%s' is not a mount option", text);
    return cv_error_hint(err, "%s", p->mount.kind == CV_MOUNT_TMPFS ? ALLOWED_TMPFS : ALLOWED_BIND);
}

/* Call `take` for each piece between commas. */
static int each_piece(
    struct parse* p, const char* list, int (*take)(struct parse*, const char*, struct cv_error*), struct cv_error* err)
{
    for (;;) {
        size_t      length = strcspn(list, ",");
        const char* piece  = cvctl_run_keep(p->options, list, length, err);

        if (piece == NULL)
            return err->code;
        if (length == 0)
            return cv_error_set(err, CV_ERR_INVALID, "has an empty entry in its list");
        if (take(p, piece, err) < 0)
            return err->code;
        if (list[length] == '\0')
            return 0;
        list += length + 1;
    }
}

/* The library wants absolute sources; ./x is beneath the working folder, as in docker. A bare word would be a named volume. */
static int set_source(struct parse* p, const char* text, size_t length, struct cv_error* err)
{
    const char*                given    = cvctl_run_keep(p->options, text, length, err);
    CV_CLEANUP(cv_freep) char* absolute = NULL;

    if (given == NULL)
        return err->code;
    if (length == 0)
        return cv_error_set(err, CV_ERR_INVALID, "has no source");
    if (!cv_path_is_absolute(given) && given[0] != '.') {
        cv_error_set(err, CV_ERR_UNSUPPORTED, "source '%s' is a name, and there are no named volumes", given);
        return cv_error_hint(err, "a folder is written /like/this or ./like/this");
    }
    absolute = cv_path_absolute(given, err);
    if (absolute == NULL)
        return err->code;
    p->mount.source = cvctl_run_keep(p->options, absolute, strlen(absolute), err);
    return p->mount.source == NULL ? err->code : 0;
}

static int set_destination(struct parse* p, const char* text, size_t length, struct cv_error* err)
{
    if (length == 0)
        return cv_error_set(err, CV_ERR_INVALID, "has no path inside the container");
    if (text[0] != '/') {
        cv_error_set(err, CV_ERR_INVALID, "path '%.*s' inside the container is not absolute", (int)length, text);
        return cv_error_hint(err, "it begins with /");
    }
    p->mount.destination = cvctl_run_keep(p->options, text, length, err);
    return p->mount.destination == NULL ? err->code : 0;
}

static int add(struct parse* p, struct cv_error* err)
{
    struct cvctl_run_options* options = p->options;
    struct containerv_mount*  mount =
        cvctl_run_grow((void**)&options->mounts, &options->mount_count, sizeof(*mount), CVCTL_MOUNTS_MAX, err);

    if (mount == NULL)
        return err->code;
    *mount      = p->mount;
    mount->size = sizeof(*mount);
    return 0;
}

CVCTL_SETTER(cvctl_run_set_volume)
{
    struct parse p      = { .options = target };
    size_t       source = strcspn(value, ":");
    const char*  rest   = value + source;
    size_t       inside;

    (void)option;
    if (*rest == '\0') {
        cv_error_set(err, CV_ERR_INVALID, "has no path inside the container");
        return cv_error_hint(err, "SRC:DST[:OPTS], such as -v $PWD:/src:ro");
    }
    inside = strcspn(rest + 1, ":");
    if (set_source(&p, value, source, err) < 0 || set_destination(&p, rest + 1, inside, err) < 0)
        return err->code;
    rest += 1 + inside;
    if (*rest == ':' && each_piece(&p, rest + 1, take_option, err) < 0)
        return err->code;
    return add(&p, err);
}

CVCTL_SETTER(cvctl_run_set_tmpfs)
{
    struct parse p      = { .options = target, .mount = { .kind = CV_MOUNT_TMPFS } };
    size_t       inside = strcspn(value, ":");

    (void)option;
    if (set_destination(&p, value, inside, err) < 0)
        return err->code;
    if (value[inside] == ':' && each_piece(&p, value + inside + 1, take_option, err) < 0)
        return err->code;
    return add(&p, err);
}

static int take_key_type(struct parse* p, const char* value, struct cv_error* err)
{
    p->kind_said = true;
    if (strcmp(value, "bind") == 0)
        return 0;
    if (strcmp(value, "tmpfs") == 0) {
        p->mount.kind = CV_MOUNT_TMPFS;
        return 0;
    }
    cv_error_set(err, CV_ERR_UNSUPPORTED, "type '%s' is not supported", value);
    return cv_error_hint(err, "allowed: type=bind, type=tmpfs");
}

static int take_key_source(struct parse* p, const char* value, struct cv_error* err)
{
    return set_source(p, value, strlen(value), err);
}

static int take_key_target(struct parse* p, const char* value, struct cv_error* err)
{
    return set_destination(p, value, strlen(value), err);
}

static int take_key_readonly(struct parse* p, const char* value, struct cv_error* err)
{
    if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
        return take_option(p, "ro", err);
    if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
        return take_option(p, "rw", err);
    cv_error_set(err, CV_ERR_INVALID, "readonly '%s' is not a truth value", value);
    return cv_error_hint(err, "allowed: true, false");
}

static const struct {
    const char* key;
    int (*take)(struct parse* p, const char* value, struct cv_error* err);
} keys[] = {
    { "type", take_key_type },
    { "source", take_key_source },
    { "src", take_key_source },
    { "target", take_key_target },
    { "destination", take_key_target },
    { "dst", take_key_target },
    { "readonly", take_key_readonly },
    { "ro", take_key_readonly },
    { "tmpfs-size", take_size },
    { "tmpfs-mode", take_mode },
};

static int take_entry(struct parse* p, const char* text, struct cv_error* err)
{
    size_t length = strcspn(text, "=");

    for (size_t i = 0; text[length] == '=' && i < CV_ARRAY_LEN(keys); i++)
        if (strlen(keys[i].key) == length && memcmp(keys[i].key, text, length) == 0)
            return keys[i].take(p, text + length + 1, err);
    if (take_option(p, text, err) == 0)
        return 0;
    if (err->hint[0] == '\0')
        return err->code;
    return cv_error_hint(
        err, "allowed: type= source= target= readonly tmpfs-size= tmpfs-mode= noexec suid dev idmap=off U");
}

/* The type may stand anywhere in the list, but decides what the other words mean. */
static int take_type_only(struct parse* p, const char* text, struct cv_error* err)
{
    return cv_str_starts_with(text, "type=") ? take_key_type(p, text + 5, err) : 0;
}

CVCTL_SETTER(cvctl_run_set_mount)
{
    struct parse p = { .options = target };

    (void)option;
    if (each_piece(&p, value, take_type_only, err) < 0)
        return err->code;
    if (!p.kind_said) {
        cv_error_set(err, CV_ERR_INVALID, "has no type");
        return cv_error_hint(err, "allowed: type=bind, type=tmpfs");
    }
    if (each_piece(&p, value, take_entry, err) < 0)
        return err->code;
    if (p.mount.destination == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "has no target=");
    if ((p.mount.source == NULL) != (p.mount.kind == CV_MOUNT_TMPFS))
        return cv_error_set(err, CV_ERR_INVALID, p.mount.source == NULL ? "has no source=" : "a tmpfs has no source");
    return add(&p, err);
}
