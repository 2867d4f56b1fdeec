#include <stdlib.h>
#include <windows.h>

#include <cv/mutex.h>

#include <cv/banned.h>

_Static_assert(sizeof(SRWLOCK) == sizeof(cv_native_mutex), "an SRWLOCK is one pointer");
_Static_assert(sizeof(INIT_ONCE) == sizeof(cv_native_once), "an INIT_ONCE is one pointer");

void cv_mutex_lock(struct cv_mutex* mutex)
{
    AcquireSRWLockExclusive((SRWLOCK*)&mutex->native);
}

void cv_mutex_unlock(struct cv_mutex* mutex)
{
    ReleaseSRWLockExclusive((SRWLOCK*)&mutex->native);
}

struct call {
    void (*fn)(void);
};

static BOOL CALLBACK run_call(INIT_ONCE* once, void* parameter, void** context)
{
    struct call* call = parameter;
    (void)once;
    (void)context;
    call->fn();
    return TRUE;
}

void cv_once(struct cv_once* once, void (*fn)(void))
{
    struct call call = { fn };
    if (!InitOnceExecuteOnce((INIT_ONCE*)&once->native, run_call, &call, NULL))
        abort();
}
