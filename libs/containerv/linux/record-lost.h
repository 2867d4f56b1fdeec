/* A record that says that a container runs whose supervisor was killed. */
#ifndef CV_LINUX_RECORD_LOST_H
#define CV_LINUX_RECORD_LOST_H

#include <chef/containerv/supervised.h>
#include <cv/error.h>

/* Read it again, and write down what is true: stopped, by CV_EXIT_LOST; and tell the journal. With the container's lock. */
int linux_record_settle(
    int home_fd, const char* state_dir, const char* id, struct containerv_info* info_out, struct cv_error* err);

#endif
