/* A journal's line: struct containerv_journal_entry and its written form. */
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "linux/journal.h"
#include "linux/record-fields.h"

#include <cv/banned.h>

struct document {
    struct containerv_journal_entry entry;
    bool                            has_exit;
    struct linux_exit_fields        exit;
    char *                          id, *detail;
};

static const struct cv_word kinds[] = { { "started", CV_EVENT_STARTED }, { "exited", CV_EVENT_EXITED },
    { "paused", CV_EVENT_PAUSED }, { "resumed", CV_EVENT_RESUMED }, { "stopped", CV_EVENT_STOPPED },
    { "created", CV_EVENT_CREATED }, { "oom", CV_EVENT_OOM }, { "health", CV_EVENT_HEALTH },
    { "restarting", CV_EVENT_RESTARTING }, { "destroyed", CV_EVENT_DESTROYED }, { NULL, 0 } };

#define T struct document
static const struct cv_field rows[] = {
    CV_I64(T, entry.time_ns, "timeNs", .max = INT64_MAX),
    CV_STRING(T, id, "id", CV_NEEDED, .check = cv_check_not_empty),
    CV_WORD(T, entry.kind, "event", kinds),
    CV_I64(T, entry.process, "process", .max = INT64_MAX),
    CV_U32(T, entry.is_main, "main", .max = 1),
    CV_OBJECT(T, offsetof(T, exit), has_exit, "exit", &linux_exit_table, .flags = 0),
    CV_STRING(T, detail, "detail", .flags = 0),
};
/* Not strict: what a newer version says more is no reason to miss what happened. */
static const struct cv_table table = { .fields = rows, .count = CV_ARRAY_LEN(rows), .size = sizeof(T) };
#undef T

static int check(const struct document* document, struct cv_error* err)
{
    int rc = cv_table_check(&table, document, NULL, err);
    if (rc == 0 && document->entry.kind == 0)
        rc = cv_error_set(err, CV_ERR_INVALID, "event: is missing");
    if (rc == 0 && document->has_exit && document->exit.exit.reason == 0)
        rc = cv_error_set(err, CV_ERR_INVALID, "exit.reason: is missing");
    if (rc == 0 && strlen(document->id) >= sizeof(document->entry.id))
        rc = cv_error_set(err, CV_ERR_INVALID, "id: is longer than %zu bytes", sizeof(document->entry.id) - 1);
    if (rc == 0 && document->detail != NULL && strlen(document->detail) >= sizeof(document->entry.detail))
        rc = cv_error_set(err, CV_ERR_INVALID, "detail: is longer than %zu bytes", sizeof(document->entry.detail) - 1);
    return rc;
}

static char* text_of(const char* from, size_t size, struct cv_error* err)
{
    char* text = strnlen(from, size) < size ? cv_strdup(from, err) : cv_asprintf(err, "%.*s", (int)size - 1, from);
    if (text != NULL)
        linux_make_utf8(text);
    return text;
}

static int fill(const struct containerv_journal_entry* entry, struct document* document, struct cv_error* err)
{
    *document = (struct document){ .entry = *entry, .has_exit = entry->has_exit != 0 };
    if (document->has_exit)
        document->exit = linux_exit_store(&entry->exit);
    document->id = text_of(entry->id, sizeof(entry->id), err);
    if (document->id == NULL)
        return CV_ERR_NO_MEMORY;
    if (entry->detail[0] == '\0')
        return 0;
    document->detail = text_of(entry->detail, sizeof(entry->detail), err);
    return document->detail == NULL ? CV_ERR_NO_MEMORY : 0;
}

static void release(struct document* document)
{
    free(document->id);
    free(document->detail);
}

int journal_print(const struct containerv_journal_entry* entry, char** line_out, struct cv_error* err)
{
    struct document document = { 0 };
    size_t          length   = 0;
    int             rc       = fill(entry, &document, err);
    if (rc == 0)
        rc = check(&document, err);
    if (rc == 0)
        rc = cv_table_print(&table, &document, line_out, &length, err);
    release(&document);
    return rc < 0 ? cv_error_wrap(err, "write a journal entry") : 0;
}

static void take_over(const struct document* document, struct containerv_journal_entry* entry_out)
{
    *entry_out          = document->entry;
    entry_out->size     = sizeof(*entry_out);
    entry_out->has_exit = document->has_exit;
    entry_out->exit     = document->has_exit ? linux_exit_load(&document->exit) : (struct containerv_exit){ 0 };
    memcpy(entry_out->id, document->id, strlen(document->id) + 1);
    if (document->detail != NULL)
        memcpy(entry_out->detail, document->detail, strlen(document->detail) + 1);
}

int journal_parse(const char* line, size_t length, struct containerv_journal_entry* entry_out, struct cv_error* err)
{
    struct document document = { 0 };
    int             rc       = cv_table_parse(&table, line, length, &document, err);
    if (rc == 0)
        rc = check(&document, err);
    if (rc == 0)
        take_over(&document, entry_out);
    release(&document);
    return rc < 0 ? cv_error_wrap(err, "read a journal entry") : 0;
}
