/*
 * Landlock's rules as the kernel wants them. Pure.
 *
 * What a ruleset handles is forbidden unless a rule allows it. Rules for paths handle all of reading, writing and executing, rules for TCP
 * both of binding and connecting; what neither names (ioctl on devices) stays as it is.
 */
#ifndef CV_LINUX_LANDLOCK_PLAN_H
#define CV_LINUX_LANDLOCK_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <cv/error.h>

#include "spec/spec.h"

/* The kernel's LANDLOCK_ACCESS_FS_* and _NET_*, and the ABI that each came with. */
#define LANDLOCK_FS_EXECUTE     (UINT64_C(1) << 0)
#define LANDLOCK_FS_WRITE_FILE  (UINT64_C(1) << 1)
#define LANDLOCK_FS_READ_FILE   (UINT64_C(1) << 2)
#define LANDLOCK_FS_READ_DIR    (UINT64_C(1) << 3)
#define LANDLOCK_FS_REMOVE_DIR  (UINT64_C(1) << 4)
#define LANDLOCK_FS_REMOVE_FILE (UINT64_C(1) << 5)
#define LANDLOCK_FS_MAKE_CHAR   (UINT64_C(1) << 6)
#define LANDLOCK_FS_MAKE_DIR    (UINT64_C(1) << 7)
#define LANDLOCK_FS_MAKE_REG    (UINT64_C(1) << 8)
#define LANDLOCK_FS_MAKE_SOCK   (UINT64_C(1) << 9)
#define LANDLOCK_FS_MAKE_FIFO   (UINT64_C(1) << 10)
#define LANDLOCK_FS_MAKE_BLOCK  (UINT64_C(1) << 11)
#define LANDLOCK_FS_MAKE_SYM    (UINT64_C(1) << 12)
#define LANDLOCK_FS_REFER       (UINT64_C(1) << 13) /* ABI 2: rename and link between folders */
#define LANDLOCK_FS_TRUNCATE    (UINT64_C(1) << 14) /* ABI 3 */
#define LANDLOCK_NET_BIND       (UINT64_C(1) << 0)  /* ABI 4 */
#define LANDLOCK_NET_CONNECT    (UINT64_C(1) << 1)

enum { LANDLOCK_ABI_REFER = 2, LANDLOCK_ABI_TRUNCATE = 3, LANDLOCK_ABI_NET = 4 };

struct landlock_plan {
    uint64_t handled_fs, handled_net; /* both 0: nothing to do */
};

/*
 * `abi` is the running kernel's, 0: it has no Landlock. CV_ERR_UNSUPPORTED when it can't enforce all that the rules say: without ABI 3 a
 * file that may not be written can still be emptied, so something must allow to write everywhere; TCP needs ABI 4.
 */
int landlock_plan_make(const struct cv_spec* spec, int abi, struct landlock_plan* plan_out, struct cv_error* err);

/* What a rule allows. A rule for a file may only have rights of files. */
uint64_t landlock_plan_path(const struct landlock_plan* plan, uint32_t access, bool folder);
uint64_t landlock_plan_tcp(uint32_t access);

#endif
