#include "linux/users-parse.h"

#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

/* A piece of a text, not terminated. */
struct piece {
    const char* at;
    size_t      length;
};

/* What a line of a file can tell. */
struct line {
    struct piece fields[7];
    size_t       count;
};

void linux_identity_release(struct linux_identity* identity)
{
    free(identity->groups);
    free(identity->home);
    *identity = (struct linux_identity){ 0 };
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whole, decimal, no needless zero in front, within the range. */
static bool parse_id(struct piece piece, uint32_t* id_out)
{
    uint64_t id = 0;

    if (piece.length == 0 || piece.length > 10 || (piece.length > 1 && piece.at[0] == '0'))
        return false;
    for (size_t i = 0; i < piece.length; i++) {
        if (!is_digit(piece.at[i]))
            return false;
        id = 10 * id + (uint64_t)(piece.at[i] - '0');
    }
    if (id > LINUX_USERS_ID_MAX)
        return false;
    *id_out = (uint32_t)id;
    return true;
}

static bool name_is_sane(struct piece piece)
{
    if (piece.length == 0 || piece.length > LINUX_USERS_NAME_MAX || strchr("-+~", piece.at[0]) != NULL
        || is_digit(piece.at[0]))
        return false;
    for (size_t i = 0; i < piece.length; i++)
        if ((unsigned char)piece.at[i] <= ' ' || piece.at[i] == 0x7f || strchr("/,:", piece.at[i]) != NULL)
            return false;
    return true;
}

static int parse_word(struct piece piece, const char* what, struct linux_user_word* word_out, struct cv_error* err)
{
    struct linux_user_word word = { 0 };

    if (parse_id(piece, &word.id)) {
        word.numeric = true;
    } else if (name_is_sane(piece)) {
        memcpy(word.name, piece.at, piece.length);
    } else {
        int shown = (int)(piece.length < 64 ? piece.length : 64);
        return cv_error_set(err, CV_ERR_INVALID, "'%.*s' is neither the name of a %s nor a number of 0 to %u", shown,
            piece.at, what, LINUX_USERS_ID_MAX);
    }
    *word_out = word;
    return 0;
}

int linux_users_parse(const char* text, struct linux_user_request* request_out, struct cv_error* err)
{
    struct linux_user_request request = { 0 };
    const char*               colon   = strchr(text, ':');
    struct piece              user    = { text, colon != NULL ? (size_t)(colon - text) : strlen(text) };
    int                       rc      = parse_word(user, "user", &request.user, err);

    if (rc == 0 && colon != NULL) {
        request.group_given = true;
        rc                  = parse_word((struct piece){ colon + 1, strlen(colon + 1) }, "group", &request.group, err);
    }
    if (rc < 0)
        return cv_error_wrap(err, "user '%.128s'", text);
    *request_out = request;
    return 0;
}

static bool all_digits(const char* text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

bool linux_users_need_files(const struct linux_user_request* request, const struct cv_strv* extra_groups)
{
    for (size_t i = 0; extra_groups != NULL && i < extra_groups->count; i++)
        if (!all_digits(extra_groups->items[i]))
            return true;
    return !request->user.numeric || (request->group_given && !request->group.numeric);
}

/* The fields of the line at *at, which is moved behind it. False at the end. */
static bool next_line(const char** at, const char* end, struct line* line)
{
    const char* stop;

    if (*at == end)
        return false;
    stop        = memchr(*at, '\n', (size_t)(end - *at));
    stop        = stop != NULL ? stop : end;
    line->count = 0;
    for (const char* field = *at; line->count < CV_ARRAY_LEN(line->fields);) {
        const char* colon = memchr(field, ':', (size_t)(stop - field));
        const char* over  = colon != NULL && line->count + 1 < CV_ARRAY_LEN(line->fields) ? colon : stop;

        line->fields[line->count++] = (struct piece){ field, (size_t)(over - field) };
        if (over == stop)
            break;
        field = over + 1;
    }
    *at = stop == end ? end : stop + 1;
    return true;
}

static bool matches(struct piece name, struct piece number, const struct linux_user_word* word)
{
    uint32_t id;

    if (word->numeric)
        return parse_id(number, &id) && id == word->id;
    return name.length == strlen(word->name) && memcmp(name.at, word->name, name.length) == 0;
}

/* What is known of the user. */
struct found_user {
    bool         found;
    uint32_t     uid, gid;
    struct piece name, home;
};

/* The first good line: name, password, number, group, comment, home, shell. */
static void find_user(const char* text, size_t length, const struct linux_user_word* word, struct found_user* user)
{
    const char* at = text;
    struct line line;

    while (!user->found && next_line(&at, text + length, &line)) {
        uint32_t uid, gid;
        if (line.count < 6 || !matches(line.fields[0], line.fields[2], word) || !parse_id(line.fields[2], &uid)
            || !parse_id(line.fields[3], &gid))
            continue;
        *user = (struct found_user){ true, uid, gid, line.fields[0], line.fields[5] };
    }
}

/* The first good line: name, password, number, members. */
static bool find_group(const char* text, size_t length, const struct linux_user_word* word, uint32_t* gid_out)
{
    const char* at = text;
    struct line line;

    while (next_line(&at, text + length, &line))
        if (line.count >= 3 && matches(line.fields[0], line.fields[2], word) && parse_id(line.fields[2], gid_out))
            return true;
    return false;
}

static bool lists_member(struct piece members, struct piece name)
{
    const char* end = members.at + members.length;

    for (const char* at = members.at; name.length > 0 && at < end;) {
        const char* comma = memchr(at, ',', (size_t)(end - at));
        size_t      size  = (size_t)((comma != NULL ? comma : end) - at);
        if (size == name.length && memcmp(at, name.at, size) == 0)
            return true;
        at += size + 1;
    }
    return false;
}

struct group_list {
    uint32_t* items;
    size_t    count, capacity;
};

static int add_group(struct group_list* list, uint32_t gid, struct cv_error* err)
{
    if (list->count == LINUX_USERS_GROUPS_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "the user is in more than %u groups", LINUX_USERS_GROUPS_MAX);
    if (list->count == list->capacity) {
        size_t    capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
        uint32_t* items    = realloc(list->items, capacity * sizeof(*items));
        if (items == NULL)
            return cv_error_no_memory(err);
        list->items    = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = gid;
    return 0;
}

static int add_memberships(
    struct group_list* list, const char* text, size_t length, struct piece name, struct cv_error* err)
{
    const char* at = text;
    struct line line;

    while (next_line(&at, text + length, &line)) {
        uint32_t gid;
        int      rc;
        if (line.count < 4 || !parse_id(line.fields[2], &gid) || !lists_member(line.fields[3], name))
            continue;
        rc = add_group(list, gid, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int resolve_group(
    const struct linux_user_word* word, const char* text, size_t length, uint32_t* gid_out, struct cv_error* err)
{
    if (word->numeric)
        *gid_out = word->id;
    else if (!find_group(text, length, word, gid_out))
        return cv_error_set(err, CV_ERR_NOT_FOUND, "the container's etc/group has no '%s'", word->name);
    return 0;
}

static int add_extra_groups(
    struct group_list* list, const struct cv_strv* extra_groups, const char* text, size_t length, struct cv_error* err)
{
    for (size_t i = 0; extra_groups != NULL && i < extra_groups->count; i++) {
        struct linux_user_word word = { 0 };
        const char*            name = extra_groups->items[i];
        uint32_t               gid  = 0;
        int                    rc   = parse_word((struct piece){ name, strlen(name) }, "group", &word, err);

        if (rc == 0)
            rc = resolve_group(&word, text, length, &gid, err);
        if (rc == 0)
            rc = add_group(list, gid, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int compare_ids(const void* a, const void* b)
{
    uint32_t left = *(const uint32_t*)a, right = *(const uint32_t*)b;
    return left < right ? -1 : left > right;
}

/* Sorted, each once. */
static void tidy(struct group_list* list)
{
    size_t kept = 0;

    if (list->count == 0)
        return;
    qsort(list->items, list->count, sizeof(*list->items), compare_ids);
    for (size_t i = 1; i < list->count; i++)
        if (list->items[i] != list->items[kept])
            list->items[++kept] = list->items[i];
    list->count = kept + 1;
}

static int check_size(const char* what, const char* text, size_t length, struct cv_error* err)
{
    size_t      lines = 0;
    const char* at    = text;

    if (length > LINUX_USERS_FILE_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "the container's %s has more than %u bytes", what, LINUX_USERS_FILE_MAX);
    while (length > 0 && (at = memchr(at, '\n', (size_t)(text + length - at))) != NULL && ++at < text + length)
        if (++lines >= LINUX_USERS_LINES_MAX)
            return cv_error_set(
                err, CV_ERR_LIMIT, "the container's %s has more than %u lines", what, LINUX_USERS_LINES_MAX);
    return 0;
}

/* Only an absolute path without a NUL is worth telling a program. */
static char* home_of(const struct found_user* user, struct cv_error* err)
{
    char*  home;
    size_t length = user->home.length;

    if (!user->found || length == 0 || user->home.at[0] != '/' || memchr(user->home.at, '\0', length) != NULL)
        return cv_strdup("/", err);
    home = malloc(length + 1);
    if (home == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    memcpy(home, user->home.at, length);
    home[length] = '\0';
    return home;
}

struct files {
    const char *passwd, *group;
    size_t      passwd_length, group_length;
};

static int collect(const struct linux_user_request* request, const struct cv_strv* extra_groups,
    const struct files* files, struct linux_identity* identity, struct group_list* list, struct cv_error* err)
{
    struct found_user user = { 0 };
    int               rc   = 0;

    find_user(files->passwd, files->passwd_length, &request->user, &user);
    if (!user.found && !request->user.numeric)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "the container's etc/passwd has no '%s'", request->user.name);
    identity->uid = user.found ? user.uid : request->user.id;
    identity->gid = user.found ? user.gid : 0;
    if (request->group_given)
        rc = resolve_group(&request->group, files->group, files->group_length, &identity->gid, err);
    else if (user.found)
        rc = add_memberships(list, files->group, files->group_length, user.name, err);
    if (rc == 0)
        rc = add_extra_groups(list, extra_groups, files->group, files->group_length, err);
    if (rc < 0)
        return rc;
    tidy(list);
    identity->home = home_of(&user, err);
    return identity->home != NULL ? 0 : CV_ERR_NO_MEMORY;
}

int linux_users_resolve_text(const struct linux_user_request* request, const struct cv_strv* extra_groups,
    const char* passwd, size_t passwd_length, const char* group, size_t group_length,
    struct linux_identity* identity_out, struct cv_error* err)
{
    struct linux_identity identity = { 0 };
    struct group_list     list     = { 0 };
    struct files files = { passwd != NULL ? passwd : "", group != NULL ? group : "", passwd_length, group_length };
    int          rc    = check_size("etc/passwd", files.passwd, passwd_length, err);

    if (rc == 0)
        rc = check_size("etc/group", files.group, group_length, err);
    if (rc < 0 && !linux_users_need_files(request, extra_groups)) {
        files = (struct files){ "", "", 0, 0 };
        rc    = 0;
    }
    if (rc == 0)
        rc = collect(request, extra_groups, &files, &identity, &list, err);
    if (rc < 0) {
        free(list.items);
        return rc;
    }
    identity.groups      = list.items;
    identity.group_count = list.count;
    *identity_out        = identity;
    return 0;
}
