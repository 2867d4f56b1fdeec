cv_unit_test(test-wire SOURCES test-wire.c LIBS cv_linux_wire)
cv_unit_test(test-client-start SOURCES test-client-start.c LIBS cv_linux_client)

# The guardian's loop with a container that isolates nothing, started by the real client.
add_executable(cv-test-guardian fake-container.c $<TARGET_OBJECTS:cv_guardian_main> $<TARGET_OBJECTS:cv_guardian_loop>)
target_link_libraries(cv-test-guardian PRIVATE cv_flags cv_linux_wire)
set_target_properties(cv-test-guardian PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

foreach(topic guardian guardian-limits guardian-peers)
    cv_unit_test(test-${topic} SOURCES test-${topic}.c LIBS cv_linux_client)
    target_compile_definitions(test-${topic} PRIVATE CV_TEST_GUARDIAN="$<TARGET_FILE:cv-test-guardian>")
    add_dependencies(test-${topic} cv-test-guardian)
endforeach()

# Its functions, called by the test itself.
set(guardian ${PROJECT_SOURCE_DIR}/libs/containerv/linux/guardian)
cv_unit_test(test-guardian-late
    SOURCES test-guardian-late.c fake-container.c
        ${guardian}-copy.c ${guardian}-events.c ${guardian}-listen.c ${guardian}-peers.c ${guardian}-reconcile.c ${guardian}-records.c ${guardian}-requests.c
        ${guardian}-snapshot.c
    LIBS cv_linux_wire)
