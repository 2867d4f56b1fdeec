/*
 * A batch of rtnetlink requests: built in one buffer, sent by one sendmsg, every request's answer read.
 *
 * The kernel works through a batch in order and does not stop at an error, so a request must not do harm when an earlier one failed.
 * The first error is the one that is reported, with the step and object that were given for that request.
 * Written out rather than taken from libmnl, because the guardian is a static program and distributions have no static libmnl.
 * One thread at a time. Strings given as step must be literals; object is copied.
 */
#ifndef CV_LINUX_NETLINK_BATCH_H
#define CV_LINUX_NETLINK_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>
#include <cv/macros.h>

struct nlmsghdr;
struct linux_netlink;

enum { LINUX_NETLINK_MAX_REQUESTS = 64 };

/* A socket in the calling thread's network namespace and an empty batch. */
int                   linux_netlink_new(struct linux_netlink** netlink_out, struct cv_error* err);
struct linux_netlink* linux_netlink_free(struct linux_netlink* netlink); /* NULL is fine; returns NULL */
CV_DEFINE_CLEANUP(struct linux_netlink, linux_netlink_free)

/*
 * Add a request. `flags` besides NLM_F_REQUEST and NLM_F_ACK, which are set here. The caller then fills it in by the functions below.
 * When there is no room the batch remembers it, and linux_netlink_send() fails without sending anything.
 */
void linux_netlink_add(
    struct linux_netlink* netlink, uint16_t type, uint16_t flags, const char* step, const char* object);

/* Fixed header of the last request, attributes, and nested attributes (at most 4 deep) after it. */
void linux_netlink_put_header(struct linux_netlink* netlink, const void* header, size_t size);
void linux_netlink_put(struct linux_netlink* netlink, uint16_t type, const void* data, size_t size);
void linux_netlink_put_u32(struct linux_netlink* netlink, uint16_t type, uint32_t value);
void linux_netlink_put_string(struct linux_netlink* netlink, uint16_t type, const char* text);
void linux_netlink_nest(struct linux_netlink* netlink, uint16_t type);
void linux_netlink_end(struct linux_netlink* netlink);

/*
 * Send the batch, read all answers, empty the batch. `failed_out` may be NULL; it gets the index of the first request that failed, or
 * the number of requests when none did or nothing was sent, in every case.
 */
int linux_netlink_send(struct linux_netlink* netlink, size_t* failed_out, struct cv_error* err);

/* What the kernel tells of a link. */
struct linux_link {
    uint32_t index;
    uint32_t flags; /* IFF_... */
};

/* A link by name. CV_ERR_NOT_FOUND when there is none. Requests that were added are dropped. */
int linux_netlink_get_link(
    struct linux_netlink* netlink, const char* name, struct linux_link* link_out, struct cv_error* err);

/* The same; alias_out gets "" when it has none. */
int linux_netlink_find_link(struct linux_netlink* netlink, const char* name, uint32_t* index_out, char* alias_out,
    size_t alias_size, struct cv_error* err);

/* One message of the kernel's list. Not 0: no more are wanted, and what it returns is returned. */
typedef int (*linux_netlink_taker)(const struct nlmsghdr* message, void* data, struct cv_error* err);

/*
 * Everything of a kind: `type` such as RTM_GETADDR with its fixed header, by which the kernel may choose (it need not: look again).
 * CV_ERR_STATE: it changed in between, what was taken is to be thrown away. Requests that were added are dropped.
 */
int linux_netlink_list(struct linux_netlink* netlink, uint16_t type, const void* header, size_t size,
    linux_netlink_taker take, void* data, struct cv_error* err);

#endif
