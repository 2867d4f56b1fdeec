/* Types that differ by operating system. This is the Windows side; the build installs exactly one of the two files. */
#ifndef CHEF_CONTAINERV_PLATFORM_H
#define CHEF_CONTAINERV_PLATFORM_H

/** A process of a container: a HANDLE that can be waited on. It belongs to the container; never close it. */
typedef void* process_handle_t;

/** A file, pipe or event of the caller: a HANDLE. */
typedef void* containerv_handle_t;

#endif
