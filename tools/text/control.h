/* Characters by which a container's names could steer the terminal that they are printed on. */
#ifndef CV_TEXT_CONTROL_H
#define CV_TEXT_CONTROL_H

#include <stddef.h>

/* How many bytes such a character at `at` has, 0 for any other: U+0000 to U+001F, U+007F, and U+0080 to U+009F, one of which is what ESC
 * and [ are together. */
static inline size_t cv_control(const char* at)
{
    unsigned char first = (unsigned char)at[0];

    if (first == 0xc2 && (unsigned char)at[1] >= 0x80 && (unsigned char)at[1] < 0xa0)
        return 2;
    return first != 0 && (first < 0x20 || first == 0x7f) ? 1 : 0;
}

#endif
