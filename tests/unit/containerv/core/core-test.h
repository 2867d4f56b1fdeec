/* What the tests of the core share: a container of the fake back end, and checks of public calls. */
#ifndef CV_CORE_TEST_H
#define CV_CORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <chef/containerv.h>

#include "fake/fake.h"

/* Options that choose the fake back end. Ends the test when it can't. */
struct containerv_options* test_options(void);

/* A container of the fake back end with these options (NULL: only the back end); the options are deleted. */
struct containerv_container* test_container(struct containerv_options* options);

/* "/srv/root" as it is called on this system: on Windows it gets a drive. Static. */
const char* test_root(void);

/* cmocka's teardown: all resources are given back. */
int test_nothing_left(void** state);

void test_ok(int rc, const char* call);
void test_fails(int expected, int rc, const char* call); /* code, errno, step and text of the error agree */

#define OK(call)              test_ok(call, #call)
#define FAILS(expected, call) test_fails(expected, call, #call)
#define TEST(function)        cmocka_unit_test_teardown(function, test_nothing_left)

#endif
