/* Names and numbers of Linux's capabilities; pure, so that a spec can be checked on every system. */
#ifndef CV_SPEC_CAPNAMES_H
#define CV_SPEC_CAPNAMES_H

#include <stdint.h>

enum { CV_CAPABILITY_COUNT = 41 }; /* CAP_CHOWN (0) to CAP_CHECKPOINT_RESTORE (40) */

/* "CAP_CHOWN" for 0; NULL for a number that has no name. Static. */
const char* cv_capability_name(unsigned number);

/* The number of "CAP_CHOWN"; -1 for a name that is not known. Only this spelling: upper case, with the prefix. */
int cv_capability_number(const char* name);

/* The same for people's input: also "chown", "Cap_Chown". */
int cv_capability_number_loose(const char* name);

#endif
