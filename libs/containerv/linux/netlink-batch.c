#include "linux/netlink-batch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cv/handle.h>
#include <cv/str.h>

#include <cv/banned.h>

enum {
    BATCH_SIZE   = 16384,
    ANSWER_SIZE  = 32768, /* of one datagram: the description of one link is the largest */
    NEST_MAX     = 4,
    OBJECT_SIZE  = 64,
    MESSAGE_SIZE = 256, /* of the kernel's own explanation */
};

struct request {
    const char* step;
    char        object[OBJECT_SIZE];
    int         error; /* errno; -1 while there is no answer */
    char        message[MESSAGE_SIZE];
};

struct linux_netlink {
    int              fd;
    bool             overflow;
    size_t           used;
    size_t           count;
    size_t           nested;
    uint32_t         sequence; /* of the first request of the batch */
    struct nlmsghdr* last;
    struct nlattr*   nests[NEST_MAX];
    struct request   requests[LINUX_NETLINK_MAX_REQUESTS];
    _Alignas(struct nlmsghdr) char batch[BATCH_SIZE];
    _Alignas(struct nlmsghdr) char answer[ANSWER_SIZE];
};

static int open_socket(int* fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd   = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct sockaddr_nl               self = { .nl_family = AF_NETLINK };
    const int                        on   = 1;

    if (fd < 0)
        return cv_error_errno(err, errno, "open a netlink socket", NULL);
    if (bind(fd, (const struct sockaddr*)&self, sizeof(self)) < 0)
        return cv_error_errno(err, errno, "bind a netlink socket", NULL);
    /* Both only make answers better: the reason as text (4.12), and no copy of the whole request (4.3). */
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
    *fd_out = CV_STEAL_HANDLE(fd);
    return 0;
}

int linux_netlink_new(struct linux_netlink** netlink_out, struct cv_error* err)
{
    struct linux_netlink* netlink = calloc(1, sizeof(*netlink));
    int                   rc;

    if (netlink == NULL)
        return cv_error_no_memory(err);
    netlink->fd       = CV_HANDLE_NONE;
    netlink->sequence = 1;
    rc                = open_socket(&netlink->fd, err);
    if (rc < 0) {
        linux_netlink_free(netlink);
        return rc;
    }
    *netlink_out = netlink;
    return 0;
}

struct linux_netlink* linux_netlink_free(struct linux_netlink* netlink)
{
    if (netlink == NULL)
        return NULL;
    cv_handle_closep(&netlink->fd);
    free(netlink);
    return NULL;
}

/* Is there room for `size` more bytes? Remembers when there was none: then nothing of the batch is sent. */
static bool has_room(struct linux_netlink* netlink, size_t size)
{
    if (netlink->last == NULL || size > BATCH_SIZE || netlink->used + netlink->last->nlmsg_len + size > BATCH_SIZE)
        netlink->overflow = true;
    return !netlink->overflow;
}

/* The last request ends here; the next one starts behind it. */
static void finish_request(struct linux_netlink* netlink)
{
    if (netlink->nested != 0)
        netlink->overflow = true; /* a nest was left open: a mistake of ours, and never sent */
    if (netlink->last != NULL)
        netlink->used += NLMSG_ALIGN(netlink->last->nlmsg_len);
    netlink->last = NULL;
}

void linux_netlink_add(
    struct linux_netlink* netlink, uint16_t type, uint16_t flags, const char* step, const char* object)
{
    struct request* request;

    finish_request(netlink);
    if (netlink->count == LINUX_NETLINK_MAX_REQUESTS || netlink->used + NLMSG_HDRLEN > BATCH_SIZE) {
        netlink->overflow = true;
        return;
    }
    request  = &netlink->requests[netlink->count];
    *request = (struct request){ .step = step, .error = -1 };
    if (object != NULL)
        cv_snprintf(request->object, sizeof(request->object), "%.*s", OBJECT_SIZE - 1, object);
    netlink->last  = (void*)(netlink->batch + netlink->used);
    *netlink->last = (struct nlmsghdr){
        .nlmsg_len   = NLMSG_HDRLEN,
        .nlmsg_type  = type,
        .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
        .nlmsg_seq   = netlink->sequence + (uint32_t)netlink->count,
    };
    netlink->count++;
}

/* There is room. Everything in a message is padded with zeros to a multiple of four. */
static void* append(struct linux_netlink* netlink, const void* data, size_t size)
{
    char* at = netlink->batch + netlink->used + netlink->last->nlmsg_len;

    memset(at, 0, NLMSG_ALIGN(size));
    if (size > 0)
        memcpy(at, data, size);
    netlink->last->nlmsg_len += NLMSG_ALIGN((uint32_t)size);
    return at;
}

void linux_netlink_put_header(struct linux_netlink* netlink, const void* header, size_t size)
{
    if (has_room(netlink, NLMSG_ALIGN(size)))
        append(netlink, header, size);
}

void linux_netlink_put(struct linux_netlink* netlink, uint16_t type, const void* data, size_t size)
{
    struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type };

    if (has_room(netlink, size < BATCH_SIZE ? NLA_HDRLEN + NLA_ALIGN(size) : size)) {
        append(netlink, &head, sizeof(head));
        append(netlink, data, size);
    }
}

void linux_netlink_put_u32(struct linux_netlink* netlink, uint16_t type, uint32_t value)
{
    linux_netlink_put(netlink, type, &value, sizeof(value));
}

void linux_netlink_put_string(struct linux_netlink* netlink, uint16_t type, const char* text)
{
    linux_netlink_put(netlink, type, text, strlen(text) + 1);
}

void linux_netlink_nest(struct linux_netlink* netlink, uint16_t type)
{
    if (netlink->nested == NEST_MAX)
        netlink->overflow = true;
    else if (has_room(netlink, NLA_HDRLEN))
        netlink->nests[netlink->nested++] =
            append(netlink, &(struct nlattr){ .nla_type = NLA_F_NESTED | type }, sizeof(struct nlattr));
}

void linux_netlink_end(struct linux_netlink* netlink)
{
    if (netlink->nested == 0) {
        netlink->overflow = true;
    } else if (!netlink->overflow) {
        struct nlattr* nest = netlink->nests[--netlink->nested];
        nest->nla_len       = (uint16_t)((char*)netlink->last + netlink->last->nlmsg_len - (char*)nest);
    }
}

/* Sequence numbers go on, so that an answer that comes late is never taken for one of the next batch. */
static void start_batch(struct linux_netlink* netlink)
{
    netlink->sequence += (uint32_t)netlink->count;
    netlink->used     = 0;
    netlink->count    = 0;
    netlink->nested   = 0;
    netlink->overflow = false;
    netlink->last     = NULL;
}

static int send_bytes(struct linux_netlink* netlink, struct cv_error* err)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    struct iovec       part   = { .iov_base = netlink->batch, .iov_len = netlink->used };
    struct msghdr message = { .msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t       sent;

    do
        sent = sendmsg(netlink->fd, &message, 0);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return cv_error_errno(err, errno, "send netlink requests", netlink->requests[0].object);
    if ((size_t)sent != netlink->used)
        return cv_error_set(
            err, CV_ERR_INTERNAL, "send netlink requests: %zd of %zu bytes were taken", sent, netlink->used);
    return 0;
}

/* One datagram. The kernel has answered when sendmsg() returns, so there is nothing to wait for: EAGAIN means that an answer is missing. */
static int receive(struct linux_netlink* netlink, size_t* length_out, struct cv_error* err)
{
    struct sockaddr_nl from    = { 0 };
    struct iovec       part    = { .iov_base = netlink->answer, .iov_len = ANSWER_SIZE };
    struct msghdr      message = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t            got;

    do {
        got = recvmsg(netlink->fd, &message, MSG_DONTWAIT);
        if (got < 0 && errno != EINTR)
            return cv_error_errno(err, errno, "read the answer to netlink requests", NULL);
    } while (got < 0 || from.nl_pid != 0); /* another process may send to this socket; only the kernel counts */
    if (message.msg_flags & MSG_TRUNC)
        return cv_error_set(
            err, CV_ERR_PROTOCOL, "read the answer to netlink requests: longer than %d bytes", ANSWER_SIZE);
    *length_out = (size_t)got;
    return 0;
}

/* The text of the attribute `type` among those in `length` bytes, if it is there and ends with a NUL; else buffer stays as it is. */
static void find_text(const char* at, size_t length, uint16_t type, char* buffer, size_t size)
{
    struct nlattr head;

    for (size_t step; length >= sizeof(head); at += step, length -= step) {
        memcpy(&head, at, sizeof(head));
        if (head.nla_len < NLA_HDRLEN || head.nla_len > length)
            return;
        if ((head.nla_type & NLA_TYPE_MASK) == type && head.nla_len > NLA_HDRLEN && at[head.nla_len - 1] == '\0') {
            cv_snprintf(buffer, size, "%s", at + NLA_HDRLEN); /* a longer one is cut */
            return;
        }
        step = NLA_ALIGN((size_t)head.nla_len);
        if (step > length)
            step = length; /* the last one may lack its padding */
    }
}

/* The message at `left` bytes is whole. */
static bool is_message(const struct nlmsghdr* header, size_t left)
{
    return left >= sizeof(*header) && header->nlmsg_len >= sizeof(*header) && header->nlmsg_len <= left;
}

static void take_answer(struct linux_netlink* netlink, const struct nlmsghdr* header)
{
    const struct nlmsgerr* answer = NLMSG_DATA(header);
    size_t                 length = header->nlmsg_len - NLMSG_HDRLEN;
    size_t                 index  = header->nlmsg_seq - netlink->sequence;
    size_t                 offset = sizeof(*answer);
    struct request*        request;

    if (header->nlmsg_type != NLMSG_ERROR || length < sizeof(*answer) || index >= netlink->count)
        return;
    request        = &netlink->requests[index];
    request->error = -answer->error;
    if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
        return;
    if (!(header->nlmsg_flags & NLM_F_CAPPED)) /* then a copy of the whole request comes first */
        offset += NLMSG_ALIGN(answer->msg.nlmsg_len) - NLMSG_HDRLEN;
    if (offset < length)
        find_text((const char*)answer + offset, length - offset, NLMSGERR_ATTR_MSG, request->message, MESSAGE_SIZE);
}

static bool all_answered(const struct linux_netlink* netlink)
{
    for (size_t i = 0; i < netlink->count; i++)
        if (netlink->requests[i].error == -1)
            return false;
    return true;
}

static int read_answers(struct linux_netlink* netlink, struct cv_error* err)
{
    while (!all_answered(netlink)) {
        size_t length = 0;
        int    rc     = receive(netlink, &length, err);
        if (rc < 0)
            return rc;
        const char* at = netlink->answer;
        while (is_message((const void*)at, length)) {
            const struct nlmsghdr* header = (const void*)at;
            size_t                 step   = NLMSG_ALIGN((size_t)header->nlmsg_len);
            take_answer(netlink, header);
            at += step;
            length -= step < length ? step : length;
        }
    }
    return 0;
}

static int report(const struct request* request, struct cv_error* err)
{
    int code = cv_error_errno(err, request->error, request->step, request->object[0] == '\0' ? NULL : request->object);

    if (request->message[0] != '\0')
        cv_error_hint(err, "the kernel says: %s", request->message);
    return code;
}

static int send_batch(struct linux_netlink* netlink, size_t* failed, struct cv_error* err)
{
    int rc;

    finish_request(netlink);
    *failed = netlink->count;
    if (netlink->overflow)
        return cv_error_set(err, CV_ERR_INTERNAL, "netlink requests don't fit into one batch");
    if (netlink->count == 0)
        return 0;
    rc = send_bytes(netlink, err);
    if (rc == 0)
        rc = read_answers(netlink, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < netlink->count; i++) {
        if (netlink->requests[i].error != 0) {
            *failed = i;
            return report(&netlink->requests[i], err);
        }
    }
    return 0;
}

int linux_netlink_send(struct linux_netlink* netlink, size_t* failed_out, struct cv_error* err)
{
    size_t failed = 0;
    int    rc     = send_batch(netlink, &failed, err);

    start_batch(netlink);
    if (failed_out != NULL)
        *failed_out = failed;
    return rc;
}

struct link_found {
    uint32_t index, flags;
    char*    alias;
    size_t   alias_size;
};

static int take_link(struct linux_netlink* netlink, size_t length, struct link_found* found, struct cv_error* err)
{
    const struct nlmsghdr*  header = (const void*)netlink->answer;
    const struct ifinfomsg* link   = NLMSG_DATA(header);

    if (!is_message(header, length) || header->nlmsg_seq != netlink->sequence)
        return cv_error_set(err, CV_ERR_PROTOCOL, "look for a link: malformed answer");
    if (header->nlmsg_type == NLMSG_ERROR) {
        take_answer(netlink, header);
        return report(&netlink->requests[0], err);
    }
    if (header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
        return cv_error_set(err, CV_ERR_PROTOCOL, "look for a link: answer of type %u", header->nlmsg_type);
    found->index = (uint32_t)link->ifi_index;
    found->flags = link->ifi_flags;
    find_text((const char*)link + NLMSG_ALIGN(sizeof(*link)), header->nlmsg_len - NLMSG_SPACE(sizeof(*link)),
        IFLA_IFALIAS, found->alias, found->alias_size);
    return 0;
}

static int find_link(struct linux_netlink* netlink, const char* name, struct link_found* found, struct cv_error* err)
{
    struct ifinfomsg link   = { .ifi_family = AF_UNSPEC };
    size_t           length = 0;
    int              rc;

    start_batch(netlink);
    linux_netlink_add(netlink, RTM_GETLINK, 0, "look for a link", name);
    netlink->last->nlmsg_flags = NLM_F_REQUEST; /* the link itself is the answer */
    linux_netlink_put_header(netlink, &link, sizeof(link));
    linux_netlink_put_string(netlink, IFLA_IFNAME, name);
    linux_netlink_put_u32(netlink, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    finish_request(netlink);
    if (netlink->overflow)
        return cv_error_set(err, CV_ERR_INTERNAL, "netlink requests don't fit into one batch");
    rc = send_bytes(netlink, err);
    if (rc == 0)
        rc = receive(netlink, &length, err);
    return rc < 0 ? rc : take_link(netlink, length, found, err);
}

static int look_for_link(
    struct linux_netlink* netlink, const char* name, struct link_found* found, struct cv_error* err)
{
    struct cv_error local;
    int             rc;

    if (err == NULL)
        err = &local; /* its number is needed below */
    found->alias[0] = '\0';
    rc              = find_link(netlink, name, found, err);
    start_batch(netlink);
    if (rc < 0 && err->domain == CV_DOMAIN_ERRNO && err->number == ENODEV)
        err->code = rc = CV_ERR_NOT_FOUND;
    return rc;
}

int linux_netlink_get_link(
    struct linux_netlink* netlink, const char* name, struct linux_link* link_out, struct cv_error* err)
{
    char              alias[1];
    struct link_found found = { .alias = alias, .alias_size = sizeof(alias) };
    int               rc    = look_for_link(netlink, name, &found, err);

    if (rc == 0)
        *link_out = (struct linux_link){ .index = found.index, .flags = found.flags };
    return rc;
}

int linux_netlink_find_link(struct linux_netlink* netlink, const char* name, uint32_t* index_out, char* alias_out,
    size_t alias_size, struct cv_error* err)
{
    struct link_found found = { .alias = alias_out, .alias_size = alias_size };
    int               rc    = look_for_link(netlink, name, &found, err);

    if (rc == 0)
        *index_out = found.index;
    return rc;
}

/* --- lists --------------------------------------------------------------------------------------------------------------------- */

struct listing {
    linux_netlink_taker take;
    void*               data;
    bool                done, interrupted;
};

static int take_listed(
    struct linux_netlink* netlink, const struct nlmsghdr* header, struct listing* listing, struct cv_error* err)
{
    if (header->nlmsg_seq != netlink->sequence)
        return 0;
    listing->interrupted |= (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    listing->done = header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR;
    if (header->nlmsg_type == NLMSG_ERROR) {
        take_answer(netlink, header);
        return report(&netlink->requests[0], err);
    }
    return listing->done ? 0 : listing->take(header, listing->data, err);
}

static int read_list(struct linux_netlink* netlink, struct listing* listing, struct cv_error* err)
{
    while (!listing->done) {
        size_t length = 0;
        int    rc     = receive(netlink, &length, err);
        if (rc < 0)
            return rc;
        for (const char* at = netlink->answer; is_message((const void*)at, length);) {
            const struct nlmsghdr* header = (const void*)at;
            size_t                 step   = NLMSG_ALIGN((size_t)header->nlmsg_len);
            if ((rc = take_listed(netlink, header, listing, err)) < 0)
                return rc;
            at += step;
            length -= step < length ? step : length;
        }
    }
    return listing->interrupted ? cv_error_set(err, CV_ERR_STATE, "the kernel's list changed while it was read") : 0;
}

int linux_netlink_list(struct linux_netlink* netlink, uint16_t type, const void* header, size_t size,
    linux_netlink_taker take, void* data, struct cv_error* err)
{
    struct listing listing = { .take = take, .data = data };
    int            rc;

    start_batch(netlink);
    linux_netlink_add(netlink, type, 0, "read a list of the kernel's network", NULL);
    netlink->last->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    linux_netlink_put_header(netlink, header, size);
    finish_request(netlink);
    rc = send_bytes(netlink, err);
    if (rc == 0)
        rc = read_list(netlink, &listing, err);
    start_batch(netlink);
    return rc;
}
