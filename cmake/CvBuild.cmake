# How everything here is compiled, and the few verbs that the folders' CMakeLists.txt use:
#   cv_object_library(name SOURCES... )   an internal library with our warnings
#   cv_unit_test(name SOURCES... LIBS...) a cmocka program run by ctest under its own name with label "unit"

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
# The build folder looks as the install does: the library finds the guardian by the way between their folders.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_LIBEXECDIR}")
    set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}${CMAKE_INSTALL_FULL_LIBDIR})
else()
    set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${CMAKE_INSTALL_LIBDIR})
endif()
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

set(CV_SANITIZE "" CACHE STRING "sanitizers for all code, as -fsanitize takes them: address,undefined")
option(CV_COVERAGE "build with line coverage" OFF)

add_library(cv_flags INTERFACE)
target_compile_options(cv_flags INTERFACE
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 -Wundef
    -Wno-missing-field-initializers -fno-common -fstack-protector-strong
    $<$<C_COMPILER_ID:Clang>:-Wno-format-nonliteral>) # clang asks it of functions that take a va_list, where gcc does not
target_link_options(cv_flags INTERFACE -fstack-protector-strong) # mingw-w64 has its support in a library of its own
if(CV_SYSTEM STREQUAL "posix")
    target_compile_definitions(cv_flags INTERFACE _GNU_SOURCE)
endif()
if(CV_SANITIZE)
    target_compile_options(cv_flags INTERFACE -fsanitize=${CV_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(cv_flags INTERFACE -fsanitize=${CV_SANITIZE})
endif()
if(CV_COVERAGE)
    target_compile_options(cv_flags INTERFACE --coverage)
    target_link_options(cv_flags INTERFACE --coverage)
endif()

function(cv_static_library name)
    add_library(${name} STATIC ${ARGN})
    target_link_libraries(${name} PUBLIC cv_flags)
endfunction()

function(cv_unit_test name)
    cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
    add_executable(${name} ${T_SOURCES})
    target_link_libraries(${name} PRIVATE cv_flags cv_test_support ${T_LIBS} ${CV_CMOCKA_LIBRARIES})
    target_include_directories(${name} PRIVATE ${CV_CMOCKA_INCLUDE_DIRS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS unit SKIP_RETURN_CODE 77 TIMEOUT 120)
endfunction()

find_package(PkgConfig REQUIRED)
