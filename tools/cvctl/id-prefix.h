/* Containers may be named by the beginning of their id, as long as only one begins so. Pure. */
#ifndef CVCTL_ID_PREFIX_H
#define CVCTL_ID_PREFIX_H

#include <cv/error.h>
#include <cv/strv.h>

/* The id that is `text`, else the only one that begins with it; borrowed from `ids`. CV_ERR_NOT_FOUND, CV_ERR_INVALID (several). */
int cvctl_id_prefix(const struct cv_strv* ids, const char* text, const char** id_out, struct cv_error* err);

#endif
