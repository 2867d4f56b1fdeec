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

enum { DEPTH_MAX = 32, PASSES_MAX = 16 };

struct walk {
    const char*      top;
    unsigned         depth;
    bool             moved; /* something came to the top in this pass */
    struct cv_error* err;
};

static int remove_path(struct walk* walk, const char* path);

static int code_of(const struct cv_error* err)
{
    return err != NULL ? err->code : CV_ERR_SYSTEM;
}

static char* child_path(struct walk* walk, const char* folder, const wchar_t* name)
{
    CV_CLEANUP(cv_freep) char* text = cv_utf8(name, walk->err);
    return text != NULL ? cv_asprintf(walk->err, "%s\\%s", folder, text) : NULL;
}

static BOOL is_dots(const wchar_t* name)
{
    return wcscmp(name, L".") == 0 || wcscmp(name, L"..") == 0;
}

static int empty_folder(struct walk* walk, const char* path)
{
    CV_CLEANUP(cv_freep) char*             pattern = cv_asprintf(walk->err, "%s\\*", path);
    CV_CLEANUP(cv_freep) wchar_t*          wide    = pattern != NULL ? cv_wide_path(pattern, walk->err) : NULL;
    CV_CLEANUP(cv_freep) WIN32_FIND_DATAW* found   = malloc(sizeof(*found));
    HANDLE                                 search;
    int                                    result = 0;

    if (wide == NULL)
        return code_of(walk->err);
    if (found == NULL)
        return cv_error_no_memory(walk->err);
    search = FindFirstFileW(wide, found);
    if (search == INVALID_HANDLE_VALUE)
        return cv_error_win32(walk->err, GetLastError(), "read the folder", path);
    do {
        CV_CLEANUP(cv_freep) char* child = NULL;
        if (is_dots(found->cFileName))
            continue;
        child  = child_path(walk, path, found->cFileName);
        result = child != NULL ? remove_path(walk, child) : CV_ERR_NO_MEMORY;
    } while (result == 0 && FindNextFileW(search, found));
    FindClose(search);
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

static int remove_folder(struct walk* walk, const char* path, HANDLE handle, DWORD attributes)
{
    DWORD number;
    int   result = 0;

    walk->depth++;
    for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
        walk->moved = false;
        result      = empty_folder(walk, path);
        if (result < 0 || dispose(handle, attributes))
            break;
        number = GetLastError();
        result = cv_error_win32(walk->err, number, "remove the folder", path);
        if (number != ERROR_DIR_NOT_EMPTY)
            break;
        if (walk->depth == 1 && walk->moved)
            pass = 0; /* progress: the tree got shallower */
    }
    walk->depth--;
    return result;
}

static int open_itself(const char* path, const wchar_t* wide, HANDLE* handle_out, struct cv_error* err)
{
    HANDLE handle =
        CreateFileW(wide, DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE,
            NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD number = GetLastError();

    if (handle != INVALID_HANDLE_VALUE)
        *handle_out = handle;
    else if (number != ERROR_FILE_NOT_FOUND && number != ERROR_PATH_NOT_FOUND)
        return cv_error_win32(err, number, "open", path);
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
        return remove_folder(walk, path, handle, info.dwFileAttributes);
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
