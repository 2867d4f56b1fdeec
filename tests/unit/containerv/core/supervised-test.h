/* A supervised container of the fake back end. */
#ifndef CV_SUPERVISED_TEST_H
#define CV_SUPERVISED_TEST_H

#include "core-test.h"
#include "core/core.h"

/* It runs `program`, or nothing when that is NULL. */
static inline struct containerv_container* test_supervised(const char* program, bool defer, bool open_stdin)
{
    struct containerv_container* container = NULL;
    struct containerv_options*   options   = test_options();
    OK(containerv_options_set_supervised(options, 1));
    options->draft->ext.supervision =
        (struct cv_spec_supervision){ .set = true, .defer = defer, .open_stdin = open_stdin };
    if (program != NULL)
        OK(containerv_options_set_command(options, program, NULL));
    OK(containerv_create("/srv/root", options, &container));
    containerv_options_delete(options);
    return container;
}

#endif
