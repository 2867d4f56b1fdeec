#include "linux/cgroup-mount-plan.h"

#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

void linux_cgroup_mounts_release(struct linux_cgroup_mounts* plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->items[i].name);
        free(plan->items[i].target);
        free(plan->items[i].own);
        cv_strv_release(&plan->items[i].words);
    }
    for (size_t i = 0; i < plan->link_count; i++) {
        free(plan->links[i].name);
        free(plan->links[i].to);
    }
    plan->count = plan->link_count = 0;
}

static char* copy_part(const char* text, size_t length, struct cv_error* err)
{
    char* copy = malloc(length + 1);
    if (copy == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* Options of every such mount, not names of controllers. */
static bool is_flag(const char* word, size_t length)
{
    static const char* const flags[] = { "rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "none",
        "favordynmods", "nofavordynmods" };
    for (size_t i = 0; i < CV_ARRAY_LEN(flags); i++)
        if (strlen(flags[i]) == length && strncmp(flags[i], word, length) == 0)
            return true;
    return length > 14 && strncmp(word, "release_agent=", 14) == 0;
}

static int add_words(const char* super_options, struct cv_strv* words, struct cv_error* err)
{
    for (const char* word = super_options; *word != '\0';) {
        size_t length = strcspn(word, ",");
        if (length > 0 && !is_flag(word, length)) {
            CV_CLEANUP(cv_freep) char* copy = copy_part(word, length, err);
            if (copy == NULL)
                return CV_ERR_NO_MEMORY;
            if (cv_strv_append(words, copy) < 0)
                return cv_error_no_memory(err);
        }
        word += length + (word[length] == ',');
    }
    return 0;
}

/* Has a line's list of controllers ("cpu,cpuacct", "name=systemd") this one? */
static bool list_has(const char* list, size_t length, const char* word)
{
    size_t wanted = strlen(word);
    while (length > 0) {
        size_t part = 0;
        while (part < length && list[part] != ',')
            part++;
        if (part == wanted && strncmp(list, word, part) == 0)
            return true;
        part += part < length;
        list += part;
        length -= part;
    }
    return false;
}

/* The path in the line "4:memory:/path" for that hierarchy; *length_out without the end of the line. */
static const char* path_of(const char* cgroup, const char* word, size_t* length_out)
{
    while (*cgroup != '\0') {
        size_t      length = strcspn(cgroup, "\n");
        const char* list   = memchr(cgroup, ':', length);
        const char* path   = list != NULL ? memchr(list + 1, ':', length - (size_t)(list + 1 - cgroup)) : NULL;
        if (path != NULL) {
            size_t names = (size_t)(path - list - 1);
            if (word == NULL ? names == 0 : list_has(list + 1, names, word)) {
                *length_out = length - (size_t)(path + 1 - cgroup);
                return path + 1;
            }
        }
        cgroup += length + (cgroup[length] == '\n');
    }
    return NULL;
}

/* What follows the mounted folder `root` in the path of the group. */
static int below(const char* path, size_t length, const char* root, char** own_out, struct cv_error* err)
{
    size_t skip = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (path == NULL || skip > length || strncmp(path, root, skip) != 0 || (skip < length && path[skip] != '/'))
        return 0;
    path += skip;
    length -= skip;
    while (length > 0 && *path == '/') {
        path++;
        length--;
    }
    *own_out = length > 0 ? copy_part(path, length, err) : copy_part(".", 1, err);
    return *own_out == NULL ? CV_ERR_NO_MEMORY : 0;
}

static int add_links(struct linux_cgroup_mounts* plan, const char* name, struct cv_error* err)
{
    for (const char* word = name; strchr(name, ',') != NULL && *word != '\0';) {
        size_t length = strcspn(word, ",");
        if (plan->link_count == LINUX_CGROUP_MOUNTS_MAX)
            return cv_error_set(err, CV_ERR_LIMIT, "more than %u cgroup controllers", LINUX_CGROUP_MOUNTS_MAX);
        struct linux_cgroup_link* link = &plan->links[plan->link_count++];
        *link = (struct linux_cgroup_link){ .name = copy_part(word, length, err), .to = cv_strdup(name, err) };
        if (link->name == NULL || link->to == NULL)
            return CV_ERR_NO_MEMORY;
        word += length + (word[length] == ',');
    }
    return 0;
}

static bool is_there(
    const struct linux_cgroup_mounts* plan, const char* name, const struct mountinfo_entry* entry, bool version2)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct linux_cgroup_mount* item = &plan->items[i];
        if (strcmp(item->name, name) == 0 || (version2 && item->version2)
            || (!version2 && item->words.count > 0 && mountinfo_has_option(entry->super_options, item->words.items[0])))
            return true;
    }
    return false;
}

static int add(struct linux_cgroup_mounts* plan, const struct mountinfo_entry* entry, const char* cgroup, bool version2,
    struct cv_error* err)
{
    const char* slash  = strrchr(entry->target, '/');
    const char* name   = version2 ? "unified" : slash != NULL ? slash + 1 : entry->target;
    size_t      length = 0;
    if (name[0] == '\0' || is_there(plan, name, entry, version2))
        return 0;
    if (plan->count == LINUX_CGROUP_MOUNTS_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "more than %u cgroup hierarchies", LINUX_CGROUP_MOUNTS_MAX);
    struct linux_cgroup_mount* item = &plan->items[plan->count++];
    *item                           = (struct linux_cgroup_mount){
                                  .name = cv_strdup(name, err), .target = cv_strdup(entry->target, err), .version2 = version2
    };
    if (item->name == NULL || item->target == NULL)
        return CV_ERR_NO_MEMORY;
    int rc = version2 ? 0 : add_words(entry->super_options, &item->words, err);
    if (rc < 0 || (!version2 && item->words.count == 0))
        return rc;
    const char* path = path_of(cgroup, version2 ? NULL : item->words.items[0], &length);
    rc               = below(path, length, entry->root, &item->own, err);
    return rc == 0 ? add_links(plan, name, err) : rc;
}

static int add_all(struct linux_cgroup_mounts* plan, const struct mountinfo* info, const char* cgroup, bool version2,
    struct cv_error* err)
{
    const struct mountinfo_entry* entry = NULL;
    int                           rc    = 0;
    while (rc == 0 && (entry = mountinfo_next(info, entry, version2 ? "cgroup2" : "cgroup")) != NULL)
        rc = add(plan, entry, cgroup, version2, err);
    return rc;
}

int linux_cgroup_mounts_plan(
    const struct mountinfo* info, const char* cgroup, struct linux_cgroup_mounts* plan_out, struct cv_error* err)
{
    plan_out->count = plan_out->link_count = 0;
    int rc                                 = add_all(plan_out, info, cgroup, false, err);
    plan_out->version1                     = plan_out->count > 0;
    return rc == 0 ? add_all(plan_out, info, cgroup, true, err) : rc;
}
