/* The host's apt sources, both formats, and what of them a new root of a suite shall have. Pure. */
#ifndef CVD_ROOTFS_SOURCES_H
#define CVD_ROOTFS_SOURCES_H

#include <stddef.h>

#include <cv/error.h>
#include <cv/strv.h>

enum { CVD_SOURCES_MAX = 1024, CVD_SOURCES_FILE_MAX = 1 << 20 };

struct cvd_source {
    struct cv_strv uris, suites, components;
    char*          fields;    /* the other fields that count (Signed-By, Trusted, ...), as deb822 lines; "" when none */
    char*          signed_by; /* the path of one keyring, else NULL */
};

struct cvd_sources {
    struct cvd_source* items;
    size_t             count;
};

/* Add the binary ("deb") sources that are switched on in a file's text. `deb822`: *.sources, else one a line. Lines that make no sense
 * are errors: apt would refuse them as well. */
int  cvd_sources_parse(struct cvd_sources* sources, const char* text, int deb822, struct cv_error* err);
void cvd_sources_release(struct cvd_sources* sources);

/*
 * Keep those that a root of `suite` needs: the suite itself, -updates and -security, of component "main". When the host has none
 * of that suite, its own suite's sources are taken with the name changed: the mirror that serves one serves the other.
 * The text is deb822. CV_ERR_NOT_FOUND: there is nothing to derive from. malloc'ed.
 */
int cvd_sources_for_suite(const struct cvd_sources* sources, const char* suite, char** text_out, struct cv_error* err);

/* The one mirror (and its keyring, may be NULL) of the suite itself, for a tool that takes no more. Borrowed. */
int cvd_sources_mirror(const struct cvd_sources* sources, const char* suite, const char** uri_out,
    const char** keyring_out, struct cv_error* err);

#endif
