#include "attach.h"

#include <cv/handle.h>
#include <cv/terminal.h>

#include "containers.h"
#include "run.h"

#include <cv/banned.h>

int cvctl_attach_end(struct containerv_container* container, uint64_t* offset_out, struct cv_error* err)
{
    if (containerv_log_tail(container, 0, offset_out) == 0)
        return 0;
    return cvctl_library_failed(err, "read the log of container", containerv_id(container));
}

/* Many programs have no input, and can be watched all the same. */
static int open_input(struct cvctl_session* session, struct cv_error* err)
{
    int rc = containerv_attach_input(session->container, &session->input);

    if (rc == 0)
        session->is_terminal = cv_terminal_is(session->input);
    if (rc == 0 || rc == CV_ERR_STATE)
        return 0;
    return cvctl_library_failed(err, "connect the input of container", containerv_id(session->container));
}

static int end_code(struct containerv_container* container, const struct cvctl_session_end* end)
{
    if (end->stopped != 0)
        return CVCTL_EXIT_SIGNAL + end->stopped;
    return end->detached ? 0 : cvctl_end_code(containerv_id(container), "its program", &end->exit, "");
}

int cvctl_attach(struct containerv_container* container, uint64_t offset, struct cvctl_attach* attach, bool* free_out)
{
    struct cvctl_session     session = cvctl_session_of(container, attach->input);
    struct cvctl_session_end end;
    struct cv_error          err = CV_ERROR_INIT;

    *free_out          = true;
    session.only_looks = true;
    session.no_signals = !attach->proxy;
    session.input_ends = attach->input_ends;
    if (attach->input && open_input(&session, &err) < 0)
        return cvctl_print_error(&err);
    if (containerv_log_open(container, offset, &session.log) != 0) {
        cv_handle_closep(&session.input);
        cvctl_library_failed(&err, "read the log of container", containerv_id(container));
        return cvctl_print_error(&err);
    }
    session.keys = session.is_terminal && cv_terminal_is(cv_handle_standard(0)) ? &attach->keys : NULL;
    if (cvctl_session_run(&session, &end, &err) < 0) {
        *free_out = false;
        return cvctl_print_error(&err);
    }
    *free_out = !end.detached;
    return end_code(container, &end);
}
