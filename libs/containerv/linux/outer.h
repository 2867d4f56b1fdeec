/* The container around us, if there is one: see outer-plan.h. */
#ifndef CV_LINUX_OUTER_H
#define CV_LINUX_OUTER_H

#include <cv/error.h>

#include "linux/outer-plan.h"

/* Look, and remember it for this process and its forks: in a container's first process there is no /proc to look at. */
void linux_outer_look(void);

/* Of an error that is filled in: where the container around is the reason, its hint becomes which flag that lacks. Returns the code. */
int linux_outer_hint(enum linux_outer_step step, int number, struct cv_error* err);

#endif
