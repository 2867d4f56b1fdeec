#include <stdlib.h>
#include <windows.h>

#include "wide.h"
#include <cv/lock.h>

#include <cv/banned.h>

struct cv_lock {
    HANDLE file;
};

/* Far behind the end: a locked range can't be read by others, and the file's text may say who holds it. */
#define LOCKED_BYTE                                                                                                    \
    {                                                                                                                  \
        .Offset = 0xFFFFFFFE, .OffsetHigh = 0x7FFFFFFF                                                                 \
    }

static int open_lock_file(const char* path, HANDLE* file_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) wchar_t*       wide = cv_wide_path(path, err);
    CV_CLEANUP(cv_handle_closep) HANDLE file = NULL;
    BY_HANDLE_FILE_INFORMATION          info;

    if (wide == NULL)
        return err != NULL ? err->code : CV_ERR_INVALID;
    file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS,
        FILE_FLAG_OPEN_REPARSE_POINT | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return cv_error_win32(err, GetLastError(), "open the lock file", path);
    if (GetFileType(file) != FILE_TYPE_DISK || !GetFileInformationByHandle(file, &info)
        || (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
        return cv_error_set(err, CV_ERR_INVALID, "the lock file '%s' is not a regular file", path);
    *file_out = CV_STEAL_HANDLE(file);
    return 0;
}

int cv_lock_acquire(const char* path, unsigned flags, struct cv_lock** lock_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) HANDLE file       = NULL;
    OVERLAPPED                          range      = LOCKED_BYTE;
    DWORD                               lock_flags = ((flags & CV_LOCK_SHARED) != 0 ? 0 : LOCKFILE_EXCLUSIVE_LOCK)
                       | ((flags & CV_LOCK_WAIT) != 0 ? 0 : LOCKFILE_FAIL_IMMEDIATELY);
    struct cv_lock* lock;
    int             result = open_lock_file(path, &file, err);

    if (result < 0)
        return result;
    if (!LockFileEx(file, lock_flags, 0, 1, 0, &range)) {
        DWORD number = GetLastError();
        if (number == ERROR_LOCK_VIOLATION || number == ERROR_IO_PENDING)
            return cv_error_set(err, CV_ERR_STATE, "somebody else holds the lock '%s'", path);
        return cv_error_win32(err, number, "take the lock", path);
    }
    lock = malloc(sizeof(*lock));
    if (lock == NULL)
        return cv_error_no_memory(err);
    lock->file = CV_STEAL_HANDLE(file);
    *lock_out  = lock;
    return 0;
}

containerv_handle_t cv_lock_handle(const struct cv_lock* lock)
{
    return lock->file;
}

/* Closing alone gives it back too, but Windows does not say when. */
struct cv_lock* cv_lock_release(struct cv_lock* lock)
{
    OVERLAPPED range = LOCKED_BYTE;
    if (lock != NULL) {
        UnlockFileEx(lock->file, 0, 1, 0, &range);
        cv_handle_closep(&lock->file);
        free(lock);
    }
    return NULL;
}
