# The guardian's messages, its loop, the program, and the caller's client. Only on Linux.
find_program(CV_PROTOC_C protoc-c REQUIRED)
find_library(CV_PROTOBUF_C_LIBRARY NAMES protobuf-c REQUIRED)
find_package(Threads REQUIRED)

set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
set(proto_folder ${PROJECT_SOURCE_DIR}/protocols)
add_custom_command(OUTPUT ${generated}/guardian.pb-c.c ${generated}/guardian.pb-c.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
    COMMAND ${CV_PROTOC_C} --proto_path=${proto_folder} --c_out=${generated} guardian.proto
    DEPENDS ${proto_folder}/guardian.proto VERBATIM)
# Not ours to be warned about.
add_library(cv_guardian_proto STATIC ${generated}/guardian.pb-c.c ${generated}/guardian.pb-c.h)
target_compile_options(cv_guardian_proto PRIVATE -w)
target_include_directories(cv_guardian_proto SYSTEM PUBLIC ${generated})
# by its name, as jansson (spec/CMakeLists.txt)
get_filename_component(protobuf_c_folder ${CV_PROTOBUF_C_LIBRARY} DIRECTORY)
target_link_directories(cv_guardian_proto PUBLIC ${protobuf_c_folder})
target_link_libraries(cv_guardian_proto PUBLIC protobuf-c)

cv_static_library(cv_linux_wire wire.c messages.c messages-process.c)
target_link_libraries(cv_linux_wire PUBLIC cv_linux_plan cv_guardian_proto)

# All but the container's functions, which cv_linux has and the tests replace.
add_library(cv_guardian_loop OBJECT
    guardian-copy.c guardian-events.c guardian-listen.c guardian-loop.c guardian-peers.c guardian-reconcile.c guardian-records.c guardian-requests.c guardian-snapshot.c guardian-start.c)
target_link_libraries(cv_guardian_loop PUBLIC cv_linux_wire)

cv_static_library(cv_linux_client backend.c client-archive.c client.c client-calls.c client-copy.c client-events.c client-hear.c client-home.c client-instance.c client-log.c
    client-list.c client-reach.c client-reconcile.c client-snapshot.c client-start.c client-supervised.c client-supervisor.c process-info.c)
target_link_libraries(cv_linux_client PUBLIC cv_linux_wire cv_linux_copy cv_linux_log_writer cv_linux_rights Threads::Threads)
add_library(cv_guardian_main OBJECT guardian.c)
target_link_libraries(cv_guardian_main PUBLIC cv_linux_wire)

# A program of the back end, of object libraries. It is linked statically: it runs with nothing but itself, whatever the caller's system
# has for libraries. (With a sanitizer that can't be.)
cmake_path(SET guardian_folder NORMALIZE ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/${programs_from_library})
function(cv_guardian_program name)
    add_executable(${name})
    foreach(part ${ARGN})
        target_sources(${name} PRIVATE $<TARGET_OBJECTS:${part}>)
    endforeach()
    if(CV_SANITIZE)
        target_link_libraries(${name} PRIVATE cv_flags cv_linux_wire cv_linux_container cv_linux_log_writer)
    else()
        # By file: our archives' own requirements name the shared libraries.
        target_link_libraries(${name} PRIVATE cv_flags -static -Wl,--start-group)
        foreach(part cv_linux_container cv_linux_log_writer cv_linux_log cv_linux_copy cv_linux cv_linux_rights cv_linux_plan
                cv_linux_wire cv_guardian_proto cv_spec cv_platform)
            target_link_libraries(${name} PRIVATE $<TARGET_FILE:${part}>)
            add_dependencies(${name} ${part})
        endforeach()
        foreach(library protobuf-c jansson seccomp)
            find_library(CV_STATIC_${library} NAMES lib${library}.a REQUIRED)
            target_link_libraries(${name} PRIVATE ${CV_STATIC_${library}})
        endforeach()
        target_link_libraries(${name} PRIVATE -Wl,--end-group)
    endif()
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${guardian_folder})
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/containerv)
endfunction()

cv_guardian_program(cv-guardian cv_guardian_main cv_guardian_loop)

# The guardian's loop with one container that outlives its caller.
add_library(cv_supervisor OBJECT supervisor.c supervisor-create.c supervisor-end.c supervisor-life.c supervisor-place.c supervisor-requests.c
    supervisor-run.c supervisor-tell.c)
target_link_libraries(cv_supervisor PUBLIC cv_linux_wire cv_linux)
add_library(cv_supervisor_main OBJECT supervisor-main.c)
target_link_libraries(cv_supervisor_main PUBLIC cv_linux_wire)
cv_guardian_program(cv-supervisor cv_supervisor_main cv_supervisor cv_guardian_loop)

# What cvrun asks systemd by: it is dynamic, since systemd's library is.
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
add_executable(cv-scope scope-main.c)
target_link_libraries(cv-scope PRIVATE cv_flags cv_platform PkgConfig::SYSTEMD)
set_target_properties(cv-scope PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${guardian_folder})
install(TARGETS cv-scope RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/containerv)
