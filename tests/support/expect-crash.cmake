# PROGRAM must end as a crash does: killed by SIGSEGV, with exit code 139 for it, or with a test counted as failed. Many times, since
# Wine without our filter gets it right now and then.
foreach(run RANGE 1 4)
    execute_process(COMMAND ${PROGRAM} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result MATCHES "^(139|1|Segmentation fault|SIGSEGV.*|Subprocess aborted)$")
        message(FATAL_ERROR "a crash ended with '${result}':\n${output}")
    endif()
    if(output MATCHES "still alive")
        message(FATAL_ERROR "the program did not crash:\n${output}")
    endif()
endforeach()
