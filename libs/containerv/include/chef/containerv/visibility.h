/* What the shared library exports. Everything that is not CV_PUBLIC is hidden. */
#ifndef CHEF_CONTAINERV_VISIBILITY_H
#define CHEF_CONTAINERV_VISIBILITY_H

#if defined(__GNUC__)
#define CV_PUBLIC __attribute__((visibility("default")))
#else
#define CV_PUBLIC
#endif

#endif
