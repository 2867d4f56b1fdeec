/* What a program is labelled with for the kernel's security modules. Linux only. */
#ifndef CV_LINUX_LSM_H
#define CV_LINUX_LSM_H

#include <cv/error.h>

#include "spec/spec.h"

/*
 * process.apparmorProfile and process.selinuxLabel: can there be any? CV_ERR_UNSUPPORTED names the field when the kernel says that the
 * module is not active. Kernels before 6.8 can't be asked: then it is told when the program starts. The profile "unconfined" is what
 * every program has without AppArmor.
 */
int linux_lsm_check(const struct cv_spec_process* process, struct cv_error* err);

/* Both for the next exec of the calling process. For a fork: no memory. */
int linux_lsm_label(const struct cv_spec_process* process, struct cv_error* err);

/* What the calling process makes keyrings with: an SELinux label, or NULL for the kernel's own choice. */
int linux_lsm_label_keys(const char* label, struct cv_error* err);

#endif
