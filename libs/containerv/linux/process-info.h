/*
 * More about a process of a container than its number and name. The caller's process reads it, not who holds the container: the kernel
 * takes a command line out of the process's memory, and who is inside may see to it that this waits forever.
 */
#ifndef CV_LINUX_PROCESS_INFO_H
#define CV_LINUX_PROCESS_INFO_H

#include <chef/containerv/container.h>

/* Fill in all but pid and name; what can't be read (it has ended, /proc hides it) is "not known". */
void linux_process_describe(struct containerv_process_info* info);

#endif
