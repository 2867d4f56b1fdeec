#include "linux/mountinfo-parse.h"

#include <stdlib.h>
#include <string.h>

void mountinfo_release(struct mountinfo* info)
{
    free(info->text);
    free(info->entries);
    *info = (struct mountinfo)MOUNTINFO_INIT;
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* The kernel writes blank, tab, newline, backslash (and '#' in sources) as a backslash and three octal digits. Shortens in place. */
static void unescape(char* text)
{
    char* to = text;

    for (const char* from = text; *from != '\0'; to++) {
        if (from[0] == '\\' && is_octal(from[1]) && from[1] <= '3' && is_octal(from[2]) && is_octal(from[3])) {
            unsigned value =
                (unsigned)(from[1] - '0') << 6 | (unsigned)(from[2] - '0') << 3 | (unsigned)(from[3] - '0');
            *to = value == 0 ? '?' : (char)value; /* a NUL would end the string early; the kernel never writes one */
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* The next word of the line, ended by one blank; NULL when the line has ended. An empty word is possible: a source may be "". */
static char* next_word(char** at)
{
    char* word = *at;
    char* blank;

    if (word == NULL)
        return NULL;
    blank = strchr(word, ' ');
    if (blank == NULL) {
        *at = NULL;
    } else {
        *blank = '\0';
        *at    = blank + 1;
    }
    return word;
}

static bool parse_number(const char* word, char stop, uint64_t max, uint64_t* value_out, const char** end_out)
{
    uint64_t    value = 0;
    const char* at    = word;

    for (; *at >= '0' && *at <= '9'; at++) {
        if (value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(*at - '0');
    }
    if (at == word || *at != stop || value > max)
        return false;
    *value_out = value;
    *end_out   = at;
    return true;
}

static bool parse_numbers(struct mountinfo_entry* entry, const char* id, const char* parent, const char* device)
{
    const char* end   = NULL;
    uint64_t    major = 0, minor = 0;

    if (id == NULL || parent == NULL || device == NULL)
        return false;
    if (!parse_number(id, '\0', UINT64_MAX, &entry->id, &end)
        || !parse_number(parent, '\0', UINT64_MAX, &entry->parent_id, &end))
        return false;
    if (!parse_number(device, ':', UINT32_MAX, &major, &end) || !parse_number(end + 1, '\0', UINT32_MAX, &minor, &end))
        return false;
    entry->major = (uint32_t)major;
    entry->minor = (uint32_t)minor;
    return true;
}

/* The optional fields, up to the lone "-". Their blanks are put back, so that they are one string again. */
static bool parse_tags(char** at, const char** tags_out)
{
    char* first = NULL;
    char* word;

    while ((word = next_word(at)) != NULL) {
        if (strcmp(word, "-") == 0) {
            *tags_out = first == NULL ? "" : first;
            return *at != NULL;
        }
        if (first == NULL)
            first = word;
        else
            word[-1] = ' ';
    }
    return false;
}

static bool parse_line(char* line, struct mountinfo_entry* entry)
{
    char* at      = line;
    char* id      = next_word(&at);
    char* parent  = next_word(&at);
    char* device  = next_word(&at);
    char* root    = next_word(&at);
    char* target  = next_word(&at);
    char* options = next_word(&at);
    char *type, *source, *super_options;

    if (options == NULL || !parse_numbers(entry, id, parent, device) || !parse_tags(&at, &entry->tags))
        return false;
    type          = next_word(&at);
    source        = next_word(&at);
    super_options = next_word(&at);
    if (super_options == NULL || at != NULL || target[0] != '/')
        return false;

    char* words[] = { root, target, options, type, source, super_options };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        unescape(words[i]);
    entry->root          = root;
    entry->target        = target;
    entry->options       = options;
    entry->type          = type;
    entry->source        = source;
    entry->super_options = super_options;
    return true;
}

static size_t count_lines(const char* text, size_t length)
{
    size_t lines = 0;

    for (size_t i = 0; i < length; i++)
        if (text[i] == '\n' || i == length - 1)
            lines++;
    return lines;
}

static int parse_lines(struct mountinfo* info, size_t length, struct cv_error* err)
{
    char* line = info->text;
    char* end  = info->text + length;

    while (line < end) {
        char* newline = memchr(line, '\n', (size_t)(end - line));
        char* stop    = newline == NULL ? end : newline;
        *stop         = '\0';
        if (!parse_line(line, &info->entries[info->count]))
            return cv_error_set(err, CV_ERR_INVALID, "read mountinfo: line %zu is malformed", info->count + 1);
        info->count++;
        line = stop + 1;
    }
    return 0;
}

int mountinfo_parse(const char* text, size_t length, struct mountinfo* info_out, struct cv_error* err)
{
    struct mountinfo info = MOUNTINFO_INIT;
    size_t           lines;
    int              rc;

    if (length > MOUNTINFO_MAX_BYTES)
        return cv_error_set(err, CV_ERR_LIMIT, "read mountinfo: more than %u bytes", MOUNTINFO_MAX_BYTES);
    if (length != 0 && memchr(text, '\0', length) != NULL)
        return cv_error_set(err, CV_ERR_INVALID, "read mountinfo: a NUL byte in the text");
    lines = count_lines(text, length);
    if (lines > MOUNTINFO_MAX_ENTRIES)
        return cv_error_set(err, CV_ERR_LIMIT, "read mountinfo: more than %u mounts", MOUNTINFO_MAX_ENTRIES);

    info.text    = malloc(length + 1);
    info.entries = calloc(lines + 1, sizeof(*info.entries));
    if (info.text == NULL || info.entries == NULL) {
        mountinfo_release(&info);
        return cv_error_no_memory(err);
    }
    if (length != 0)
        memcpy(info.text, text, length);
    info.text[length] = '\0';

    rc = parse_lines(&info, length, err);
    if (rc < 0) {
        mountinfo_release(&info);
        return rc;
    }
    *info_out = info;
    return 0;
}

const struct mountinfo_entry* mountinfo_next(
    const struct mountinfo* info, const struct mountinfo_entry* after, const char* type)
{
    size_t i = after == NULL ? 0 : (size_t)(after - info->entries) + 1;

    for (; i < info->count; i++)
        if (strcmp(info->entries[i].type, type) == 0)
            return &info->entries[i];
    return NULL;
}

bool mountinfo_has_option(const char* list, const char* option)
{
    size_t length = strlen(option);

    if (length == 0)
        return false;
    for (;;) {
        size_t word = strcspn(list, ",");
        if (word == length && memcmp(list, option, length) == 0)
            return true;
        if (list[word] == '\0')
            return false;
        list += word + 1;
    }
}

const struct mountinfo_entry* mountinfo_cgroup1(const struct mountinfo* info, const char* controller)
{
    const struct mountinfo_entry* entry = NULL;

    while ((entry = mountinfo_next(info, entry, "cgroup")) != NULL)
        if (mountinfo_has_option(entry->super_options, controller))
            return entry;
    return NULL;
}
