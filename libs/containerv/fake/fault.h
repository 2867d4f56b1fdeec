/* Inside the fake back end: every resource is taken by a step that can fail, and given back. */
#ifndef CV_FAKE_FAULT_H
#define CV_FAKE_FAULT_H

#include "fake/fake.h"

int  fake_take(const char* step, struct cv_error* err);
void fake_give_back(void);

#endif
