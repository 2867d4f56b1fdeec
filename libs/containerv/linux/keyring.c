#include "linux/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdint.h>

#include <cv/str.h>

#include "linux/lsm.h"
#include "linux/syscalls.h"

enum { NAME_SIZE = 512 };

/* What a new session keyring has (possessor: all; user: view, read, link), and "search" for who shall find it by its name. */
#define PERMISSIONS  UINT32_C(0x3f130000)
#define SEARCH_USER  UINT32_C(0x00080000)
#define SEARCH_OTHER UINT32_C(0x00000008)

static int told(int number, const char* step, const char* name, struct cv_error* err)
{
    int rc = cv_error_errno(err, number, step, name);
    if (number == EDQUOT)
        return cv_error_hint(err, "the user has too many keyrings (/proc/sys/kernel/keys/maxkeys)");
    return number == EPERM || number == EACCES
               ? cv_error_hint(err, "with --no-new-keyring the container keeps the caller's keyring")
               : rc;
}

static int join(const char* name, bool users, struct cv_error* err)
{
    char full[NAME_SIZE];
    if (cv_snprintf(full, sizeof(full), "_ses.%s", name) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is too long for the name of a keyring", name);
    long ring = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, (uintptr_t)full, 0);
    if (ring < 0 && errno == ENOSYS)
        return 0;
    if (ring < 0)
        return told(errno, "make a session keyring", full, err);
    uint32_t permissions = PERMISSIONS | (users ? SEARCH_OTHER : SEARCH_USER);
    return sys_keyctl(KEYCTL_SETPERM, (unsigned long)ring, permissions) < 0
               ? told(errno, "set the permissions of the session keyring", full, err)
               : 0;
}

int linux_keyring_join(const char* name, const char* label, bool users, struct cv_error* err)
{
    int rc = label != NULL && label[0] != '\0' ? linux_lsm_label_keys(label, err) : 0;
    if (rc == 0)
        rc = join(name, users, err);
    if (rc == 0 && label != NULL && label[0] != '\0')
        rc = linux_lsm_label_keys(NULL, err);
    return rc;
}
