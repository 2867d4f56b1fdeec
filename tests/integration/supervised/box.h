/*
 * One supervised container of a test, reached by its supervisor's protocol alone. The run and state folders are the test's own. What must
 * not fail ends the test.
 */
#ifndef CV_TEST_BOX_H
#define CV_TEST_BOX_H

#include <sys/types.h>

#include <cv-test/support.h>

#include <chef/containerv/supervised.h>

#include "linux/messages.h"

extern char box_id[32]; /* not that of another such test which runs */

/* cmocka's, for a group, and for each test: the second takes the container away. */
int box_setup_group(void** state);
int box_teardown_group(void** state);
int box_setup(void** state);
int box_teardown(void** state);

#define BOX_TEST(name) cmocka_unit_test_setup_teardown(name, box_setup, box_teardown)

/* What it is made of; to be changed before it is made. `script` NULL: no command. */
struct cv_spec* box_spec(const char* script);

/* Start a supervisor for it. The process's number is in box_supervisor. HOLD: until box_let_go(). */
int          box_act(Containerv__Guardian__Action action, struct cv_error* err);
extern pid_t box_supervisor;
void         box_let_go(void);
/* How supervisors are started, with their main socket: the program, unless a test has something else. */
extern pid_t (*box_start)(int main_fd);
pid_t box_start_program(int main_fd);

/* A request at its socket. CV_ERR_LOST when nobody answers. The reply is freed by its own function. */
int box_call(Containerv__Guardian__Request* request, int64_t timeout_ms, Containerv__Guardian__Reply** reply_out,
    struct cv_error* err);
int box_wait(int64_t timeout_ms, struct containerv_exit* exit_out, struct cv_error* err); /* of the main process */
int box_stop(int64_t timeout_ms, struct cv_error* err);
int box_signal(int number, struct cv_error* err);
int box_plain(Containerv__Guardian__Request__OperationCase operation, struct cv_error* err);
/* A further process, by its number. */
int64_t box_spawn(const char* script);

/* What is written down. */
struct containerv_info box_record(void);
bool                   box_has_record(void);
bool                   box_is_held(void); /* there is a run folder */

/* Until it says so; ends the test after 20 s. */
struct containerv_info box_await(enum containerv_state state);
struct containerv_info box_await_record(
    bool (*is_so)(const struct containerv_info* info, const void* data), const void* data);
void box_await_free(void);

/* How often the journal tells of such events of it; of those with a reason, when that is not 0. */
unsigned box_told(enum containerv_event_kind kind, uint32_t reason);
void     box_await_told(enum containerv_event_kind kind);

/* What its log has of a stream (NULL: only how much), malloc'ed. */
char* box_log(uint32_t stream, size_t* length_out);

/* A file in its upper: "" when there is none. Static. */
const char* box_file(const char* name);
void        box_await_file(const char* name); /* until something is in it */

#endif
