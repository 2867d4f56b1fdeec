/*
 * Whether another guardian has ended since the last sweep, without a look at each container. Every guardian has the file `alive` of the
 * run folder open for writing. Whatever ends it, the kernel closes that file, and inotify tells those that watch it.
 *
 * A guardian that makes one container only sweeps for it and watches nothing: a user has few inotify instances. One that makes more
 * watches from the second on; where it can't, it sweeps each time.
 */
#ifndef CV_LINUX_DEATHS_H
#define CV_LINUX_DEATHS_H

#include <stdbool.h>

#include <cv/error.h>

/* Before each create, by a guardian. The descriptors stay open until it ends. */
int linux_deaths_watch(struct cv_error* err);

/* True: sweep now. The first time, after a death, after linux_deaths_suspect, once a minute, and always when nothing is watched. */
bool linux_deaths_since_last(void);

/* Something was left behind without a death. */
void linux_deaths_suspect(void);

#endif
