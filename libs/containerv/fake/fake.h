/*
 * A back end for tests of the core: models containers and processes in memory and isolates nothing, so it is never part of a shipped
 * library. Time does not pass in it: a wait with a limit ends at once.
 *
 * Programs: "/fake/exit" N ends at once with code N; "/fake/missing" is not there; every other one runs until SIGKILL (9) or SIGTERM (15).
 */
#ifndef CV_FAKE_FAKE_H
#define CV_FAKE_FAKE_H

#include "backend.h"

extern const struct cv_backend cv_backend_fake;
extern const struct cv_backend cv_backend_bare; /* "bare": knows create and destroy, has no feature and no capability */

/*
 * Make the n-th step from now on fail, each step once: for (n = 1; fake_arm(n); n++) { ... }. False, and nothing armed, when the round
 * before it had fewer steps than that.
 */
bool fake_arm(unsigned n);
bool fake_fired(void);
void fake_disarm(void);

bool fake_readers_open(void); /* a log or journal that nobody has closed */

int fake_live(void); /* resources that are not given back yet */

/* What the last create and the last start got, as text ("args=... env=... cwd=... user=..."),
 * and the last copy ("HOST -> CONTAINER flags=..."); valid until the next. For one thread. */
const char*           fake_last_process(void);
const char*           fake_last_copy(void);
const struct cv_spec* fake_last_spec(void); /* NULL, or a copy of that of the last create */
void                  fake_forget(void);    /* free what is remembered */

#endif
