/* What the tests of the spec share: data files, and specs made at random from the field tables. */
#ifndef CV_SPEC_TEST_H
#define CV_SPEC_TEST_H

#include "spec/fields.h"

/* A file of the data folder, malloc'ed; fails the test. */
char* spec_data(const char* name, size_t* length_out);
/* Parse a data file; fails the test. */
struct cv_spec* spec_load(const char* name);

/* The names of the documents that together have every field. NULL at the end. */
extern const char* const spec_documents[];

struct spec_random {
    uint64_t state;
};
uint64_t spec_random_next(struct spec_random* random);
uint64_t spec_random_below(struct spec_random* random, uint64_t limit);

/* Fill an all-zero struct by its table: each field is there in about half of the cases. */
void spec_generate(const struct cv_table* table, void* base, struct spec_random* random, unsigned depth);

#endif
