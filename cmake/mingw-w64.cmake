# Builds for Windows on Linux: mingw-w64's compiler, our static libraries from scripts/windows-libs.sh, and Wine to run the tests.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

set(CV_ROOT_FOLDER ${CMAKE_CURRENT_LIST_DIR}/..)
if(NOT CV_MINGW_PREFIX)
    execute_process(COMMAND ${CV_ROOT_FOLDER}/scripts/windows-libs.sh --path-only
        OUTPUT_VARIABLE CV_MINGW_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
if(NOT EXISTS ${CV_MINGW_PREFIX}/done)
    message(FATAL_ERROR "the libraries for Windows are not built yet: run scripts/windows-libs.sh, or scripts/test-windows.sh which does")
endif()
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CV_MINGW_PREFIX)

set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32 ${CV_MINGW_PREFIX})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# pkg-config must not answer with the libraries of the machine that builds
set(ENV{PKG_CONFIG_LIBDIR} ${CV_MINGW_PREFIX}/lib/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "")

# The API level of Windows 10 1809 (ConPTY). DWARF 4 is what winedbg and old debuggers can read.
set(CMAKE_C_FLAGS_INIT "-D_WIN32_WINNT=0x0A00 -DWINVER=0x0A00 -DNTDDI_VERSION=0x0A000007 -D__USE_MINGW_ANSI_STDIO=1 \
-DUNICODE -D_UNICODE -gdwarf-4 -fno-omit-frame-pointer")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -static-libgcc")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-static-libgcc")

set(CMAKE_CROSSCOMPILING_EMULATOR ${CV_ROOT_FOLDER}/scripts/wine-run.sh)
