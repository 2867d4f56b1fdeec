/* What doctor-linux.c and doctor-user-linux.c share. */
#ifndef CVCTL_DOCTOR_LINUX_H
#define CVCTL_DOCTOR_LINUX_H

#include "doctor.h"

struct linux_rights;

const struct linux_rights* doctor_rights(void); /* of this process, looked up once */

/* True, with `why` as the finding, for who has not root's rights: what the check looks at is not used then. */
bool doctor_not_roots(struct doctor_finding* found, const char* why);

void doctor_check_rights(struct doctor_finding* found);
void doctor_check_subids(struct doctor_finding* found);
void doctor_check_user_namespaces(struct doctor_finding* found);
void doctor_check_delegation(struct doctor_finding* found);

#endif
