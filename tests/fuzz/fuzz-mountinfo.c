/*
 * Any bytes as mountinfo: reading them never crashes or leaks, every entry that comes out is whole and inside the text, and none is
 * read twice. The bytes are also read as cgroup.events and cgroup.procs.
 */
#include <string.h>

#include "fuzz.h"
#include "linux/cgroup-parse.h"
#include "linux/mountinfo-parse.h"

static void check_string(const struct mountinfo* info, const char* text, size_t size)
{
    FUZZ_CHECK(text != NULL);
    /* the words of the text, or the constant for "no tags" */
    FUZZ_CHECK(*text == '\0' || (text >= info->text && text + strlen(text) <= info->text + size));
}

static void check_entries(const struct mountinfo* info, size_t size)
{
    FUZZ_CHECK(info->count <= size);
    for (size_t i = 0; i < info->count; i++) {
        const struct mountinfo_entry* entry = &info->entries[i];
        check_string(info, entry->root, size);
        check_string(info, entry->target, size);
        check_string(info, entry->options, size);
        check_string(info, entry->tags, size);
        check_string(info, entry->type, size);
        check_string(info, entry->source, size);
        check_string(info, entry->super_options, size);
        FUZZ_CHECK(entry->target[0] == '/');
        FUZZ_CHECK(i == 0 || entry->root > info->entries[i - 1].root);
    }
}

static void check_cgroups(const struct mountinfo* info)
{
    const struct mountinfo_entry* entry = NULL;
    size_t                        count = 0;

    while ((entry = mountinfo_next(info, entry, "cgroup2")) != NULL)
        count++;
    FUZZ_CHECK(count <= info->count);
    entry = mountinfo_cgroup1(info, "memory");
    FUZZ_CHECK(entry == NULL || mountinfo_has_option(entry->super_options, "memory"));
}

static void check_control_files(const char* text, size_t size)
{
    struct linux_cgroup_state state = { 0 };
    const char*               at    = text;
    const char*               before;
    int32_t                   pid = 0;
    int                       rc  = linux_cgroup_parse_events(text, size, &state, NULL);

    FUZZ_CHECK(rc == 0 || rc == CV_ERR_INVALID);
    do {
        before = at;
        rc     = linux_cgroup_next_pid(&at, text + size, &pid, NULL);
        FUZZ_CHECK(rc != 1 || (at > before && at <= text + size && pid >= 0));
    } while (rc == 1);
    FUZZ_CHECK(rc == 0 || rc == CV_ERR_INVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct cv_error  err  = CV_ERROR_INIT;
    struct mountinfo info = MOUNTINFO_INIT;
    char*            text = malloc(size == 0 ? 1 : size); /* no more, so that reading beyond it is seen */
    int              rc;

    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    rc = mountinfo_parse(text, size, &info, &err);
    FUZZ_CHECK(rc == 0 || ((rc == CV_ERR_INVALID || rc == CV_ERR_LIMIT) && err.text[0] != '\0'));
    if (rc == 0) {
        check_entries(&info, size);
        check_cgroups(&info);
    }
    mountinfo_release(&info);
    check_control_files(text, size);
    free(text);
    return 0;
}
