#include "json-indent.h"

#include <string.h>

#include <cv/banned.h>

enum { BLANKS = 4 };

static void new_line(struct cv_str* text, size_t level)
{
    cv_str_append(text, "\n");
    for (size_t i = 0; i < level * BLANKS; i++)
        cv_str_append(text, " ");
}

/* The length of the string that begins here, both quotes included. */
static size_t string_length(const char* json)
{
    size_t n = 1;

    while (json[n] != '\0' && json[n] != '"')
        n += json[n] == '\\' && json[n + 1] != '\0' ? 2 : 1;
    return n + (json[n] == '"' ? 1 : 0);
}

static bool is_empty(const char* json)
{
    return (json[0] == '{' && json[1] == '}') || (json[0] == '[' && json[1] == ']');
}

void cv_json_indent(const char* json, size_t level, struct cv_str* text)
{
    while (*json != '\0') {
        size_t length = *json == '"' ? string_length(json) : is_empty(json) ? 2 : strcspn(json, "\"{}[],:");

        if (length == 0)
            length = 1;
        if (length == 1 && (*json == '}' || *json == ']'))
            new_line(text, level > 0 ? --level : 0);
        cv_str_append_bytes(text, json, length);
        if (length == 1 && (*json == '{' || *json == '['))
            new_line(text, ++level);
        else if (length == 1 && *json == ',')
            new_line(text, level);
        else if (length == 1 && *json == ':')
            cv_str_append(text, " ");
        json += length;
    }
}
