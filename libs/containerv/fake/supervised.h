/* Inside the fake back end: the rows for log and journal. */
#ifndef CV_FAKE_SUPERVISED_H
#define CV_FAKE_SUPERVISED_H

#include "fake/fake.h"

int  fake_log_open(void* instance, uint64_t offset, void** log_out, struct cv_error* err);
int  fake_log_read(void* log, int64_t timeout_ms, struct containerv_log_record* record_out, struct cv_error* err);
int  fake_log_tail(void* instance, uint64_t count, uint64_t* offset_out, struct cv_error* err);
int  fake_log_handle(void* log, containerv_handle_t* handle_out, struct cv_error* err);
void fake_log_close(void* log);
int  fake_journal_open(int64_t since_ns, void** journal_out, struct cv_error* err);
int  fake_journal_read(
     void* journal, int64_t timeout_ms, struct containerv_journal_entry* entry_out, struct cv_error* err);
void fake_journal_close(void* journal);

#endif
