/*
 * Any lines as the type of a mount and its options: reading them never crashes or leaks, no attribute is both set and cleared, at most
 * one of the atime attributes is set, a bind mount has no data. The lines are also read as addresses and netmasks.
 */
#include <string.h>

#include "fuzz.h"
#include "spec/address.h"
#include "spec/mountopts.h"

static void check_options(const struct cv_mount_options* options, const struct cv_strv* words)
{
    const uint32_t atime = CV_MOUNT_ATTR_NOATIME | CV_MOUNT_ATTR_RELATIME | CV_MOUNT_ATTR_STRICTATIME;
    uint32_t       set = options->set & atime, rec_set = options->rec_set & atime;
    FUZZ_CHECK((options->set & options->clear) == 0);
    FUZZ_CHECK((options->rec_set & options->rec_clear) == 0);
    FUZZ_CHECK((set & (set - 1)) == 0 && (rec_set & (rec_set - 1)) == 0);
    FUZZ_CHECK(!options->bind || options->data.count == 0);
    FUZZ_CHECK(options->bind || !options->bind_recursive);
    FUZZ_CHECK(options->data.count <= words->count);
    for (size_t i = 0; i < options->data.count; i++)
        FUZZ_CHECK(cv_strv_contains(words, options->data.items[i]));
}

static void check_address(const char* text)
{
    struct cv_address address;
    unsigned          prefix = 0;
    if (cv_address_parse(text, &address, NULL) == 0) {
        FUZZ_CHECK(address.version == 4 || address.version == 6);
        FUZZ_CHECK(cv_address_same_network(&address, &address, address.version == 4 ? 32 : 128));
        (void)cv_address_is_special(&address);
    }
    if (cv_address_parse_netmask(text, 4, &prefix, NULL) == 0)
        FUZZ_CHECK(prefix <= 32);
    if (cv_address_parse_netmask(text, 6, &prefix, NULL) == 0)
        FUZZ_CHECK(prefix <= 128);
}

/* The lines of the input; the first is the type. */
static struct cv_strv split(char* text)
{
    struct cv_strv lines = { NULL, 0 };
    for (char* line = text; line != NULL;) {
        char* end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        FUZZ_CHECK(cv_strv_append(&lines, line) == 0);
        check_address(line);
        line = end;
    }
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct cv_error         err     = CV_ERROR_INIT;
    struct cv_mount_options options = { 0 };
    char*                   text    = malloc(size + 1);
    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size]           = '\0';
    struct cv_strv lines = split(text);
    struct cv_strv words = { lines.items + 1, lines.count - 1 };
    int            rc    = cv_mount_options_parse(&words, lines.items[0], &options, &err);
    FUZZ_CHECK(rc == 0 || ((rc == CV_ERR_INVALID || rc == CV_ERR_UNSUPPORTED) && err.text[0] != '\0'));
    if (rc == 0)
        check_options(&options, &words);
    cv_mount_options_release(&options);
    cv_strv_release(&lines);
    free(text);
    return 0;
}
