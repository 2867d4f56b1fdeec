/* A log of three records and a journal of one entry, the same for all containers: what the core makes of them is what is tested. */
#include <string.h>

#include <cv/str.h>

#include "fake/supervised.h"

#include <cv/banned.h>

static const char* const lines[] = { "one\n", "two\n", "three\n" };
static struct cursor {
    uint64_t next;
    bool     open;
} log_cursor, journal_cursor;

int fake_log_open(void* instance, uint64_t offset, void** log_out, struct cv_error* err)
{
    (void)instance;
    if (offset > CV_ARRAY_LEN(lines))
        return cv_error_set(err, CV_ERR_INVALID, "offset %llu is beyond the log's end", (unsigned long long)offset);
    log_cursor = (struct cursor){ .next = offset, .open = true };
    *log_out   = &log_cursor;
    return 0;
}

int fake_log_read(void* log, int64_t timeout_ms, struct containerv_log_record* record_out, struct cv_error* err)
{
    struct cursor* cursor = log;
    (void)timeout_ms, (void)err;
    if (cursor->next == CV_ARRAY_LEN(lines))
        return 1;
    record_out->stream = CV_STREAM_OUTPUT;
    record_out->offset = cursor->next;
    record_out->data   = lines[cursor->next];
    record_out->length = strlen(lines[cursor->next]);
    cursor->next++;
    return 0;
}

int fake_log_tail(void* instance, uint64_t count, uint64_t* offset_out, struct cv_error* err)
{
    (void)instance, (void)err;
    *offset_out = count < CV_ARRAY_LEN(lines) ? CV_ARRAY_LEN(lines) - count : 0;
    return 0;
}

int fake_log_handle(void* log, containerv_handle_t* handle_out, struct cv_error* err)
{
    (void)log;
    (void)handle_out;
    return cv_error_set(err, CV_ERR_STATE, "the fake log never waits");
}

void fake_log_close(void* log)
{
    ((struct cursor*)log)->open = false;
}

int fake_journal_open(int64_t since_ns, void** journal_out, struct cv_error* err)
{
    (void)err;
    journal_cursor = (struct cursor){ .next = since_ns < 0 ? 1 : 0, .open = true };
    *journal_out   = &journal_cursor;
    return 0;
}

int fake_journal_read(
    void* journal, int64_t timeout_ms, struct containerv_journal_entry* entry_out, struct cv_error* err)
{
    struct cursor* cursor = journal;
    (void)timeout_ms;
    if (cursor->next > 0)
        return cv_error_set(err, CV_ERR_TIMEOUT, "nothing new");
    cursor->next       = 1;
    entry_out->kind    = CV_EVENT_CREATED;
    entry_out->time_ns = 5;
    return cv_snprintf(entry_out->id, sizeof(entry_out->id), "first");
}

void fake_journal_close(void* journal)
{
    ((struct cursor*)journal)->open = false;
}

bool fake_readers_open(void)
{
    return log_cursor.open || journal_cursor.open;
}
