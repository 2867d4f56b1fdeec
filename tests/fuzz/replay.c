/* Runs a fuzz target over files, without a fuzzer: what was found once stays found. Folders are given by the build as file lists. */
#include "fuzz.h"

enum { MAX_BYTES = 32 << 20 };

static int replay(const char* path)
{
    FILE*    file = fopen(path, "rb");
    uint8_t* data = malloc(MAX_BYTES);
    if (file == NULL || data == NULL) {
        fprintf(stderr, "can't read %s\n", path);
        return 1;
    }
    size_t size = fread(data, 1, MAX_BYTES, file);
    fclose(file);
    uint8_t* exact = malloc(size > 0 ? size : 1); /* so that a sanitizer sees a read behind the end */
    for (size_t i = 0; exact != NULL && i < size; i++)
        exact[i] = data[i];
    free(data);
    if (exact != NULL)
        LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return exact == NULL;
}

int main(int argc, char** argv)
{
    int failed = argc < 2; /* an empty corpus proves nothing */
    for (int i = 1; i < argc; i++)
        failed += replay(argv[i]);
    printf("%d inputs\n", argc - 1);
    return failed != 0;
}
