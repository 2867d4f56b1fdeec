/*
 * What has happened to supervised containers: one file of JSON lines for all of them, `events` in the state folder, appended to by every
 * supervisor under a lock; beyond JOURNAL_FILE_BYTES it goes on in a new one, and the one before (`events.1`) is kept.
 */
#ifndef CV_LINUX_JOURNAL_H
#define CV_LINUX_JOURNAL_H

#include <chef/containerv/supervised.h>
#include <cv/error.h>

#define JOURNAL_FILE     "events"
#define JOURNAL_OLD_FILE "events.1"

enum { JOURNAL_FILE_BYTES = 8 << 20, JOURNAL_MAX_LINE = 4096 };

/* journal-format.c: pure. A line without its end; what of `detail` is not UTF-8 becomes '?'. CV_ERR_INVALID: no line of a journal. */
int journal_print(const struct containerv_journal_entry* entry, char** line_out, struct cv_error* err);
int journal_parse(const char* line, size_t length, struct containerv_journal_entry* entry_out, struct cv_error* err);

/* journal-writer.c. `state_dir` as cv_folders_state() tells it. One write, at the end of the file under its lock; what a crash left of a line
 * is a line of its own then, which readers pass over. CV_ERR_TIMEOUT: somebody has kept the lock for a second. */
int journal_append(const char* state_dir, const struct containerv_journal_entry* entry, struct cv_error* err);

/* journal-reader.c. Entries from `since_ns` on; less than 0: what is written from now on. Neither file need be there yet. */
struct journal_reader;
int journal_reader_open(
    const char* state_dir, int64_t since_ns, struct journal_reader** reader_out, struct cv_error* err);
int journal_read(
    struct journal_reader* reader, struct containerv_journal_entry* entry_out, struct cv_error* err); /* 1: none now */
int  journal_reader_handle(const struct journal_reader* reader);
void journal_reader_close(struct journal_reader* reader); /* NULL is fine */

#endif
