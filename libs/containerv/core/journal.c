/* Readers of the journal of all supervised containers. */
#include <stdlib.h>

#include "core.h"

#include <cv/banned.h>

struct containerv_journal {
    const struct cv_backend* backend;
    void*                    reader; /* the back end's */
};

static int is_null(struct cv_error* err, const char* object)
{
    cv_error_set(err, CV_ERR_INVALID, "%s is NULL", object);
    return cv_error_object(err, "%s", object);
}

static int open_journal(int64_t since_ns, struct containerv_journal** journal_out, struct cv_error* err)
{
    struct containerv_journal* journal = calloc(1, sizeof(*journal));
    if (journal == NULL)
        return cv_error_no_memory(err);
    int rc = cv_backend_choose(NULL, &journal->backend, err);
    if (rc == 0)
        rc = cv_backend_supervises(journal->backend,
            journal->backend->journal_open != NULL && journal->backend->journal_read != NULL, "journal", err);
    if (rc == 0)
        rc = journal->backend->journal_open(since_ns, &journal->reader, err);
    if (rc < 0)
        free(journal);
    else
        *journal_out = journal;
    return rc;
}

int containerv_journal_open(int64_t since_ns, struct containerv_journal** journal_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc = journal_out != NULL ? open_journal(since_ns, journal_out, &err) : is_null(&err, "journal_out");
    return cv_publish(&err, rc, "open the journal");
}

int containerv_journal_read(
    struct containerv_journal* journal, int64_t timeout_ms, struct containerv_journal_entry* entry_out)
{
    struct cv_error                 err   = CV_ERROR_INIT;
    struct containerv_journal_entry entry = { .size = sizeof(entry), .exit.size = sizeof(entry.exit) };
    int rc = journal != NULL && entry_out != NULL ? cv_sized_check(entry_out, "containerv_journal_entry", &err)
                                                  : is_null(&err, "journal or entry_out");
    if (rc == 0)
        rc = journal->backend->journal_read(journal->reader, timeout_ms, &entry, &err);
    if (rc == 0)
        cv_sized_out(entry_out, &entry, sizeof(entry));
    return cv_publish(&err, rc, "read the journal");
}

int containerv_journal_handle(struct containerv_journal* journal, containerv_handle_t* handle_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = journal != NULL && handle_out != NULL ? 0 : is_null(&err, "journal or handle_out");
    if (rc == 0)
        rc = cv_backend_supervises(
            journal->backend, journal->backend->journal_handle != NULL, "handle of a journal", &err);
    if (rc == 0)
        rc = journal->backend->journal_handle(journal->reader, handle_out, &err);
    return cv_publish(&err, rc, "ask for the journal's handle");
}

void containerv_journal_close(struct containerv_journal* journal)
{
    if (journal == NULL)
        return;
    if (journal->backend->journal_close != NULL)
        journal->backend->journal_close(journal->reader);
    free(journal);
}
