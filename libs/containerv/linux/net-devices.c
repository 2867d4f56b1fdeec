#include "linux/net-devices.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cv/handle.h>
#include <cv/random.h>
#include <cv/str.h>

#include "linux/net.h"
#include "linux/netlink-batch.h"

#include <cv/banned.h>

enum {
    ADDRESSES_MAX = 256, /* of one device */
    BATCH         = 32,  /* addresses in one message */
    PART_SIZE     = 16,  /* bytes of the longest part of an address */
    READ_TRIES    = 10,  /* others change the host's addresses, too */
};

/* What makes an address, besides its fixed header. Its label is left out: it must begin with the device's name, which may change. */
static const uint16_t parts[] = { IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_RT_PRIORITY };

struct address {
    struct ifaddrmsg header;
    uint32_t         flags;
    struct {
        uint8_t length; /* 0: it has none */
        uint8_t bytes[PART_SIZE];
    } parts[CV_ARRAY_LEN(parts)];
};

/* Set by whoever gave the address; the others are what the kernel found out about it. */
static const uint32_t kept_flags = IFA_F_PERMANENT | IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR
                                   | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN | IFA_F_OPTIMISTIC;

struct device {
    char*             host_name;
    char*             name;                         /* in the container; may be a template */
    char              between[LINUX_NET_NAME_SIZE]; /* that nobody has: while it moves */
    struct linux_link link;
    uint32_t          index; /* in the container; 0: it isn't there */
    struct address*   addresses;
    size_t            count;
};

/* The two namespaces, each with a socket in it. */
struct linux_net_devices {
    int                   host_fd, inside_fd;
    struct linux_netlink *host, *inside;
    struct device*        list;
    size_t                count;
};

/* --- reading addresses --------------------------------------------------------------------------------------------------------- */

static void take_part(struct address* address, const struct rtattr* attribute)
{
    size_t length = RTA_PAYLOAD(attribute);

    for (size_t i = 0; i < CV_ARRAY_LEN(parts); i++)
        if ((attribute->rta_type & NLA_TYPE_MASK) == parts[i] && length <= PART_SIZE) {
            address->parts[i].length = (uint8_t)length;
            memcpy(address->parts[i].bytes, RTA_DATA(attribute), length);
        }
    if ((attribute->rta_type & NLA_TYPE_MASK) == IFA_FLAGS && length == sizeof(address->flags))
        memcpy(&address->flags, RTA_DATA(attribute), length);
}

static int remember(struct device* device, const struct address* address, struct cv_error* err)
{
    struct address* list;

    if (device->count == ADDRESSES_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "it has more than %d addresses", ADDRESSES_MAX);
    list = realloc(device->addresses, (device->count + 1) * sizeof(*list));
    if (list == NULL)
        return cv_error_no_memory(err);
    list[device->count++] = *address;
    device->addresses     = list;
    return 0;
}

static int take_address(const struct nlmsghdr* message, void* data, struct cv_error* err)
{
    struct device*       device  = data;
    struct address       address = { .flags = 0 };
    const struct rtattr* attribute;
    int                  left;

    if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(address.header)))
        return 0;
    memcpy(&address.header, NLMSG_DATA(message), sizeof(address.header));
    address.flags = address.header.ifa_flags;
    attribute     = IFA_RTA((char*)NLMSG_DATA(message));
    left          = (int)IFA_PAYLOAD(message);
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
        take_part(&address, attribute);
    if (address.header.ifa_index != device->link.index || address.header.ifa_scope != RT_SCOPE_UNIVERSE
        || (address.flags & IFA_F_PERMANENT) == 0)
        return 0;
    return remember(device, &address, err);
}

static int read_addresses(struct linux_netlink* netlink, struct device* device, struct cv_error* err)
{
    const struct ifaddrmsg all = { .ifa_family = AF_UNSPEC };
    int                    rc  = CV_ERR_STATE;

    for (int i = 0; rc == CV_ERR_STATE && i < READ_TRIES; i++) {
        device->count = 0;
        rc            = linux_netlink_list(netlink, RTM_GETADDR, &all, sizeof(all), take_address, device, err);
    }
    return rc;
}

/* --- requests ------------------------------------------------------------------------------------------------------------------ */

static void add_link(
    struct linux_netlink* netlink, uint32_t index, unsigned flags, const char* step, const char* object)
{
    const struct ifinfomsg link = {
        .ifi_family = AF_UNSPEC, .ifi_index = (int)index, .ifi_flags = flags, .ifi_change = flags
    };

    linux_netlink_add(netlink, RTM_NEWLINK, 0, step, object);
    linux_netlink_put_header(netlink, &link, sizeof(link));
}

static void add_address(
    struct linux_netlink* netlink, const struct address* address, uint32_t index, const char* object)
{
    struct ifaddrmsg header = address->header;
    uint32_t         flags  = address->flags & kept_flags;

    header.ifa_index = index;
    header.ifa_flags = (uint8_t)flags;
    linux_netlink_add(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, "set an address of a network device", object);
    linux_netlink_put_header(netlink, &header, sizeof(header));
    for (size_t i = 0; i < CV_ARRAY_LEN(parts); i++)
        if (address->parts[i].length > 0)
            linux_netlink_put(netlink, parts[i], address->parts[i].bytes, address->parts[i].length);
    linux_netlink_put_u32(netlink, IFA_FLAGS, flags);
}

/* Its addresses, then up. */
static int furnish(struct linux_netlink* netlink, const struct device* device, uint32_t index, unsigned flags,
    const char* object, struct cv_error* err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < device->count; i++) {
        add_address(netlink, &device->addresses[i], index, object);
        if (i % BATCH == BATCH - 1)
            rc = linux_netlink_send(netlink, NULL, err);
    }
    if (rc < 0)
        return rc;
    if (flags != 0)
        add_link(netlink, index, flags, "set a network device up", object);
    return linux_netlink_send(netlink, NULL, err);
}

/* The name must be free on both sides, so neither the one that it has nor the one that it gets will do. */
static int name_between(struct device* device, struct cv_error* err)
{
    uint64_t number = 0;
    int      rc     = cv_random_bytes(&number, sizeof(number), err);

    if (rc == 0)
        cv_snprintf(device->between, sizeof(device->between), "cv%012llx",
            (unsigned long long)(number & UINT64_C(0xffffffffffff)));
    return rc;
}

/* Devices that go to another namespace are down there, and have lost their addresses. */
static int send_over(struct linux_netlink* from, uint32_t index, int netns_fd, const char* name, const char* object,
    struct cv_error* err)
{
    add_link(from, index, 0, "move a network device", object);
    linux_netlink_put_u32(from, IFLA_NET_NS_FD, (uint32_t)netns_fd);
    linux_netlink_put_string(from, IFLA_IFNAME, name);
    return linux_netlink_send(from, NULL, err);
}

static int rename_to(struct linux_netlink* netlink, uint32_t index, const char* name, struct cv_error* err)
{
    add_link(netlink, index, 0, "rename a network device", name);
    linux_netlink_put_string(netlink, IFLA_IFNAME, name);
    return linux_netlink_send(netlink, NULL, err);
}

/* --- one device ---------------------------------------------------------------------------------------------------------------- */

static int move(const struct linux_net_devices* ends, struct device* device, struct cv_error* err)
{
    struct linux_link link = { 0 };
    int               rc   = linux_netlink_get_link(ends->host, device->host_name, &device->link, err);

    if (rc == 0)
        rc = read_addresses(ends->host, device, err);
    if (rc == 0)
        rc = name_between(device, err);
    if (rc == 0)
        rc = send_over(ends->host, device->link.index, ends->inside_fd, device->between, device->host_name, err);
    if (rc == 0)
        rc = linux_netlink_get_link(ends->inside, device->between, &link, err);
    if (rc < 0)
        return rc;
    device->index = link.index;
    rc            = rename_to(ends->inside, device->index, device->name, err);
    return rc == 0 ? furnish(ends->inside, device, device->index, IFF_UP, device->name, err) : rc;
}

/* As good as it goes: the error that brought us here is the one that is told. */
static void give_back(const struct linux_net_devices* ends, const struct device* device)
{
    struct linux_link link = { 0 };

    if (device->index == 0
        || send_over(ends->inside, device->index, ends->host_fd, device->between, device->host_name, NULL) < 0
        || linux_netlink_get_link(ends->host, device->between, &link, NULL) < 0)
        return;
    rename_to(ends->host, link.index, device->host_name, NULL);
    furnish(ends->host, device, link.index, device->link.flags & IFF_UP, device->host_name, NULL);
}

/* --- all of them --------------------------------------------------------------------------------------------------------------- */

/* A socket belongs to the namespace that its maker is in. */
static int open_inside(struct linux_net_devices* ends, struct cv_error* err)
{
    int rc, back;

    if (setns(ends->inside_fd, CLONE_NEWNET) < 0)
        return cv_error_errno(err, errno, "enter the container's network namespace", NULL);
    rc   = linux_netlink_new(&ends->inside, err);
    back = setns(ends->host_fd, CLONE_NEWNET);
    return back < 0 ? cv_error_errno(err, errno, "return to the host's network namespace", NULL) : rc;
}

static int open_ends(struct linux_net_devices* ends, struct cv_error* err)
{
    struct stat host, inside;
    int         rc;

    ends->host_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (ends->host_fd < 0 || fstat(ends->host_fd, &host) < 0 || fstat(ends->inside_fd, &inside) < 0)
        return cv_error_errno(err, errno, "open the network namespace", "/proc/self/ns/net");
    if (host.st_dev == inside.st_dev && host.st_ino == inside.st_ino)
        return cv_error_set(err, CV_ERR_INVALID, "the container's network namespace is the one that has the devices");
    rc = linux_netlink_new(&ends->host, err);
    return rc == 0 ? open_inside(ends, err) : rc;
}

static int move_next(struct linux_net_devices* devices, const struct cv_spec_net_device* wanted, struct cv_error* err)
{
    struct device* device = &devices->list[devices->count++];
    int            rc;

    device->host_name = cv_strdup(wanted->host_name, err);
    device->name      = cv_strdup(wanted->name != NULL ? wanted->name : wanted->host_name, err);
    if (device->host_name == NULL || device->name == NULL)
        return CV_ERR_NO_MEMORY;
    rc = move(devices, device, err);
    return rc < 0 ? cv_error_wrap(err, "linux.netDevices[\"%s\"]", wanted->host_name) : 0;
}

static int move_all(const struct cv_spec* spec, struct linux_net_devices* devices, struct cv_error* err)
{
    int rc = open_ends(devices, err);

    if (rc < 0)
        return cv_error_wrap(err, "linux.netDevices");
    for (size_t i = 0; rc == 0 && i < spec->linux_.net_devices.count; i++)
        rc = move_next(devices, &spec->linux_.net_devices.items[i], err);
    return rc;
}

static struct linux_net_devices* new_devices(size_t count, int netns_fd)
{
    struct linux_net_devices* devices = calloc(1, sizeof(*devices));

    if (devices == NULL)
        return NULL;
    devices->host_fd   = CV_HANDLE_NONE;
    devices->inside_fd = fcntl(netns_fd, F_DUPFD_CLOEXEC, 0); /* one that is none is noticed when it is entered */
    devices->list      = calloc(count, sizeof(*devices->list));
    return devices->list != NULL ? devices : linux_net_devices_free(devices);
}

int linux_net_devices_move(
    const struct cv_spec* spec, int netns_fd, struct linux_net_devices** devices_out, struct cv_error* err)
{
    struct linux_net_devices* devices;
    int                       rc;

    *devices_out = NULL;
    if (spec->linux_.net_devices.count == 0)
        return 0;
    devices = new_devices(spec->linux_.net_devices.count, netns_fd);
    if (devices == NULL)
        return cv_error_no_memory(err);
    rc = move_all(spec, devices, err);
    if (rc < 0)
        linux_net_devices_return(devices);
    else
        *devices_out = devices;
    return rc;
}

void linux_net_devices_return(struct linux_net_devices* devices)
{
    for (size_t i = devices != NULL ? devices->count : 0; i-- > 0;)
        give_back(devices, &devices->list[i]);
    linux_net_devices_free(devices);
}

struct linux_net_devices* linux_net_devices_free(struct linux_net_devices* devices)
{
    if (devices == NULL)
        return NULL;
    for (size_t i = 0; i < devices->count; i++) {
        free(devices->list[i].host_name);
        free(devices->list[i].name);
        free(devices->list[i].addresses);
    }
    free(devices->list);
    cv_handle_closep(&devices->host_fd);
    cv_handle_closep(&devices->inside_fd);
    linux_netlink_free(devices->host);
    linux_netlink_free(devices->inside);
    free(devices);
    return NULL;
}
