#include <stddef.h>

#include <cv/mutex.h>

#include <cv/banned.h>

void cv_mutex_unlockp(struct cv_mutex** mutex)
{
    if (*mutex != NULL)
        cv_mutex_unlock(*mutex);
}
