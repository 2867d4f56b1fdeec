#include "linux/copy-links.h"

#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

enum { SLOTS = 2 * COPY_LINKS_MAX, PLACES_PATH_BYTES = 32 << 20 };

static size_t slot_of(dev_t device, ino_t inode)
{
    uint64_t mixed = ((uint64_t)inode ^ (uint64_t)device << 40) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 40) % SLOTS;
}

static struct copy_link_slot* slot_for(const struct copy_link_numbers* numbers, dev_t device, ino_t inode)
{
    size_t at = slot_of(device, inode);
    while (numbers->slots[at].number != 0 && (numbers->slots[at].device != device || numbers->slots[at].inode != inode))
        at = (at + 1) % SLOTS; /* half of them are always free */
    return &numbers->slots[at];
}

uint32_t copy_links_find(const struct copy_link_numbers* numbers, dev_t device, ino_t inode)
{
    return numbers->slots != NULL ? slot_for(numbers, device, inode)->number : 0;
}

int copy_links_add(
    struct copy_link_numbers* numbers, dev_t device, ino_t inode, uint32_t* number_out, struct cv_error* err)
{
    if (numbers->count >= COPY_LINKS_MAX)
        return cv_error_set(
            err, CV_ERR_LIMIT, "more than %d files with several names: this one is copied on its own", COPY_LINKS_MAX);
    if (numbers->slots == NULL && (numbers->slots = calloc(SLOTS, sizeof(*numbers->slots))) == NULL)
        return cv_error_no_memory(err);
    *slot_for(numbers, device, inode) =
        (struct copy_link_slot){ .device = device, .inode = inode, .number = ++numbers->count };
    *number_out = numbers->count;
    return 0;
}

void copy_links_release(struct copy_link_numbers* numbers)
{
    free(numbers->slots);
    numbers->slots = NULL;
}

static int grow(struct copy_link_places* places, size_t count, struct cv_error* err)
{
    size_t                  wanted = places->count != 0 ? places->count : 64;
    struct copy_link_place* grown;
    while (wanted < count)
        wanted *= 2;
    if (wanted == places->count)
        return 0;
    if ((grown = realloc(places->places, wanted * sizeof(*grown))) == NULL)
        return cv_error_no_memory(err);
    memset(grown + places->count, 0, (wanted - places->count) * sizeof(*grown));
    places->places = grown;
    places->count  = wanted;
    return 0;
}

int copy_links_put(
    struct copy_link_places* places, uint32_t number, const char* path, dev_t device, ino_t inode, struct cv_error* err)
{
    size_t bytes = strlen(path) + 1;
    if (number == 0 || number > COPY_LINKS_MAX || bytes > PLACES_PATH_BYTES - places->path_bytes)
        return cv_error_set(err, CV_ERR_LIMIT, "too many files with several names");
    int rc = grow(places, number, err);
    if (rc < 0)
        return rc;
    struct copy_link_place* place = &places->places[number - 1];
    if (place->path != NULL)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy uses a number twice");
    if ((place->path = cv_strdup(path, err)) == NULL)
        return CV_ERR_NO_MEMORY;
    place->device = device;
    place->inode  = inode;
    places->path_bytes += bytes;
    return 0;
}

const struct copy_link_place* copy_links_get(const struct copy_link_places* places, uint32_t number)
{
    return number >= 1 && number <= places->count && places->places[number - 1].path != NULL
               ? &places->places[number - 1]
               : NULL;
}

void copy_links_forget(struct copy_link_places* places)
{
    for (size_t i = 0; i < places->count; i++)
        free(places->places[i].path);
    free(places->places);
    *places = (struct copy_link_places){ NULL };
}
