/*
 * Which devices a container may use: from --device, linux.resources.devices and our own set to rules, and from rules to what the kernel
 * takes: lines for version 1's devices controller, or a program for a group of version 2. Pure.
 *
 * The kernel must be asked where a container could reach a device that nobody gave it: without a user namespace, where it can make
 * nodes. And where one was given with less than all access, or the specification has rules. Elsewhere no node can be made, the root has
 * nodev, and what is bound is what was asked for.
 */
#ifndef CV_LINUX_DEVICE_RULES_H
#define CV_LINUX_DEVICE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

#include "spec/spec.h"

enum linux_device_access { LINUX_DEVICE_MAKE = 1, LINUX_DEVICE_READ = 2, LINUX_DEVICE_WRITE = 4, LINUX_DEVICE_ALL = 7 };

enum { LINUX_DEVICE_RULES_MAX = 1024, LINUX_DEVICE_LINE_SIZE = 48 };

/* Later ones win. */
struct linux_device_rule {
    bool     allow;
    char     type;         /* 'a', 'b', 'c' */
    unsigned access;       /* enum linux_device_access, or-ed */
    int64_t  major, minor; /* -1: any */
};

struct linux_device_rules {
    struct linux_device_rule* items;
    size_t                    count;
};

/* What kind of node a path is, 'b' or 'c', and its numbers. */
typedef int (*linux_device_look_fn)(
    const char* path, char* type_out, unsigned* major_out, unsigned* minor_out, struct cv_error* err);

bool linux_device_rules_needed(const struct cv_spec* spec);

/* Are there any that were asked for? Without a user namespace they are needed all the same. */
bool linux_device_rules_asked(const struct cv_spec* spec);

/* CV_ERR_LIMIT for more rules than the maximum; an error of `look` is handed on. */
int linux_device_rules_make(
    const struct cv_spec* spec, linux_device_look_fn look, struct linux_device_rules* rules_out, struct cv_error* err);
void linux_device_rules_release(struct linux_device_rules* rules);

bool linux_device_rule_is_for_all(const struct linux_device_rule* rule);

/* Can version 1 keep them? CV_ERR_UNSUPPORTED where one makes an exception from another one's exception. */
int linux_device_rules_check_v1(const struct linux_device_rules* rules, struct cv_error* err);

/* "c 1:3 rwm" for devices.allow or devices.deny. */
void linux_device_rule_line(const struct linux_device_rule* rule, char line[LINUX_DEVICE_LINE_SIZE]);

/* The program: instructions as the kernel has them, malloc'ed. */
int linux_device_program(
    const struct linux_device_rules* rules, uint64_t** code_out, size_t* length_out, struct cv_error* err);

#endif
