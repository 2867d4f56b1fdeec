#include <windows.h>

#include <bcrypt.h>

#include <cv/random.h>

#include <cv/banned.h>

enum { STEP = 1 << 20 };

int cv_random_bytes(void* buffer, size_t length, struct cv_error* err)
{
    unsigned char* at = buffer;
    while (length > 0) {
        ULONG    step   = length < STEP ? (ULONG)length : STEP;
        NTSTATUS status = BCryptGenRandom(NULL, at, step, BCRYPT_USE_SYSTEM_PREFERRED_RNG);
        if (status < 0)
            return cv_error_hresult(err, (uint32_t)status | (uint32_t)FACILITY_NT_BIT, "get random bytes", NULL);
        at += step;
        length -= step;
    }
    return 0;
}
