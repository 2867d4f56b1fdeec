/*
 * Removing a tree. Each folder on the way down is opened itself, not what a link in its place leads to, and held
 * open without letting others rename or remove it: so the paths beneath it can't be led elsewhere. A chain of
 * folders deeper than DEPTH_MAX is cut by moving the deep one to the top of the tree, which keeps handles and stack
 * bounded.
 */
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "wide.h"
#include <cv/file.h>
#include <cv/handle.h>
#include <cv/random.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { DEPTH_MAX = 32, PASSES_MAX = 16, NAMES_SIZE = 16384 };

struct walk {
    const char*      top;
    unsigned         depth;
    bool             moved; /* something came to the top in the top's present pass */
    struct cv_error* err;
};

static int remove_path(struct walk* walk, const char* path);

static int code_of(const struct cv_error* err)
{
    return err != NULL ? err->code : CV_ERR_SYSTEM;
}

/* The thing itself, not what a link leads to. NULL on failure. */
static HANDLE open_handle(const wchar_t* path, DWORD access, DWORD share)
{
    HANDLE handle = CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | share, NULL, OPEN_EXISTING,
        FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    return handle != INVALID_HANDLE_VALUE ? handle : NULL;
}

/* Remove what one entry of a folder names. The name is not terminated. */
static int remove_entry(struct walk* walk, const char* folder, const FILE_FULL_DIR_INFO* entry, bool* was_empty_out)
{
    CV_CLEANUP(cv_freep)
    char* name = cv_utf8_bytes(entry->FileName, entry->FileNameLength / sizeof(wchar_t), walk->err);
    CV_CLEANUP(cv_freep) char* path = NULL;

    if (name == NULL)
        return code_of(walk->err);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    *was_empty_out = false;
    path           = cv_asprintf(walk->err, "%s\\%s", folder, name);
    return path != NULL ? remove_path(walk, path) : CV_ERR_NO_MEMORY;
}

/* One pass over the names in the folder. *was_empty_out: there were none. Through a handle that is new for each
 * pass, since Wine goes on showing the names of the first one; the path still leads to the folder that the caller
 * holds. */
static int empty_folder(struct walk* walk, const char* path, const wchar_t* wide, bool* was_empty_out)
{
    CV_CLEANUP(cv_handle_closep) HANDLE list   = open_handle(wide, FILE_LIST_DIRECTORY, FILE_SHARE_DELETE);
    CV_CLEANUP(cv_freep) char*          buffer = malloc(NAMES_SIZE);
    int                                 result = 0;

    if (list == NULL)
        return cv_error_win32(walk->err, GetLastError(), "read the folder", path);
    if (buffer == NULL)
        return cv_error_no_memory(walk->err);
    *was_empty_out = true;
    while (result == 0 && GetFileInformationByHandleEx(list, FileFullDirectoryInfo, buffer, NAMES_SIZE)) {
        const FILE_FULL_DIR_INFO* entry = (const FILE_FULL_DIR_INFO*)buffer;
        for (;;) {
            result = remove_entry(walk, path, entry, was_empty_out);
            if (result < 0 || entry->NextEntryOffset == 0)
                break;
            entry = (const FILE_FULL_DIR_INFO*)((const char*)entry + entry->NextEntryOffset);
        }
    }
    if (result == 0 && GetLastError() != ERROR_NO_MORE_FILES)
        result = cv_error_win32(walk->err, GetLastError(), "read the folder", path);
    return result;
}

/* Mark it for removal when the handle closes. A file that is only read-only is made writable first. */
static BOOL dispose(HANDLE handle, DWORD attributes)
{
    FILE_DISPOSITION_INFO disposition = { .DeleteFile = TRUE };
    FILE_BASIC_INFO       basic       = { .FileAttributes = FILE_ATTRIBUTE_NORMAL };

    if ((attributes & FILE_ATTRIBUTE_READONLY) != 0)
        SetFileInformationByHandle(handle, FileBasicInfo, &basic, sizeof(basic));
    return SetFileInformationByHandle(handle, FileDispositionInfo, &disposition, sizeof(disposition));
}

static int move_to_top(struct walk* walk, const char* path, const wchar_t* wide)
{
    CV_CLEANUP(cv_freep) char*    moved      = NULL;
    CV_CLEANUP(cv_freep) wchar_t* wide_moved = NULL;
    char                          digits[25];

    if (cv_random_hex(digits, 24, walk->err) < 0)
        return code_of(walk->err);
    moved      = cv_asprintf(walk->err, "%s\\.removed-%s", walk->top, digits);
    wide_moved = moved != NULL ? cv_wide_path(moved, walk->err) : NULL;
    if (wide_moved == NULL)
        return code_of(walk->err);
    if (!MoveFileExW(wide, wide_moved, 0))
        return cv_error_win32(walk->err, GetLastError(), "move a deep folder to the top of the tree", path);
    walk->moved = true;
    return 0;
}

/* Passes until one finds nothing: Wine accepts the removal of a folder that still has something in it, but does
 * not do it. */
static int remove_folder(struct walk* walk, const char* path, const wchar_t* wide, HANDLE handle, DWORD attributes)
{
    bool empty  = false;
    int  result = 0;

    walk->depth++;
    for (unsigned pass = 0; result == 0 && !empty && pass < PASSES_MAX; pass++) {
        if (walk->depth == 1)
            walk->moved = false;
        result = empty_folder(walk, path, wide, &empty);
        if (walk->depth == 1 && walk->moved)
            pass = 0; /* progress: the tree got shallower */
    }
    walk->depth--;
    if (result < 0)
        return result;
    if (!empty)
        return cv_error_win32(walk->err, ERROR_DIR_NOT_EMPTY, "remove the folder", path);
    return dispose(handle, attributes) ? 0 : cv_error_win32(walk->err, GetLastError(), "remove the folder", path);
}

/* *handle_out stays NULL when there is nothing of that name. */
static int open_itself(const char* path, const wchar_t* wide, HANDLE* handle_out, struct cv_error* err)
{
    HANDLE handle = open_handle(wide, DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, 0);
    DWORD  number = GetLastError();

    if (handle == NULL && number != ERROR_FILE_NOT_FOUND && number != ERROR_PATH_NOT_FOUND)
        return cv_error_win32(err, number, "open", path);
    *handle_out = handle;
    return 0;
}

static int remove_path(struct walk* walk, const char* path)
{
    CV_CLEANUP(cv_freep) wchar_t*       wide   = cv_wide_path(path, walk->err);
    CV_CLEANUP(cv_handle_closep) HANDLE handle = NULL;
    BY_HANDLE_FILE_INFORMATION          info;
    int                                 result;

    if (wide == NULL)
        return code_of(walk->err);
    result = open_itself(path, wide, &handle, walk->err);
    if (result < 0 || handle == NULL)
        return result;
    if (!GetFileInformationByHandle(handle, &info))
        return cv_error_win32(walk->err, GetLastError(), "look at", path);
    if ((info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0
        || (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
        return dispose(handle, info.dwFileAttributes) ? 0 : cv_error_win32(walk->err, GetLastError(), "remove", path);
    if (walk->depth < DEPTH_MAX)
        return remove_folder(walk, path, wide, handle, info.dwFileAttributes);
    cv_handle_closep(&handle);
    return move_to_top(walk, path, wide);
}

int cv_tree_remove(const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* top  = cv_path_absolute(path, err);
    struct walk                walk = { .top = top, .err = err };
    size_t                     length;

    if (top == NULL)
        return code_of(err);
    for (length = strlen(top); length > 3 && (top[length - 1] == '/' || top[length - 1] == '\\'); length--)
        top[length - 1] = '\0';
    if (length <= 3)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no name of something to remove", path);
    return remove_path(&walk, top);
}
