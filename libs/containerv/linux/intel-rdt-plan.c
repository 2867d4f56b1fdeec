#include "linux/intel-rdt-plan.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

/* A part of a text. */
struct piece {
    const char* text;
    size_t      length;
};

static struct piece trim(struct piece piece)
{
    while (piece.length > 0 && strchr(" \t", piece.text[0]) != NULL)
        piece.text++, piece.length--;
    while (piece.length > 0 && strchr(" \t\r", piece.text[piece.length - 1]) != NULL)
        piece.length--;
    return piece;
}

/* What is before the next `separator`, and *rest after it; false at the end. */
static bool next_piece(struct piece* rest, char separator, struct piece* piece_out)
{
    if (rest->length == 0)
        return false;
    const char* end    = memchr(rest->text, separator, rest->length);
    size_t      length = end != NULL ? (size_t)(end - rest->text) : rest->length;
    size_t      past   = length + (end != NULL);
    *piece_out         = trim((struct piece){ rest->text, length });
    *rest              = (struct piece){ rest->text + past, rest->length - past };
    return true;
}

static bool split(struct piece whole, char separator, struct piece* left_out, struct piece* right_out)
{
    const char* at = memchr(whole.text, separator, whole.length);
    if (at == NULL)
        return false;
    size_t length = (size_t)(at - whole.text);
    *left_out     = trim((struct piece){ whole.text, length });
    *right_out    = trim((struct piece){ at + 1, whole.length - length - 1 });
    return true;
}

static struct piece piece_of(const char* text)
{
    return (struct piece){ text, strlen(text) };
}

static bool same(struct piece a, struct piece b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

/* --- what is written ----------------------------------------------------------------------------------------------------------- */

const char* linux_rdt_group(const struct cv_spec* spec, const char* id)
{
    return spec->linux_.intel_rdt.clos_id != NULL ? spec->linux_.intel_rdt.clos_id : id;
}

bool linux_rdt_has_schemata(const struct cv_spec* spec)
{
    return spec->linux_.intel_rdt.l3_cache_schema != NULL || spec->linux_.intel_rdt.mem_bw_schema != NULL;
}

char* linux_rdt_schemata(const struct cv_spec* spec, struct cv_error* err)
{
    const char*   bandwidth = spec->linux_.intel_rdt.mem_bw_schema;
    const char*   cache     = spec->linux_.intel_rdt.l3_cache_schema;
    struct cv_str text      = { 0 };
    struct piece  line, rest = piece_of(cache != NULL ? cache : "");
    while (next_piece(&rest, '\n', &line)) {
        if (line.length == 0 || (bandwidth != NULL && line.length >= 3 && memcmp(line.text, "MB:", 3) == 0))
            continue;
        cv_str_append_bytes(&text, line.text, line.length);
        cv_str_append(&text, "\n");
    }
    if (bandwidth != NULL)
        cv_str_printf(&text, "%s\n", bandwidth);
    return cv_str_steal(&text, err);
}

/* --- what is there ------------------------------------------------------------------------------------------------------------- */

/* Bandwidth is decimal, all else are masks. */
static bool number_of(struct piece piece, struct piece resource, uint64_t* value_out)
{
    int      base  = resource.length >= 2 && memcmp(resource.text, "MB", 2) == 0 ? 10 : 16;
    uint64_t value = 0;
    if (base == 16 && piece.length > 2 && memcmp(piece.text, "0x", 2) == 0)
        piece.text += 2, piece.length -= 2;
    if (piece.length == 0 || piece.length > 16)
        return false;
    for (size_t i = 0; i < piece.length; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char*       digit    = memchr(digits, piece.text[i], sizeof(digits) - 1);
        unsigned          n        = digit == NULL ? 99 : (unsigned)(digit - digits);
        n -= n >= 16 && n < 22 ? 6 : 0;
        if (n >= (unsigned)base)
            return false;
        value = value * (unsigned)base + n;
    }
    *value_out = value;
    return true;
}

static bool same_number(struct piece resource, struct piece a, struct piece b)
{
    uint64_t x, y;
    return number_of(a, resource, &x) && number_of(b, resource, &y) && x == y;
}

static bool has_domain(struct piece domains, struct piece resource, struct piece number, struct piece value)
{
    struct piece domain, name, present;
    while (next_piece(&domains, ';', &domain))
        if (split(domain, '=', &name, &present) && same(name, number))
            return same_number(resource, value, present);
    return false;
}

/* The domains of a resource in a whole schemata file; empty: it has none. */
static struct piece find_resource(const char* schemata, struct piece resource)
{
    struct piece line, name, domains, rest = piece_of(schemata);
    while (next_piece(&rest, '\n', &line))
        if (split(line, ':', &name, &domains) && same(name, resource))
            return domains;
    return (struct piece){ schemata, 0 };
}

static bool has_line(struct piece line, const char* present)
{
    struct piece resource, domains, domain, number, value;
    if (!split(line, ':', &resource, &domains))
        return false;
    while (next_piece(&domains, ';', &domain))
        if (!split(domain, '=', &number, &value)
            || !has_domain(find_resource(present, resource), resource, number, value))
            return false;
    return true;
}

int linux_rdt_compare(const char* wanted, const char* present, struct cv_error* err)
{
    struct piece line, rest = piece_of(wanted);
    while (next_piece(&rest, '\n', &line))
        if (line.length > 0 && !has_line(line, present))
            return cv_error_set(err, CV_ERR_INVALID, "the group is there already, and has not '%.*s'",
                (int)(line.length > 200 ? 200 : line.length), line.text);
    return 0;
}

static bool has_feature(const char* features, const char* wanted)
{
    struct piece line, rest = piece_of(features);
    while (next_piece(&rest, '\n', &line))
        if (same(line, piece_of(wanted)))
            return true;
    return false;
}

const char* linux_rdt_missing_feature(const struct cv_spec* spec, const char* features)
{
    const struct {
        const struct cv_opt_bool* asked;
        const char*               feature;
    } needs[] = {
        { &spec->linux_.intel_rdt.enable_cmt, "llc_occupancy" },
        { &spec->linux_.intel_rdt.enable_mbm, "mbm_total_bytes" },
        { &spec->linux_.intel_rdt.enable_mbm, "mbm_local_bytes" },
    };
    for (size_t i = 0; i < CV_ARRAY_LEN(needs); i++)
        if (needs[i].asked->set && needs[i].asked->value && !has_feature(features, needs[i].feature))
            return needs[i].feature;
    return NULL;
}
