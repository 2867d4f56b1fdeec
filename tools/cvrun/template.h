/* The config.json that the command spec writes: a shell in the folder rootfs, as runc's. Pure. */
#ifndef CVRUN_TEMPLATE_H
#define CVRUN_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include <cv/error.h>

/* `rootless`: for a plain user, whose ids are these. malloc'ed, NULL with err. */
char* cvrun_template_print(bool rootless, uint32_t uid, uint32_t gid, struct cv_error* err);

#endif
