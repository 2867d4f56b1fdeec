/*
 * Prints wrong documents, made from a right one and the tables of all fields: each as four texts, every one with a NUL at its end: the
 * field, what it got, "refused" or "either" and "lexical" when the error may have line and column instead, and the document.
 *
 * usage: oci-cases DOCUMENT EVERY     every EVERYth of them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cv/file.h>
#include <cv/str.h>

#include "spec-cases.h"

#include <cv/banned.h>

enum { DOCUMENT_MAX = 1 << 20 };

struct output {
    uint64_t every, count;
};

static void put(const char* text, size_t length)
{
    if (fwrite(text, 1, length, stdout) != length || putchar('\0') == EOF)
        exit(1);
}

static void take(const struct spec_case* one, void* data)
{
    struct output* output = data;
    char           how[32];

    if (output->count++ % output->every != 0)
        return;
    if (cv_snprintf(how, sizeof(how), "%s%s", one->refused ? "refused" : "either", one->lexical ? " lexical" : "") < 0)
        exit(1);
    put(one->field, strlen(one->field));
    put(one->what, strlen(one->what));
    put(how, strlen(how));
    put(one->text, one->length);
}

int main(int argc, char** argv)
{
    struct output   output = { .every = 1 };
    struct cv_error err    = CV_ERROR_INIT;
    char*           text   = NULL;
    size_t          length = 0;

    if (argc != 3 || cv_parse_u64(argv[2], 1, UINT32_MAX, &output.every, &err) < 0
        || cv_file_read(argv[1], DOCUMENT_MAX, &text, &length, &err) < 0) {
        fprintf(stderr, "usage: oci-cases DOCUMENT EVERY: %s\n", err.text);
        return 2;
    }
    spec_cases(text, NULL, 0, take, &output);
    free(text);
    return fflush(stdout) == 0 ? 0 : 1;
}
