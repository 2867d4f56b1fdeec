/* Steps that fail on demand, and the count of what is alive. */
#include <cv/mutex.h>

#include "fault.h"

#include <cv/banned.h>

static struct cv_mutex lock = CV_MUTEX_INIT;
static unsigned        armed, count;
static bool            fired;
static int             live;

bool fake_arm(unsigned n)
{
    cv_mutex_lock(&lock);
    bool more = n == 1 || fired;
    armed     = more ? n : 0;
    count     = 0;
    fired     = false;
    cv_mutex_unlock(&lock);
    return more;
}

void fake_disarm(void)
{
    cv_mutex_lock(&lock);
    armed = 0;
    fired = false;
    cv_mutex_unlock(&lock);
}

bool fake_fired(void)
{
    cv_mutex_lock(&lock);
    bool result = fired;
    cv_mutex_unlock(&lock);
    return result;
}

int fake_live(void)
{
    cv_mutex_lock(&lock);
    int result = live;
    cv_mutex_unlock(&lock);
    return result;
}

int fake_take(const char* step, struct cv_error* err)
{
    cv_mutex_lock(&lock);
    bool fail = armed != 0 && ++count == armed;
    fired     = fired || fail;
    live += fail ? 0 : 1;
    cv_mutex_unlock(&lock);
    if (!fail)
        return 0;
    cv_error_set(err, CV_ERR_SYSTEM, "%s: a fault was ordered", step);
    return cv_error_step(err, "%s", step);
}

void fake_give_back(void)
{
    cv_mutex_lock(&lock);
    live--;
    cv_mutex_unlock(&lock);
}
