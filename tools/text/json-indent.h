/* JSON text in lines, with every number as it was. Pure. */
#ifndef CV_TEXT_JSON_INDENT_H
#define CV_TEXT_JSON_INDENT_H

#include <stdbool.h>
#include <stddef.h>

#include <cv/str.h>

/* Append `json`, valid and without needless blanks, to `text`, by four blanks a level; its first line begins at `level`. */
void cv_json_indent(const char* json, size_t level, struct cv_str* text);

#endif
