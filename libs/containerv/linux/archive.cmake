# The program that reads and writes archives: the only one with libarchive.
pkg_check_modules(LIBARCHIVE REQUIRED libarchive)
cv_static_library(cv_linux_archive archive-pack.c archive-sandbox.c archive-unpack.c)
target_include_directories(cv_linux_archive SYSTEM PUBLIC ${LIBARCHIVE_INCLUDE_DIRS})
target_link_libraries(cv_linux_archive PUBLIC cv_linux_copy ${LIBARCHIVE_LINK_LIBRARIES})

add_executable(cv-archive archive-main.c)
target_link_libraries(cv-archive PRIVATE cv_linux_archive Threads::Threads)
set_target_properties(cv-archive PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${guardian_folder})
install(TARGETS cv-archive RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/containerv)
