#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "wide.h"
#include <cv/file.h>
#include <cv/handle.h>
#include <cv/random.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { READ_STEP = 16384 };

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static HANDLE none_if_invalid(HANDLE handle)
{
    return handle == INVALID_HANDLE_VALUE ? CV_HANDLE_NONE : handle;
}

/* FILE_FLAG_BACKUP_SEMANTICS opens folders too, so that these get their own answer. The path may name a stranger's
 * pipe: that must not get our identity (SECURITY_ANONYMOUS). */
static int open_regular(const char* path, HANDLE* file_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) wchar_t*       wide = cv_wide_path(path, err);
    CV_CLEANUP(cv_handle_closep) HANDLE file = NULL;
    BY_HANDLE_FILE_INFORMATION          info;

    if (wide == NULL)
        return err != NULL ? err->code : CV_ERR_INVALID;
    file = none_if_invalid(CreateFileW(wide, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING,
        FILE_FLAG_BACKUP_SEMANTICS | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, NULL));
    if (file == NULL)
        return cv_error_win32(err, GetLastError(), "open the file", path);
    if (GetFileType(file) != FILE_TYPE_DISK || !GetFileInformationByHandle(file, &info)
        || (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not a regular file", path);
    *file_out = CV_STEAL_HANDLE(file);
    return 0;
}

static int read_to_end(HANDLE file, const char* path, size_t size_max, struct cv_str* content, struct cv_error* err)
{
    char   buffer[READ_STEP];
    size_t length;

    for (;;) {
        int result = cv_handle_read(file, buffer, sizeof(buffer), &length, err);
        if (result < 0) {
            cv_error_wrap(err, "the file '%s'", path);
            return result;
        }
        if (length == 0)
            return 0;
        if (length > size_max - content->length)
            return cv_error_set(err, CV_ERR_LIMIT, "the file '%s' is larger than %zu bytes", path, size_max);
        cv_str_append_bytes(content, buffer, length);
        if (content->failed)
            return cv_error_no_memory(err);
    }
}

int cv_file_read(const char* path, size_t size_max, char** data_out, size_t* length_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) HANDLE      file = NULL;
    CV_CLEANUP(cv_str_release) struct cv_str content;
    size_t                                   length;
    char*                                    data;
    int                                      result;

    cv_str_init(&content);
    result = open_regular(path, &file, err);
    if (result == 0)
        result = read_to_end(file, path, size_max, &content, err);
    if (result < 0)
        return result;
    length = content.length;
    if (length_out == NULL && length > 0 && memchr(content.text, '\0', length) != NULL)
        return cv_error_set(err, CV_ERR_INVALID, "the file '%s' has a NUL byte in it", path);
    data = cv_str_steal(&content, err);
    if (data == NULL)
        return CV_ERR_NO_MEMORY;
    if (length_out != NULL)
        *length_out = length;
    *data_out = data;
    return 0;
}

/* A new file beside `path`; 64 random bits do not meet by chance, so an existing one is an error. */
static int make_temporary(const char* path, wchar_t** name_out, HANDLE* file_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*    name = NULL;
    CV_CLEANUP(cv_freep) wchar_t* wide = NULL;
    char                          digits[17];
    int                           result = cv_random_hex(digits, sizeof(digits) - 1, err);

    if (result < 0)
        return result;
    name = cv_asprintf(err, "%s.%s.tmp", path, digits);
    wide = name != NULL ? cv_wide_path(name, err) : NULL;
    if (wide == NULL)
        return err != NULL ? err->code : CV_ERR_INVALID;
    *file_out = none_if_invalid(
        CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL));
    if (*file_out == NULL)
        return cv_error_win32(err, GetLastError(), "make the file", name);
    *name_out = CV_STEAL(wide);
    return 0;
}

static int fill(HANDLE file, const char* path, const void* data, size_t length, unsigned flags, struct cv_error* err)
{
    int result = cv_handle_write(file, data, length, err);
    if (result < 0) {
        cv_error_wrap(err, "write the file '%s'", path);
        return result;
    }
    if ((flags & CV_FILE_DURABLE) != 0 && !FlushFileBuffers(file))
        return cv_error_win32(err, GetLastError(), "sync the file", path);
    return 0;
}

int cv_file_write(
    const char* path, const void* data, size_t length, unsigned mode, unsigned flags, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) wchar_t*       target     = cv_wide_path(path, err);
    CV_CLEANUP(cv_freep) wchar_t*       temporary  = NULL;
    CV_CLEANUP(cv_handle_closep) HANDLE file       = NULL;
    DWORD                               move_flags = ((flags & CV_FILE_EXCLUSIVE) != 0 ? 0 : MOVEFILE_REPLACE_EXISTING)
                       | ((flags & CV_FILE_DURABLE) != 0 ? MOVEFILE_WRITE_THROUGH : 0);
    int result;

    (void)mode;
    if (target == NULL)
        return err != NULL ? err->code : CV_ERR_INVALID;
    result = make_temporary(path, &temporary, &file, err);
    if (result < 0)
        return result;
    result = fill(file, path, data, length, flags, err);
    cv_handle_closep(&file);
    if (result == 0 && !MoveFileExW(temporary, target, move_flags))
        result = cv_error_win32(err, GetLastError(), "put the new file in place", path);
    if (result < 0)
        DeleteFileW(temporary);
    return result;
}

/* A symbolic link to a folder is removed like a folder, the link itself only. */
int cv_file_remove(const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) wchar_t* wide        = cv_wide_path(path, err);
    const DWORD                   folder_link = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
    DWORD                         attributes;
    BOOL                          done;

    if (wide == NULL)
        return err != NULL ? err->code : CV_ERR_INVALID;
    attributes = GetFileAttributesW(wide);
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & folder_link) == folder_link)
        done = RemoveDirectoryW(wide);
    else
        done = DeleteFileW(wide);
    return done ? 0 : cv_error_win32(err, GetLastError(), "remove the file", path);
}

static DWORD attributes_of(const char* path)
{
    CV_CLEANUP(cv_freep) wchar_t* wide = cv_wide_path(path, NULL);
    return wide != NULL ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
}

static int make_one(const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) wchar_t* wide = cv_wide_path(path, err);
    DWORD                         number;

    if (wide == NULL)
        return err != NULL ? err->code : CV_ERR_INVALID;
    if (CreateDirectoryW(wide, NULL))
        return 0;
    number = GetLastError();
    if (cv_path_is_folder(path))
        return 0;
    return cv_error_win32(err, number, "make the folder", path);
}

static char* next_separator(char* text)
{
    return strpbrk(text, "/\\");
}

int cv_folder_make(const char* path, unsigned mode, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* part = cv_path_absolute(path, err);
    int                        result;

    (void)mode;
    if (part == NULL)
        return err != NULL ? err->code : CV_ERR_INVALID;
    /* the first three characters are "C:\" or the start of "\\server", which are not made */
    for (char* at = strlen(part) > 3 ? next_separator(part + 3) : NULL; at != NULL; at = next_separator(at + 1)) {
        char separator = *at;
        *at            = '\0';
        result         = cv_path_is_folder(part) ? 0 : make_one(part, err);
        *at            = separator;
        if (result < 0)
            return result;
    }
    return cv_path_is_folder(part) ? 0 : make_one(part, err);
}

/* Attributes are those of a link itself; opening follows it. */
static BOOL opens(const char* path, BOOL folder)
{
    CV_CLEANUP(cv_freep) wchar_t*       wide = cv_wide_path(path, NULL);
    CV_CLEANUP(cv_handle_closep) HANDLE file = NULL;
    BY_HANDLE_FILE_INFORMATION          info;

    if (wide == NULL)
        return FALSE;
    file = none_if_invalid(
        CreateFileW(wide, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL));
    return file != NULL && GetFileInformationByHandle(file, &info)
           && (!folder || (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0);
}

bool cv_path_exists(const char* path)
{
    DWORD attributes = attributes_of(path);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return false;
    return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0 || opens(path, FALSE);
}

bool cv_path_is_folder(const char* path)
{
    DWORD attributes = attributes_of(path);
    if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
        return false;
    return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0 || opens(path, TRUE);
}

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* "C:\x" and "\\server\x"; not "C:x" (the working folder of that drive) nor "\x" (the working drive). */
bool cv_path_is_absolute(const char* path)
{
    bool letter = (path[0] >= 'a' && path[0] <= 'z') || (path[0] >= 'A' && path[0] <= 'Z');
    return (letter && path[1] == ':' && is_separator(path[2])) || (is_separator(path[0]) && is_separator(path[1]));
}

char* cv_path_absolute(const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) wchar_t* wide = NULL;

    if (cv_path_is_absolute(path))
        return cv_strdup(path, err);
    if (path[0] == '\0') {
        cv_error_set(err, CV_ERR_INVALID, "an empty path");
        return NULL;
    }
    wide = cv_wide_full_path(path, err);
    return wide != NULL ? cv_utf8(wide, err) : NULL;
}
