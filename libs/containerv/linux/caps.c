#include "linux/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spec/capnames.h"

#include <cv/banned.h>

enum { CAPS_MAX = 64 }; /* bits of the kernel's own masks */

/* @return is it in the bounding set? CV_ERR_NOT_FOUND, with *err untouched, when this kernel doesn't have it. */
static int read_bounding(unsigned number, struct cv_error* err)
{
    int there = number < CAPS_MAX ? prctl(PR_CAPBSET_READ, number, 0, 0, 0) : (errno = EINVAL, -1);

    if (there < 0 && errno == EINVAL)
        return CV_ERR_NOT_FOUND;
    return there < 0 ? cv_error_errno(err, errno, "read the bounding set", cv_capability_name(number)) : there;
}

int linux_caps_last(unsigned* last_out, struct cv_error* err)
{
    unsigned count = 0;
    int      there;

    while ((there = read_bounding(count, err)) >= 0)
        count++;
    if (there != CV_ERR_NOT_FOUND)
        return there;
    *last_out = count - 1;
    return 0;
}

static int parse_set(
    const struct cv_strv* names, const char* what, unsigned last, uint64_t* set_out, struct cv_error* err)
{
    uint64_t set = 0;

    for (size_t i = 0; i < names->count; i++) {
        int number = cv_capability_number(names->items[i]);
        if (number < 0)
            return cv_error_set(
                err, CV_ERR_INVALID, "the %s capabilities have '%s', which is none", what, names->items[i]);
        if ((unsigned)number > last)
            return cv_error_set(err, CV_ERR_UNSUPPORTED,
                "the %s capabilities have '%s', which this kernel doesn't have", what, names->items[i]);
        set |= UINT64_C(1) << number;
    }
    *set_out = set;
    return 0;
}

/* What capset() and prctl() would refuse, told with names and before anything was made. */
static int check_sets(const struct linux_caps* caps, struct cv_error* err)
{
    if ((caps->effective & ~caps->permitted) != 0)
        return cv_error_set(err, CV_ERR_INVALID, "the effective capabilities are not all permitted");
    if ((caps->ambient & ~(caps->permitted & caps->inheritable)) != 0)
        return cv_error_set(err, CV_ERR_INVALID, "the ambient capabilities are not all permitted and inheritable");
    return 0;
}

int linux_caps_parse(const struct cv_spec_capabilities* capabilities, struct linux_caps* caps_out, struct cv_error* err)
{
    struct linux_caps caps = { 0 };
    unsigned          last = 0;
    const struct {
        const struct cv_strv* names;
        const char*           what;
        uint64_t*             set;
    } sets[] = {
        { &capabilities->bounding, "bounding", &caps.bounding },
        { &capabilities->effective, "effective", &caps.effective },
        { &capabilities->inheritable, "inheritable", &caps.inheritable },
        { &capabilities->permitted, "permitted", &caps.permitted },
        { &capabilities->ambient, "ambient", &caps.ambient },
    };

    int rc = capabilities->set ? linux_caps_last(&last, err) : 0;
    for (size_t i = 0; rc == 0 && capabilities->set && i < CV_ARRAY_LEN(sets); i++)
        rc = parse_set(sets[i].names, sets[i].what, last, sets[i].set, err);
    if (rc < 0)
        return rc;
    if (check_sets(&caps, err) < 0)
        return CV_ERR_INVALID;
    *caps_out = caps;
    return 0;
}

/* What was asked for and can't be had: with its name, which capset() and the bounding set would not say. */
static int check_there(const struct linux_caps* caps, struct cv_error* err)
{
    uint64_t wanted = caps->bounding | caps->permitted | caps->inheritable;
    int      there;

    for (unsigned i = 0; (there = read_bounding(i, err)) >= 0; i++)
        if (there == 0 && (wanted >> i & 1) != 0) {
            cv_error_set(err, CV_ERR_PERMISSION, "'%s' can't be given: containerv doesn't have it here itself",
                cv_capability_name(i));
            cv_error_step(err, "set the capabilities");
            cv_error_object(err, "%s", cv_capability_name(i));
            return cv_error_hint(err, "leave it out of process.capabilities on this host");
        }
    return there == CV_ERR_NOT_FOUND ? 0 : there;
}

int linux_caps_apply_bounding(const struct linux_caps* caps, struct cv_error* err)
{
    int there = check_there(caps, err);

    if (there < 0)
        return there;

    for (unsigned i = 0; (there = read_bounding(i, err)) >= 0; i++)
        if (there == 1 && (caps->bounding >> i & 1) == 0 && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
            return cv_error_errno(err, errno, "drop from the bounding set", cv_capability_name(i));
    return there == CV_ERR_NOT_FOUND ? 0 : there;
}

int linux_caps_keep(struct cv_error* err)
{
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "keep the capabilities over the change of user", NULL);
    return 0;
}

static int set_three(const struct linux_caps* caps, struct cv_error* err)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct   data[_LINUX_CAPABILITY_U32S_3];

    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        data[i] = (struct __user_cap_data_struct){
            .effective   = (uint32_t)(caps->effective >> 32 * i),
            .permitted   = (uint32_t)(caps->permitted >> 32 * i),
            .inheritable = (uint32_t)(caps->inheritable >> 32 * i),
        };
    if (syscall(SYS_capset, &header, data) < 0)
        return cv_error_errno(err, errno, "set the capabilities", NULL);
    return 0;
}

int linux_caps_apply(const struct linux_caps* caps, struct cv_error* err)
{
    int rc;

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "clear the ambient capabilities", NULL);
    rc = set_three(caps, err);
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < CAPS_MAX; i++)
        if ((caps->ambient >> i & 1) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
            return cv_error_errno(err, errno, "set the ambient capability", cv_capability_name(i));
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "end keeping the capabilities", NULL);
    return 0;
}
