/* Keys that leave a container's terminal. They are held back while they may be meant, and passed on when they were not. Pure. */
#ifndef CVCTL_DETACH_KEYS_H
#define CVCTL_DETACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include <cv/error.h>

#define CVCTL_DETACH_KEYS "ctrl-p,ctrl-q"

enum { CVCTL_DETACH_KEYS_MAX = 16 };

struct cvctl_detach_keys {
    char   keys[CVCTL_DETACH_KEYS_MAX];
    size_t count;   /* 0: there are none */
    size_t matched; /* so many of them were typed, and held back */
};

/* "ctrl-p,ctrl-q", "a", "ctrl-@": characters, and those of Ctrl with a to z or one of @ [ \ ] ^ _; "" is none. */
int cvctl_detach_keys_parse(const char* text, struct cvctl_detach_keys* keys_out, struct cv_error* err);

/*
 * What was typed, and what of it is to be passed on: `passed` has room for length + CVCTL_DETACH_KEYS_MAX. True when the keys are complete;
 * what was typed before them is passed on, nothing after.
 */
bool cvctl_detach_keys_scan(
    struct cvctl_detach_keys* keys, const char* typed, size_t length, char* passed, size_t* passed_length);

#endif
