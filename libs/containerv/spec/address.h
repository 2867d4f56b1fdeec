/* IPv4 and IPv6 addresses as text; pure. */
#ifndef CV_SPEC_ADDRESS_H
#define CV_SPEC_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <cv/error.h>

struct cv_address {
    unsigned version;   /* 4 or 6 */
    uint8_t  bytes[16]; /* network order; IPv4: the first four, the rest zero */
};

enum { CV_ADDRESS_TEXT_MAX = 46 };

/* "10.9.0.2" (four decimal numbers without leading zeros) or "fd00::2" (no zone, no brackets). CV_ERR_INVALID. */
int cv_address_parse(const char* text, struct cv_address* address_out, struct cv_error* err);

/* A netmask as prefix length: "24", or "255.255.255.0" for version 4. CV_ERR_INVALID, also for masks with holes. */
int cv_address_parse_netmask(const char* text, unsigned version, unsigned* prefix_out, struct cv_error* err);

/* Whether two addresses of the same version have the same first `prefix` bits. */
bool cv_address_same_network(const struct cv_address* a, const struct cv_address* b, unsigned prefix);
bool cv_address_equal(const struct cv_address* a, const struct cv_address* b);

/* Multicast, unspecified (all zero) and loopback addresses, and 255.255.255.255: nothing that a device can be given. */
bool cv_address_is_special(const struct cv_address* address);

#endif
