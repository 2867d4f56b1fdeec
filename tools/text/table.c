#include "table.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

#include <cv/banned.h>

enum { GAP = 3, CELL_MAX = 512 };

static bool is_start(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80; /* not the rest of a character of UTF-8 */
}

static size_t width(const char* text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += is_start(*text);
    return n;
}

void cv_text_table_add(struct cv_text_table* table, const char* text)
{
    char* copy = cv_strdup(text, NULL);

    for (char* at = copy; at != NULL && *at != '\0'; at++) {
        size_t length = cv_control(at);
        if (length == 0)
            continue;
        if (length == 2)
            memmove(at, at + 1, strlen(at));
        *at = '?';
    }
    if (copy == NULL || cv_strv_append_steal(&table->cells, copy) < 0)
        table->failed = true;
}

void cv_text_table_printf(struct cv_text_table* table, const char* format, ...)
{
    char    text[CELL_MAX];
    va_list arguments;

    va_start(arguments, format);
    if (vsnprintf(text, sizeof(text), format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    cv_text_table_add(table, text);
}

static size_t column_width(const struct cv_text_table* table, size_t column)
{
    size_t most = 0;

    for (size_t i = column; i < table->cells.count; i += table->columns) {
        size_t w = width(table->cells.items[i]);

        most = w > most ? w : most;
    }
    return most;
}

static void append_column(struct cv_str* text, const char* cell, size_t full)
{
    cv_str_append(text, cell);
    for (size_t n = width(cell); n < full + GAP; n++)
        cv_str_append(text, " ");
}

char* cv_text_table_text(const struct cv_text_table* table, struct cv_error* err)
{
    struct cv_str text   = { .failed = table->failed };
    size_t*       widths = calloc(table->columns, sizeof(*widths));

    if (widths == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = column_width(table, i);
    for (size_t i = 0; i < table->cells.count; i++) {
        if ((i + 1) % table->columns != 0)
            append_column(&text, table->cells.items[i], widths[i % table->columns]);
        else
            cv_str_printf(&text, "%s\n", table->cells.items[i]);
    }
    free(widths);
    return cv_str_steal(&text, err);
}

void cv_text_table_release(struct cv_text_table* table)
{
    cv_strv_release(&table->cells);
    *table = (struct cv_text_table){ .columns = table->columns };
}

char* cv_text_shorten(const char* text, size_t max)
{
    static const char dots[] = "...";
    size_t            n = 0, cut = 0, at = 0;
    char*             copy;

    for (; text[at] != '\0'; at++) {
        if (!is_start(text[at]))
            continue;
        if (n == max - strlen(dots))
            cut = at;
        if (n++ == max)
            break;
    }
    copy = text[at] == '\0' ? cv_strdup(text, NULL) : malloc(cut + sizeof(dots));
    if (copy != NULL && text[at] != '\0') {
        memcpy(copy, text, cut);
        memcpy(copy + cut, dots, sizeof(dots));
    }
    return copy;
}
