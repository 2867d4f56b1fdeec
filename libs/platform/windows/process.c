#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "wide.h"
#include <cv/clock.h>
#include <cv/env.h>
#include <cv/file.h>
#include <cv/process.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { KILLED_EXIT_CODE = 128 + 9, HANDLES_MAX = 3 + CV_PROCESS_PASS_MAX };

struct cv_process {
    HANDLE handle;
    DWORD  id;
};

/* Everything that CreateProcessW() borrows. */
struct launch {
    wchar_t*                     program;
    wchar_t*                     command_line;
    wchar_t*                     cwd;
    wchar_t*                     env;
    HANDLE                       handles[HANDLES_MAX]; /* inheritable; the first three are ours, stdio's duplicates */
    DWORD                        n_handles;
    LPPROC_THREAD_ATTRIBUTE_LIST attributes;
};

static void launch_release(struct launch* launch)
{
    for (DWORD i = 0; i < launch->n_handles && i < 3; i++)
        cv_handle_closep(&launch->handles[i]);
    if (launch->attributes != NULL)
        DeleteProcThreadAttributeList(launch->attributes);
    free(launch->attributes);
    free(launch->program);
    free(launch->command_line);
    free(launch->cwd);
    free(launch->env);
}

static int code_of(const struct cv_error* err)
{
    return err != NULL ? err->code : CV_ERR_INVALID;
}

/* Only along PATH: left to itself, Windows looks into the working folder first. */
static int search_path(const wchar_t* name, wchar_t** found_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*    path      = NULL;
    CV_CLEANUP(cv_freep) wchar_t* wide_path = NULL;
    CV_CLEANUP(cv_freep) wchar_t* found     = NULL;
    DWORD                         size;
    int                           result = cv_env_get("PATH", &path, err);

    if (result < 0)
        return result;
    wide_path = cv_wide(path != NULL ? path : "", err);
    if (wide_path == NULL)
        return code_of(err);
    size  = SearchPathW(wide_path, name, L".exe", 0, NULL, NULL);
    found = malloc((size + 1) * sizeof(wchar_t));
    if (found == NULL)
        return cv_error_no_memory(err);
    if (size != 0 && SearchPathW(wide_path, name, L".exe", size, found, NULL) != 0)
        *found_out = CV_STEAL(found);
    return 0;
}

/* A batch file is run by cmd.exe, which splits the line again by rules of its own: no quoting makes that safe. */
static int refuse_batch_file(const char* name, const wchar_t* path, struct cv_error* err)
{
    const wchar_t* dot = wcsrchr(path, L'.');
    if (dot == NULL || (_wcsicmp(dot, L".bat") != 0 && _wcsicmp(dot, L".cmd") != 0))
        return 0;
    cv_error_set(err, CV_ERR_NOT_EXECUTABLE, "'%s' is a batch file", name);
    cv_error_hint(err, "run cmd.exe with /c, and quote for it");
    return CV_ERR_NOT_EXECUTABLE;
}

static int find_program(const struct cv_process_spec* spec, wchar_t** program_out, struct cv_error* err)
{
    const char*                   name   = spec->program != NULL ? spec->program : spec->argv[0];
    bool                          bare   = strpbrk(name, "/\\:") == NULL;
    CV_CLEANUP(cv_freep) wchar_t* path   = NULL;
    CV_CLEANUP(cv_freep) wchar_t* wide   = NULL;
    int                           result = 0;

    if (name[0] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "no program to run");
    wide = bare ? cv_wide(name, err) : cv_wide_full_path(name, err);
    if (wide == NULL)
        return code_of(err);
    if (bare)
        result = search_path(wide, &path, err);
    else
        path = CV_STEAL(wide);
    if (result < 0)
        return result;
    if (path == NULL)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "there is no program '%s' in PATH", name);
    result = refuse_batch_file(name, path, err);
    if (result == 0)
        *program_out = CV_STEAL(path);
    return result;
}

static int prepare_texts(struct launch* launch, const struct cv_process_spec* spec, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* line  = cv_process_command_line(spec->argv, err);
    CV_CLEANUP(cv_freep) char* block = NULL;
    size_t                     length;

    if (line == NULL || (launch->command_line = cv_wide(line, err)) == NULL)
        return code_of(err);
    if (spec->env != NULL) {
        block = cv_process_env_block(spec->env, &length, err);
        if (block == NULL || (launch->env = cv_wide_bytes(block, length, err)) == NULL)
            return code_of(err);
    }
    if (spec->cwd == NULL)
        return 0;
    launch->cwd = cv_wide_full_path(spec->cwd, err);
    if (launch->cwd == NULL)
        return code_of(err);
    if (GetFileAttributesW(launch->cwd) == INVALID_FILE_ATTRIBUTES)
        return cv_error_win32(err, GetLastError(), "change to the folder", spec->cwd);
    return 0;
}

/* An inheritable duplicate, or the null device. */
static int prepare_stdio(HANDLE from, int number, HANDLE* handle_out, struct cv_error* err)
{
    SECURITY_ATTRIBUTES inheritable = { .nLength = sizeof(inheritable), .bInheritHandle = TRUE };
    HANDLE              self        = GetCurrentProcess();
    HANDLE              handle;

    if (from != CV_HANDLE_NONE) {
        if (!DuplicateHandle(self, from, self, handle_out, 0, TRUE, DUPLICATE_SAME_ACCESS))
            return cv_error_win32(err, GetLastError(), "hand over a handle", NULL);
        return 0;
    }
    handle = CreateFileW(L"NUL", number == 0 ? GENERIC_READ : GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
        &inheritable, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return cv_error_win32(err, GetLastError(), "open", "NUL");
    *handle_out = handle;
    return 0;
}

static int prepare_handles(struct launch* launch, const struct cv_process_spec* spec, struct cv_error* err)
{
    for (int i = 0; i < 3; i++) {
        int result = prepare_stdio(spec->stdio[i], i, &launch->handles[i], err);
        if (result < 0)
            return result;
        launch->n_handles++;
    }
    for (size_t i = 0; i < spec->n_pass; i++) {
        if (spec->pass[i] == CV_HANDLE_NONE)
            return cv_error_set(err, CV_ERR_INVALID, "handle %zu for the process is none", i + 3);
        launch->handles[launch->n_handles++] = spec->pass[i];
    }
    return 0;
}

/* The list of what is inherited: without it the child would get every inheritable handle of the program. */
static int prepare_attributes(struct launch* launch, struct cv_error* err)
{
    SIZE_T size = 0;

    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    launch->attributes = malloc(size);
    if (launch->attributes == NULL)
        return cv_error_no_memory(err);
    if (!InitializeProcThreadAttributeList(launch->attributes, 1, 0, &size)) {
        free(launch->attributes);
        launch->attributes = NULL;
        return cv_error_win32(err, GetLastError(), "prepare the list of handles", NULL);
    }
    if (!UpdateProcThreadAttribute(launch->attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, launch->handles,
            launch->n_handles * sizeof(HANDLE), NULL, NULL))
        return cv_error_win32(err, GetLastError(), "prepare the list of handles", NULL);
    return 0;
}

/* The passed handles keep their values, so the originals have to be inheritable for a moment. Children of this
 * library get only what is on their list, so another one started meanwhile does not get them. */
static int set_inheritable(const struct cv_process_spec* spec, BOOL yes, struct cv_error* err)
{
    for (size_t i = 0; i < spec->n_pass; i++)
        if (!SetHandleInformation(spec->pass[i], HANDLE_FLAG_INHERIT, yes ? HANDLE_FLAG_INHERIT : 0))
            return cv_error_win32(err, GetLastError(), "hand over a handle", NULL);
    return 0;
}

static int launch_run(
    struct launch* launch, const struct cv_process_spec* spec, PROCESS_INFORMATION* info, struct cv_error* err)
{
    const char*    name    = spec->program != NULL ? spec->program : spec->argv[0];
    DWORD          flags   = CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;
    STARTUPINFOEXW startup = {
        .StartupInfo     = { .cb = sizeof(startup),
                .dwFlags         = STARTF_USESTDHANDLES,
                .hStdInput       = launch->handles[0],
                .hStdOutput      = launch->handles[1],
                .hStdError       = launch->handles[2] },
        .lpAttributeList = launch->attributes,
    };
    int result = set_inheritable(spec, TRUE, err);

    if ((spec->flags & CV_PROCESS_DETACHED) != 0)
        flags |= CREATE_NEW_PROCESS_GROUP | DETACHED_PROCESS;
    if (result == 0
        && !CreateProcessW(launch->program, launch->command_line, NULL, NULL, TRUE, flags, launch->env, launch->cwd,
            &startup.StartupInfo, info))
        result = cv_error_win32(err, GetLastError(), "run the program", name);
    set_inheritable(spec, FALSE, NULL);
    return result;
}

int cv_process_start(const struct cv_process_spec* spec, struct cv_process** process_out, struct cv_error* err)
{
    CV_CLEANUP(launch_release) struct launch launch  = { 0 };
    CV_CLEANUP(cv_freep) struct cv_process*  process = NULL;
    PROCESS_INFORMATION                      info;
    int                                      result;

    if (spec->argv == NULL || spec->argv[0] == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "no program to run");
    if (spec->n_pass > CV_PROCESS_PASS_MAX)
        return cv_error_set(err, CV_ERR_INVALID, "more than %d handles for a process", CV_PROCESS_PASS_MAX);
    process = malloc(sizeof(*process));
    if (process == NULL)
        return cv_error_no_memory(err);
    result = find_program(spec, &launch.program, err);
    if (result == 0)
        result = prepare_texts(&launch, spec, err);
    if (result == 0)
        result = prepare_handles(&launch, spec, err);
    if (result == 0)
        result = prepare_attributes(&launch, err);
    if (result == 0)
        result = launch_run(&launch, spec, &info, err);
    if (result < 0)
        return result;
    CloseHandle(info.hThread);
    process->handle = info.hProcess;
    process->id     = info.dwProcessId;
    *process_out    = CV_STEAL(process);
    return 0;
}

int cv_process_wait(struct cv_process* process, int64_t timeout_ms, int* exit_code_out, struct cv_error* err)
{
    enum { STEP_MAX = 1000 * 1000 * 1000 };
    int64_t deadline = cv_clock_deadline_ms(timeout_ms);
    DWORD   answer, code;
    int64_t left;

    do {
        left   = cv_clock_left_ms(deadline);
        answer = WaitForSingleObject(process->handle, left < 0 ? INFINITE : (DWORD)(left < STEP_MAX ? left : STEP_MAX));
    } while (answer == WAIT_TIMEOUT && left != 0);
    if (answer == WAIT_TIMEOUT)
        return cv_error_set(err, CV_ERR_TIMEOUT, "process %lu still runs", process->id);
    if (answer != WAIT_OBJECT_0 || !GetExitCodeProcess(process->handle, &code))
        return cv_error_win32(err, GetLastError(), "wait for a process", NULL);
    *exit_code_out = (int)code;
    return 0;
}

/* One that is ending already refuses with "access denied". */
int cv_process_kill(struct cv_process* process, struct cv_error* err)
{
    DWORD number;

    if (TerminateProcess(process->handle, KILLED_EXIT_CODE))
        return 0;
    number = GetLastError();
    if (number == ERROR_ACCESS_DENIED && WaitForSingleObject(process->handle, 0) == WAIT_OBJECT_0)
        return 0;
    return cv_error_win32(err, number, "kill a process", NULL);
}

int64_t cv_process_id(const struct cv_process* process)
{
    return process->id;
}

containerv_handle_t cv_process_handle(const struct cv_process* process)
{
    return process->handle;
}

struct cv_process* cv_process_free(struct cv_process* process)
{
    if (process != NULL) {
        cv_handle_closep(&process->handle);
        free(process);
    }
    return NULL;
}
