/*
 * A crash ends the program with exit code 139, and says where it was. Without this a segmentation fault under Wine
 * can end with exit code 0, so that the test would pass. The addresses are for addr2line -e PROGRAM: the image is
 * not moved under Wine.
 */
#include <stdio.h>
#include <windows.h>

enum { CRASH_EXIT_CODE = 139, FRAMES_MAX = 32 };

static void print_frames(CONTEXT context)
{
    for (int i = 0; i < FRAMES_MAX && context.Rip != 0; i++) {
        DWORD64           base     = 0;
        RUNTIME_FUNCTION* function = RtlLookupFunctionEntry(context.Rip, &base, NULL);
        void*             data     = NULL;
        DWORD64           frame    = 0;

        fprintf(stderr, "  at 0x%llx\n", (unsigned long long)context.Rip);
        if (function == NULL)
            break;
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context.Rip, function, &context, &data, &frame, NULL);
    }
}

static LONG WINAPI crashed(EXCEPTION_POINTERS* exception)
{
    fprintf(stderr, "crashed: exception 0x%08lx\n", exception->ExceptionRecord->ExceptionCode);
    print_frames(*exception->ContextRecord);
    fflush(stderr);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), CRASH_EXIT_CODE);
    return EXCEPTION_EXECUTE_HANDLER;
}

__attribute__((constructor)) static void install_crash_filter(void)
{
    SetErrorMode(SEM_NOGPFAULTERRORBOX | SEM_FAILCRITICALERRORS);
    SetUnhandledExceptionFilter(crashed);
}
