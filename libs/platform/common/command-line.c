/*
 * One command line out of a vector, for CreateProcess. Pure, so that its tests run everywhere.
 *
 * The program's C runtime splits it again: a backslash is literal unless a run of them ends at a double quote, where
 * 2n of them mean n and 2n+1 mean n and a literal quote. argv[0] has simpler rules: it ends at its closing quote,
 * and has no escapes at all.
 */
#include <stdlib.h>
#include <string.h>

#include <cv/process.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { COMMAND_LINE_MAX = 32766 }; /* in UTF-16 units, what CreateProcess takes beside the NUL */

static void append_repeated(struct cv_str* s, char c, size_t count)
{
    while (count-- > 0)
        cv_str_append_bytes(s, &c, 1);
}

static void append_quoted(struct cv_str* s, const char* argument)
{
    size_t backslashes = 0;

    if (*argument != '\0' && strpbrk(argument, " \t\n\v\"") == NULL) {
        cv_str_append(s, argument);
        return;
    }
    cv_str_append(s, "\"");
    for (const char* at = argument; *at != '\0'; at++) {
        if (*at == '"')
            append_repeated(s, '\\', backslashes + 1);
        backslashes = *at == '\\' ? backslashes + 1 : 0;
        cv_str_append_bytes(s, at, 1);
    }
    append_repeated(s, '\\', backslashes);
    cv_str_append(s, "\"");
}

/* How many UTF-16 units a valid UTF-8 text has: one for each start of a sequence, two for those of four bytes. */
static size_t utf16_length(const char* text, size_t length)
{
    size_t units = 0;
    for (size_t i = 0; i < length; i++)
        units += ((text[i] & 0xC0) != 0x80) + ((unsigned char)text[i] >= 0xF0);
    return units;
}

char* cv_process_command_line(const char* const* argv, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str s;
    cv_str_init(&s);

    if (argv[0] == NULL || strchr(argv[0], '"') != NULL) {
        cv_error_set(err, CV_ERR_INVALID, "a command line can't have the program name '%s'", argv[0] ? argv[0] : "");
        return NULL;
    }
    cv_str_printf(&s, "\"%s\"", argv[0]);
    for (size_t i = 1; argv[i] != NULL; i++) {
        cv_str_append(&s, " ");
        append_quoted(&s, argv[i]);
    }
    if (!s.failed && (!cv_utf8_valid(s.text, s.length) || utf16_length(s.text, s.length) > COMMAND_LINE_MAX)) {
        cv_error_set(err, CV_ERR_INVALID, "the command line of '%s' is no UTF-8 or longer than %d characters", argv[0],
            COMMAND_LINE_MAX);
        return NULL;
    }
    return cv_str_steal(&s, err);
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static int compare_names(const void* left, const void* right)
{
    const char* a = *(const char* const*)left;
    const char* b = *(const char* const*)right;

    for (; upper(*a) == upper(*b) && *a != '\0' && *a != '='; a++)
        b++;
    /* '=' ends a name and sorts before everything in one: "A=" comes before "AB=" */
    return (*a == '=' ? 0 : (unsigned char)upper(*a)) - (*b == '=' ? 0 : (unsigned char)upper(*b));
}

char* cv_process_env_block(const char* const* env, size_t* length_out, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str block;
    CV_CLEANUP(cv_freep) const char**        sorted = NULL;
    size_t                                   count  = 0, length;
    char*                                    text;

    cv_str_init(&block);
    for (; env[count] != NULL; count++) {
        const char* equals = strchr(env[count], '=');
        if (equals == NULL || equals == env[count]) {
            cv_error_set(err, CV_ERR_INVALID, "'%s' is not NAME=value", env[count]);
            return NULL;
        }
    }
    sorted = malloc((count + 1) * sizeof(*sorted));
    if (sorted == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    memcpy(sorted, env, (count + 1) * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_names);
    for (size_t i = 0; i < count; i++)
        cv_str_append_bytes(&block, sorted[i], strlen(sorted[i]) + 1);
    cv_str_append_bytes(&block, "\0", count == 0 ? 2 : 1); /* an empty block has two NULs as well */
    length = block.length;
    text   = cv_str_steal(&block, err);
    if (text != NULL)
        *length_out = length;
    return text;
}
