/* Containers whose owner was killed, and what they leave in cgroups: for tests of the linux back end. */
#ifndef LOST_H
#define LOST_H

#include "suite.h"

enum { LOST_ID = 80 };

/* How many cgroups of that name there are, in all hierarchies. */
int lost_groups(const char* name);

/* Make a container with these options, which are deleted, in a process of its own, and kill that together with the guardian. */
void lost_container(struct containerv_options* options, char id_out[LOST_ID]);

#endif
