/* Text in columns, as wide as they must be. What containers choose (names, commands) can't steer the terminal. Pure. */
#ifndef CV_TEXT_TABLE_H
#define CV_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <cv/error.h>
#include <cv/macros.h>
#include <cv/str.h>
#include <cv/strv.h>

struct cv_text_table {
    size_t         columns; /* the first row is the heads; its cells are in capitals by the caller */
    struct cv_strv cells;   /* row by row */
    bool           failed;  /* out of memory */
};

/* One cell after the other, each row `columns` of them. */
void cv_text_table_add(struct cv_text_table* table, const char* text);
void cv_text_table_printf(struct cv_text_table* table, const char* format, ...) CV_PRINTF(2, 3);

/* All rows as lines of text; malloc'ed, NULL with err. */
char* cv_text_table_text(const struct cv_text_table* table, struct cv_error* err);
void  cv_text_table_release(struct cv_text_table* table);

/* At most `max` characters of text; the last three are "..." where it was longer. malloc'ed, NULL when out of memory. */
char* cv_text_shorten(const char* text, size_t max);

#endif
