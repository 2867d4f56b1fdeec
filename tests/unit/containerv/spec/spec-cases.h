/*
 * Wrong documents, made from a right one and the field tables: for each field that the document has, wrong types, numbers out of range,
 * strings that no grammar allows, absurd sizes, the key twice, NUL in strings, and the field left out.
 */
#ifndef CV_SPEC_CASES_H
#define CV_SPEC_CASES_H

#include <stdbool.h>
#include <stddef.h>

struct spec_case {
    const char* field; /* "linux.resources.memory.limit" */
    const char* what;  /* the value that it got, cut */
    const char* text;  /* the whole document, NUL-terminated */
    size_t      length;
    bool        refused; /* it must be refused; else it may be, for another rule's sake */
    bool lexical; /* what is wrong with it may be seen before there are fields: then the error has line and column */
};

typedef void (*spec_case_taker)(const struct spec_case* one, void* data);

/* All cases of a document of struct cv_spec, in an order that is always the same. `without`, which may be NULL, is a field of the top
 * level that is taken out first. Documents of a megabyte and more are made for every `large_every`th chance only; 0: for none.
 * @return how many cases there were. */
size_t spec_cases(const char* document, const char* without, unsigned large_every, spec_case_taker take, void* data);

#endif
