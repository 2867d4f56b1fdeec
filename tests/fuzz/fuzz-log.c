/*
 * Any bytes as a file of a log: reading it never crashes; the records are within the file, one behind the other, and what a reader that is
 * told nothing of them in advance finds is the same as by walking over their headers. A header that is one is what we would write.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "linux/log-file.h"

static void check_header(const uint8_t* bytes, const struct linux_log_header* header)
{
    uint8_t again[LINUX_LOG_HEADER];
    linux_log_header_pack(header, again);
    FUZZ_CHECK(memcmp(again, bytes, sizeof(again)) == 0);
    FUZZ_CHECK(header->length > 0 && header->length <= LINUX_LOG_MAX_RECORD);
}

static void check_name(const uint8_t* data, size_t size)
{
    char     name[LINUX_LOG_NAME + 1] = { 0 }, again[LINUX_LOG_NAME];
    uint64_t offset;
    memcpy(name, data, size < LINUX_LOG_NAME ? size : LINUX_LOG_NAME);
    if (!linux_log_name_parse(name, &offset))
        return;
    linux_log_name(offset, again);
    FUZZ_CHECK(strcmp(name, again) == 0);
}

static void walk(struct linux_log_window* window, const uint8_t* file, size_t size)
{
    struct linux_log_header header, other;
    const uint8_t*          data  = NULL;
    uint64_t                at    = 0;
    int                     found = LINUX_LOG_RECORD;

    while (found == LINUX_LOG_RECORD) {
        int walked = linux_log_header_at(window, at, size, &other, NULL);
        found      = linux_log_record_at(window, at, &header, &data, NULL);
        FUZZ_CHECK(found >= 0 && walked == found);
        if (found != LINUX_LOG_RECORD)
            break;
        check_header(file + at, &header);
        FUZZ_CHECK(linux_log_record_size(&header) <= size - at);
        FUZZ_CHECK(memcmp(data, file + at + LINUX_LOG_HEADER, header.length) == 0);
        at += linux_log_record_size(&header);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct linux_log_window window = { .fd = memfd_create("log", MFD_CLOEXEC) };

    FUZZ_CHECK(window.fd >= 0 && write(window.fd, data, size) == (ssize_t)size);
    check_name(data, size);
    walk(&window, data, size);
    linux_log_window_release(&window);
    return 0;
}
