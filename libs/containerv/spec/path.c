/* The path of a field, and words. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cv/str.h>

#include "fields.h"

#include <cv/banned.h>

enum { MAX_STEPS = 16 }; /* our tables are 7 deep */

/* Appends, cuts at the end. */
static void put(char* buffer, size_t size, const char* text)
{
    size_t used = strlen(buffer), length = strlen(text);
    if (length > size - 1 - used)
        length = size - 1 - used;
    memcpy(buffer + used, text, length);
    buffer[used + length] = '\0';
}

static void put_step(const struct cv_path* step, char* buffer, size_t size)
{
    char number[32];
    if (step->key == NULL) {
        if (cv_snprintf(number, sizeof(number), "[%zu]", step->index) == 0)
            put(buffer, size, number);
    } else if (step->index == SIZE_MAX) { /* a key that is data */
        put(buffer, size, "[\"");
        put(buffer, size, step->key);
        put(buffer, size, "\"]");
    } else {
        put(buffer, size, buffer[0] != '\0' ? "." : "");
        put(buffer, size, step->key);
    }
}

void cv_path_render(const struct cv_path* path, char* buffer, size_t size)
{
    const struct cv_path* steps[MAX_STEPS];
    size_t                count = 0;
    for (; path != NULL && count < MAX_STEPS; path = path->up)
        steps[count++] = path;
    buffer[0] = '\0';
    while (count > 0)
        put_step(steps[--count], buffer, size);
}

int cv_path_error(struct cv_error* err, const struct cv_path* path, const char* format, ...)
{
    char    where[CV_ERROR_OBJECT_MAX], text[CV_ERROR_TEXT_MAX];
    va_list arguments;
    cv_path_render(path, where, sizeof(where));
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", where[0] != '\0' ? where : "the document", text);
    cv_error_object(err, "%s", where);
    return CV_ERR_INVALID;
}

void cv_words_render(const struct cv_word* words, char* buffer, size_t size)
{
    buffer[0] = '\0';
    for (size_t i = 0; words[i].name != NULL; i++) {
        put(buffer, size, i == 0 ? "" : words[i + 1].name != NULL ? ", " : " or ");
        put(buffer, size, words[i].name);
    }
}

const char* cv_words_name(const struct cv_word* words, uint32_t value)
{
    for (; words->name != NULL; words++)
        if (words->value == value)
            return words->name;
    return NULL;
}

bool cv_words_value(const struct cv_word* words, const char* name, uint32_t* value_out)
{
    for (; words->name != NULL; words++) {
        if (strcmp(words->name, name) == 0) {
            *value_out = words->value;
            return true;
        }
    }
    return false;
}
