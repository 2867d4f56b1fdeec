/* The program whose output is logged: lines of 80 bytes, each by a write of its own, or blocks of 64 KiB of them. Static, to run anywhere.
 *
 * usage: bench-log-output lines|blocks MIB
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 80, BLOCK_BYTES = 64 << 10 };

int main(int argc, char** argv)
{
    static char text[BLOCK_BYTES];
    size_t      size = argc == 3 && strcmp(argv[1], "lines") == 0 ? LINE_BYTES : BLOCK_BYTES;
    uint64_t    left = argc == 3 ? strtoull(argv[2], NULL, 10) << 20 : 0;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % LINE_BYTES == LINE_BYTES - 1 ? '\n' : 'x';
    while (left > 0) {
        ssize_t written = write(STDOUT_FILENO, text, left < size ? (size_t)left : size);
        if (written <= 0)
            return 1;
        left -= (size_t)written;
    }
    return argc == 3 ? 0 : 2;
}
