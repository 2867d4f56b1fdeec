# Each banned function must stop the compiler, and the header alone must not.
foreach(call "" "sprintf(b, b)" "vsprintf(b, b, 0)" "strcpy(b, b)" "strcat(b, b)" "strncpy(b, b, 1)" "strncat(b, b, 1)" "atoi(b)" "atol(b)"
        "atoll(b)" "atof(b)" "strtok(b, b)" "gets(b)" "tmpnam(b)" "mktemp(b)" "system(b)" "popen(b, b)" "alloca(1)")
    file(WRITE ${WORK}/banned.c "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <cv/banned.h>\n"
        "void use(char* b);\nvoid use(char* b)\n{\n    (void)b;\n    ${call};\n}\n")
    execute_process(COMMAND ${COMPILER} -fsyntax-only -I${INCLUDE} ${WORK}/banned.c RESULT_VARIABLE result ERROR_VARIABLE output)
    if(call STREQUAL "" AND NOT result EQUAL 0)
        message(FATAL_ERROR "the header does not compile:\n${output}")
    elseif(NOT call STREQUAL "" AND (result EQUAL 0 OR NOT output MATCHES "is_banned_see_cv_banned_h"))
        message(FATAL_ERROR "${call} is not banned:\n${output}")
    endif()
endforeach()
