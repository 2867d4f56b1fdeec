#include <stdlib.h>

#include <cv/macros.h>

#include <cv/banned.h>

void cv_freep(void* pointer_to_pointer)
{
    void** pointer = pointer_to_pointer;
    free(*pointer);
    *pointer = NULL;
}
