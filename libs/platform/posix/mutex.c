#include <stdlib.h>

#include <cv/mutex.h>

#include <cv/banned.h>

/* A default mutex fails only when it is corrupt or misused; going on without the lock would be worse than ending
 * here. */
void cv_mutex_lock(struct cv_mutex* mutex)
{
    if (pthread_mutex_lock(&mutex->native) != 0)
        abort();
}

void cv_mutex_unlock(struct cv_mutex* mutex)
{
    if (pthread_mutex_unlock(&mutex->native) != 0)
        abort();
}

void cv_once(struct cv_once* once, void (*fn)(void))
{
    if (pthread_once(&once->native, fn) != 0)
        abort();
}
