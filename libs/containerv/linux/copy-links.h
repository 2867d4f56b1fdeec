/* Files with several names in one copy, by number: which name was the first. Bounded by COPY_LINKS_MAX. */
#ifndef CV_LINUX_COPY_LINKS_H
#define CV_LINUX_COPY_LINKS_H

#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>

#include "linux/copy-format.h"

/* The sender's side: which number a file has. Starts as all zero. */
struct copy_link_numbers {
    struct copy_link_slot {
        dev_t    device;
        ino_t    inode;
        uint32_t number; /* 0: free */
    } * slots;
    uint32_t count;
};

/* 0 when the file was not seen yet. */
uint32_t copy_links_find(const struct copy_link_numbers* numbers, dev_t device, ino_t inode);
/* Give it the next number. CV_ERR_LIMIT when there are too many. */
int copy_links_add(
    struct copy_link_numbers* numbers, dev_t device, ino_t inode, uint32_t* number_out, struct cv_error* err);
void copy_links_release(struct copy_link_numbers* numbers);

/* The receiver's side: where the first name of a number is. Starts as all zero. */
struct copy_link_places {
    struct copy_link_place {
        char* path; /* relative to where the copy begins; NULL: not made */
        dev_t device;
        ino_t inode;
    } * places;
    size_t count, path_bytes;
};

int copy_links_put(struct copy_link_places* places, uint32_t number, const char* path, dev_t device, ino_t inode,
    struct cv_error* err);
const struct copy_link_place* copy_links_get(const struct copy_link_places* places, uint32_t number);
void                          copy_links_forget(struct copy_link_places* places);

#endif
