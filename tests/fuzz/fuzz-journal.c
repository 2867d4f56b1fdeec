/* Any bytes as a line of the journal: reading it never crashes; an entry keeps the API's promises, and comes back the same when it is written. */
#include <string.h>

#include "fuzz.h"
#include "linux/journal.h"

static void check_round_trip(const struct containerv_journal_entry* entry)
{
    struct containerv_journal_entry again;
    struct cv_error                 err  = CV_ERROR_INIT;
    char*                           line = NULL;
    FUZZ_CHECK(journal_print(entry, &line, &err) == 0);
    FUZZ_CHECK(strchr(line, '\n') == NULL && strlen(line) <= JOURNAL_MAX_LINE);
    memset(&again, 0, sizeof(again));
    FUZZ_CHECK(journal_parse(line, strlen(line), &again, &err) == 0);
    FUZZ_CHECK(memcmp(&again, entry, sizeof(again)) == 0);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct containerv_journal_entry entry;
    struct cv_error                 err = CV_ERROR_INIT;
    int                             rc;

    memset(&entry, 0, sizeof(entry));
    rc = journal_parse((const char*)data, size, &entry, &err);
    FUZZ_CHECK(rc == 0 || (rc < 0 && err.text[0] != '\0'));
    if (rc < 0)
        return 0;
    FUZZ_CHECK(entry.kind >= CV_EVENT_STARTED && entry.kind <= CV_EVENT_DESTROYED);
    FUZZ_CHECK(entry.id[0] != '\0' && memchr(entry.id, '\0', sizeof(entry.id)) != NULL);
    FUZZ_CHECK(memchr(entry.detail, '\0', sizeof(entry.detail)) != NULL);
    FUZZ_CHECK(entry.time_ns >= 0 && entry.process >= 0 && entry.is_main <= 1 && entry.has_exit <= 1);
    check_round_trip(&entry);
    return 0;
}
